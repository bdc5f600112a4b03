"""Jobs in the background: watching, cancelling and resuming them from any program."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import skyburst
from skyburst.client import create
from skyburst.documents import job_lines
from skyburst.engine.finish import counted
from skyburst.homes.local.home import LocalHome
from skyburst.usage.gathering import activity, ran, used
from skyburst.usage.jobs import Wanted
from tests.waiting import PATIENCE_S, eventually

SCRIPTED = str(Path(__file__).parent / "scripted")


def submit(*scripts, **parameters):
    return skyburst.submit(
        analysis=SCRIPTED, parameters={"scripts": list(scripts), **parameters}, batch_size=1, max_parallelism=2
    )


@pytest.fixture
def journal(tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


def batches_called(journal):
    return {int(file.name.split("-")[0]) for file in journal.iterdir()}


def driver_of(handle):
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if process.info["cmdline"] and process.info["cmdline"][-1] == handle.job_id
    )


def test_a_submitted_job_runs_in_the_background_and_can_be_watched():
    handle = submit("ok", [0.5], [0.5], "ok")
    seen = []
    assert handle.wait(PATIENCE_S, on_progress=lambda progress: seen.append(progress.done)) == "SUCCEEDED"
    assert handle.result().value["found"] == [0, 1, 2, 3]
    assert seen == sorted(seen)
    assert handle.progress().fraction == 1.0


def test_what_was_found_so_far_can_be_seen_while_the_job_runs():
    handle = submit("ok", "ok", *[[1.4]] * 60)
    eventually(lambda: handle.progress().done >= 2)
    assert handle.partial_results()["found"][:2] == [0, 1]
    assert not handle.status().finished
    handle.cancel()
    handle.wait(PATIENCE_S)


def test_of_a_job_that_has_ended_no_batches_are_counted_to_tell_how_far_it_came(monkeypatch):
    handle = submit("ok", "raise", "item error")
    assert handle.wait(PATIENCE_S) == "FAILED"
    found, told = handle.home.table.progress(handle.job_id), handle.progress()
    assert (found.done, found.failed, found.item_errors, found.retries) == (2, 1, 1, 2)
    monkeypatch.setattr(type(handle.home.table), "progress", lambda *_: pytest.fail("batches were counted"))
    assert counted(handle.home.table, handle.record()) == found
    assert handle.progress() == told


def test_cancel_stops_the_workers_soon_and_says_what_was_done():
    handle = submit("ok", *[[1.4]] * 60)
    eventually(lambda: handle.progress().done >= 1)
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "CANCELLED"
    assert "batches are done" in handle.record().reason
    assert handle.progress().done < 40, "most were not waited for"
    with pytest.raises(skyburst.JobCancelled) as caught:
        handle.result()
    assert caught.value.result.value["found"][0] == 0


def test_resume_runs_only_what_is_missing_and_ends_with_the_same_answer(journal):
    handle = submit("ok", "ok", *[[0.3, 0.1]] * 10, journal=str(journal))
    eventually(lambda: handle.progress().done >= 3)
    handle.cancel()
    handle.wait(PATIENCE_S)
    done = {record.batch_id for record in handle.batches() if record.state == "DONE"}
    for file in journal.iterdir():
        file.unlink()
    assert handle.resume().wait(PATIENCE_S) == "SUCCEEDED"
    assert batches_called(journal) == set(range(12)) - done
    assert handle.result().value == {"found": list(range(12)), "missing": []}


def test_a_job_whose_every_process_was_killed_resumes_with_the_same_answer(journal):
    handle = submit(*[[0.4]] * 20, journal=str(journal))
    eventually(lambda: handle.progress().done >= 4)
    driver = driver_of(handle)
    workers = driver.children()
    assert workers
    driver.send_signal(signal.SIGKILL)
    eventually(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))
    assert handle.interrupted()
    assert handle.progress().worker_seconds > 4 * 0.1, "what the killed run spent counts"
    assert handle.progress().seconds_left is None, "nothing is on its way"
    assert handle.progress().items_per_s == 0
    done = {record.batch_id for record in handle.batches() if record.state == "DONE"}
    assert len(done) >= 4
    for file in journal.iterdir():
        file.unlink()
    assert handle.resume().wait(PATIENCE_S) == "SUCCEEDED"
    assert batches_called(journal) == set(range(20)) - done
    assert handle.result().value["found"] == list(range(20))


def test_waiting_for_a_job_that_nobody_drives_ends_with_the_remedy():
    handle = create(analysis=SCRIPTED, parameters={"scripts": ["ok"]})
    with pytest.raises(skyburst.JobInterrupted, match="skyburst resume"):
        handle.wait(PATIENCE_S)


def test_waiting_has_a_limit():
    handle = submit([1.4])
    with pytest.raises(TimeoutError, match=handle.job_id):
        handle.wait(0.2)
    handle.wait(PATIENCE_S)


def test_a_job_that_nobody_drives_is_cancelled_at_once():
    handle = create(analysis=SCRIPTED, parameters={"scripts": ["ok"]})
    handle.cancel()
    assert handle.status() == "CANCELLED"


def test_a_failed_job_resumes_with_new_attempts():
    handle = submit("ok", ["raise", "raise", "raise", "ok"])
    assert handle.wait(PATIENCE_S) == "FAILED"
    assert handle.resume().wait(PATIENCE_S) == "FAILED", "attempts are counted anew, so that the script starts again"
    assert len(handle.batches()[1].failures) == 6


def test_two_programs_cannot_drive_one_job_and_both_can_have_jobs_of_their_own():
    handle = submit("ok", *[[1.4]] * 12)
    eventually(lambda: handle.progress().done >= 1)
    with pytest.raises(skyburst.JobBusy, match="another program"):
        LocalHome().drive(handle.job_id)
    other = skyburst.run(analysis=SCRIPTED, parameters={"scripts": ["ok"] * 50}, batch_size=1)
    assert len(other.value["found"]) == 50
    assert handle.wait(PATIENCE_S) == "SUCCEEDED"


def test_many_programs_start_on_an_empty_state_folder_at_once(tmp_path):
    file = tmp_path / "counting.py"
    file.write_text(
        "import skyburst\n@skyburst.worker\ndef one(batch): return len(batch.items)\ntotal = skyburst.combiners.total()\n"
        "if __name__ == '__main__': print(skyburst.run(__file__, items=range(500), batch_size=5).value)\n"
    )
    programs = [subprocess.Popen([sys.executable, file], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [program.communicate(timeout=PATIENCE_S)[0].strip() for program in programs] == ["500"] * 4
    assert len(list(LocalHome().table.jobs())) == 4


def test_interrupting_a_program_ends_its_job_as_cancelled_with_what_was_found():
    scripts = ["ok", "ok"] + [[1.4]] * 50
    code = f"import skyburst; skyburst.run({SCRIPTED!r}, batch_size=1, parameters={{'scripts': {scripts}}})"
    program = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    home = LocalHome()
    eventually(lambda: (job := next(home.table.jobs(), None)) and home.table.progress(job.job_id).done >= 2)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert "JobCancelled" in errors
    job = next(home.table.jobs())
    assert job.state == "CANCELLED"
    assert home.result(job).value["found"][:2] == [0, 1]


def test_deleting_a_job_removes_its_files_but_not_while_it_runs():
    handle = submit(*[[1.4]] * 12)
    eventually(lambda: handle.progress().running)
    with pytest.raises(skyburst.JobBusy):
        handle.home.delete(handle.job_id)
    handle.wait(PATIENCE_S)
    eventually(lambda: not handle.home.is_driven(handle.job_id))
    handle.home.delete(handle.job_id)
    assert not handle.home.job_folder(handle.job_id).exists()
    with pytest.raises(skyburst.JobNotFound):
        handle.status()


def test_a_long_list_of_items_is_stored_once_and_its_job_is_still_idempotent(tmp_path):
    file = tmp_path / "counting.py"
    file.write_text(
        "import skyburst\n@skyburst.worker\ndef one(batch): return len(batch.items)\ntotal = skyburst.combiners.total()\n"
    )
    job = {"analysis": str(file), "items": [{"number": number} for number in range(5_000)], "idempotency_key": "long"}
    first, again = skyburst.run(job), skyburst.run(job)
    assert first.value == 5_000
    assert first.job_id == again.job_id
    assert [entry.name for entry in (LocalHome().folder / "jobs").iterdir()] == [first.job_id]


def ended(*handles):
    for handle in handles:
        handle.wait(PATIENCE_S)
        eventually(lambda handle=handle: not handle.home.is_driven(handle.job_id))


def test_a_job_whose_folder_somebody_removed_is_deleted():
    handle = submit([0.0])
    ended(handle)
    shutil.rmtree(handle.home.job_folder(handle.job_id))
    handle.home.delete(handle.job_id)
    with pytest.raises(skyburst.JobNotFound):
        handle.status()


def test_a_job_is_deleted_into_whose_folder_something_is_written_at_the_same_time():
    handle = submit([0.0])
    ended(handle)
    folder = handle.home.job_folder(handle.job_id)
    for number in range(2_000):
        (folder / f"{number}.txt").touch()

    def write() -> None:
        number = 0
        while folder.exists() and number < 300:
            with suppress(FileNotFoundError):
                (folder / f"late-{number}.txt").touch()
            number += 1

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        handle.home.delete(handle.job_id)
        writing.result(PATIENCE_S)
    assert not folder.exists()


def test_lists_leave_out_jobs_that_were_deleted_since_they_were_begun():
    handles = [submit([0.0]) for _ in range(3)]
    ended(*handles)
    home = LocalHome()
    jobs = list(home.table.jobs())
    reading = {
        "lines": job_lines(home, iter(jobs)),
        "used": used(home, Wanted(), time.time()),
        "activity": activity(home, Wanted()),
        "ran": ran(home, Wanted(), time.time()),
    }
    assert all(next(each) for each in reading.values()), "they are begun"
    for handle in handles[:2]:
        home.delete(handle.job_id)
    assert {name: len(list(each)) for name, each in reading.items()} == dict.fromkeys(reading, 0)
