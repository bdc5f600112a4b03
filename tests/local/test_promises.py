"""What a job promises, at home `local`, under every kind of failure."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

import skyburst
from skyburst.client import create
from skyburst.homes.local.home import LocalHome
from skyburst.homes.local.temporary import TemporaryFolder
from tests.waiting import PATIENCE_S

SCRIPTED = str(Path(__file__).parent / "scripted")


def run(*scripts, batch_size=1, tolerated=None, timeout_s=None, **parameters):
    return skyburst.run(
        analysis=SCRIPTED,
        parameters={"scripts": list(scripts), **parameters},
        batch_size=batch_size,
        tolerated_failure_percent=tolerated,
        timeout_s=timeout_s,
    )


@pytest.fixture
def journal(tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


def handle_of(result_or_error):
    return skyburst.JobHandle(result_or_error.job_id)


@pytest.mark.parametrize("failure", ["raise", "hang", "kill", "exit", "memory"])
def test_a_batch_that_fails_once_is_retried_and_counted_once(failure):
    result = run("ok", [failure, "ok"], "ok")
    assert result.state == "SUCCEEDED"
    assert result.value["found"] == [0, 1, 2]
    record = handle_of(result).batches()[1]
    assert (record.state, record.attempt, len(record.failures)) == ("DONE", 2, 1)


@pytest.mark.parametrize(
    ("failure", "kind", "message"),
    [
        ("raise", "ValueError", "told to fail"),
        ("hang", "TimedOut", "3 s"),
        ("kill", "Killed", "SIGKILL"),
        ("exit", "Killed", "exit code 3"),
        ("memory", "OutOfMemory", "out of memory"),
        ("not json", "NotJson", "$.when is of type builtins.set"),
    ],
)
def test_a_poison_batch_ends_as_failed_with_its_reason_and_the_rest_is_combined(failure, kind, message):
    with pytest.raises(skyburst.JobFailed, match=r"batch 1") as caught:
        run("ok", failure, "ok")
    record = handle_of(caught.value).batches()[1]
    assert record.state == "FAILED"
    assert {kept.kind for kept in record.failures} == {kind}
    assert message in record.failures[-1].message
    assert len(record.failures) == (1 if kind == "NotJson" else 3), "a failure that must come again is not retried"
    partial = caught.value.result
    assert partial is not None, "the combiner runs when anything was found"
    assert partial.value["found"] == [0, 2]
    assert [gap.first for gap in partial.missing] == [1]
    assert kind in partial.missing[0].reason


def test_a_job_of_which_every_batch_fails_is_stopped():
    with pytest.raises(skyburst.JobFailed) as caught:
        run(*["not json"] * 2_000)
    assert caught.value.result is None, "nothing was found"
    assert len(handle_of(caught.value).batches()) < 1_000
    outcome = handle_of(caught.value).record().outcome
    assert outcome["missing"][-1][-1] == "not run: the job ended before it was sent"


def test_the_traceback_of_a_poison_batch_is_kept_and_starts_at_the_developers_code():
    with pytest.raises(skyburst.JobFailed) as caught:
        run("raise")
    text = handle_of(caught.value).logs(0)
    assert "worker.py" in text
    assert 'raise ValueError("told to fail")' in text
    assert "engine/work.py" not in text, "frames of the engine say nothing to a developer"


def test_tolerated_failures_end_as_partial_and_the_result_says_which_and_why():
    result = run("ok", "raise", "ok", "ok", tolerated=25)
    assert result.state == "PARTIAL"
    assert result.value == {"found": [0, 2, 3], "missing": [1]}
    assert [(gap.first, gap.start, gap.end) for gap in result.missing] == [(1, 1, 2)]
    assert "told to fail" in result.missing[0].reason


def test_more_failures_than_tolerated_end_as_failed():
    with pytest.raises(skyburst.JobFailed, match="25 % may"):
        run("ok", "raise", "raise", "ok", tolerated=25)


def test_a_partial_result_of_50_mb_arrives_whole():
    result = run("ok", "large", "ok")
    assert result.value["found"] == [0, 50_000_000, 2]
    record = handle_of(result).batches()[1]
    assert record.size > 32 * 1024, "it is stored as an object"


def test_a_hanging_batch_does_not_hold_up_the_others_behind_it():
    result = run(*["ok"] * 200, ["hang", "ok"], *["ok"] * 200)
    assert len(result.value["found"]) == 401
    hung, *behind = handle_of(result).batches()[200:220]
    assert hung.attempt == 2
    assert all(batch.started_at < hung.started_at for batch in behind), "they ran while it hung"


def test_batches_taken_back_from_a_hanging_worker_are_not_sent_to_it_again(monkeypatch):
    """Else its channel fills, and the driver blocks on it for ever."""
    monkeypatch.setenv("SKYBURST_WORKERS", "1")
    result = run(*["ok"] * 300, ["hang", "ok"], *["ok"] * 3_000)
    assert len(result.value["found"]) == 3_301
    sent_again = [record for record in handle_of(result).batches() if record.attempt > 1]
    assert [record.batch_id for record in sent_again] == [300]


def test_what_a_batch_had_started_ends_with_it(journal):
    run(["spawn", "ok"], journal=str(journal))
    started = int((journal / "started").read_text())
    assert not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE


def test_a_job_past_its_time_is_timed_out_with_what_was_found():
    with pytest.raises(skyburst.JobTimedOut) as caught:
        run("ok", "ok", *[[2.5]] * 40, timeout_s=5)
    assert caught.value.result.value["found"][:2] == [0, 1]
    assert caught.value.result.missing


def test_items_that_cannot_be_used_are_reported_and_the_job_goes_on():
    result = run("ok", "item error", "ok")
    assert result.state == "SUCCEEDED"
    assert len(result.item_errors) == 1
    assert result.item_errors[0]["error"] == "ValueError: cannot be read"
    assert handle_of(result).progress().item_errors == 1


def test_a_job_of_which_no_item_can_be_used_fails():
    with pytest.raises(skyburst.JobFailed, match="none of its 2 items could be used") as caught:
        run("item error", "item error")
    assert len(caught.value.result.item_errors) == 2


def test_a_state_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(skyburst.StorageError, match="set SKYBURST_HOME to another one"):
        run("ok")


def test_output_of_a_batch_is_kept_by_batch():
    handle = handle_of(run("ok", "print", "print"))
    text = handle.logs(1)
    assert "hello from 1" in text
    assert "and a warning" in text
    assert "and from below Python" in text
    assert "hello from 2" not in text
    assert "hello from 2" in handle.logs()


@pytest.mark.parametrize("failure", ["raise", "kill", "memory"])
def test_a_combiner_that_fails_fails_the_job_and_keeps_the_partial_results(failure, journal):
    with pytest.raises(skyburst.JobFailed, match="combiner failed") as caught:
        run("ok", "ok", combiner_does=failure, journal=str(journal))
    handle = handle_of(caught.value)
    assert [record.state for record in handle.batches()] == ["DONE", "DONE"]
    assert handle.resume().wait(PATIENCE_S) == "FAILED"
    assert len(list(journal.iterdir())) == 2, "resuming combines again and runs no batch"


def test_items_that_cannot_be_listed_fail_the_job_with_the_reason():
    with pytest.raises(skyburst.JobFailed, match="FAILED: told to fail while listing") as caught:
        run("ok", "raise while listing")
    assert handle_of(caught.value).record().refused


@pytest.mark.parametrize(
    ("items", "told"), [([], r"job\.items is \[\]: expected"), ({"range": [5, 5]}, r"job\.items\.range is \[5, 5\]")]
)
def test_a_job_without_items_is_refused(items, told):
    with pytest.raises(skyburst.InvalidJob, match=told):
        skyburst.run(SCRIPTED, items=items)


def test_an_analysis_that_lists_no_items_says_so():
    with pytest.raises(skyburst.JobFailed, match="there are no items for these parameters") as caught:
        run()
    assert handle_of(caught.value).record().refused


def test_an_analysis_that_cannot_be_loaded_fails_the_job_at_once_with_its_traceback(tmp_path):
    (tmp_path / "broken.py").write_text("import skyburst\n1 / 0\n")
    with pytest.raises(skyburst.JobFailed, match="ZeroDivisionError") as caught:
        skyburst.run(str(tmp_path / "broken.py"), items=[1])
    assert "broken.py" in str(caught.value)


def test_an_analysis_that_ends_its_process_while_loading_fails_the_job(tmp_path):
    (tmp_path / "deadly.py").write_text("import os, skyburst\nprint('last words', flush=True)\nos._exit(7)\n")
    with pytest.raises(skyburst.JobFailed, match="exit code 7"):
        skyburst.run(str(tmp_path / "deadly.py"), items=[1])


def test_bad_jobs_are_refused_before_anything_is_stored():
    with pytest.raises(skyburst.InvalidJob, match=r"parameters.scripts is 3: expected array"):
        create(analysis=SCRIPTED, parameters={"scripts": 3})
    assert list(LocalHome().table.jobs()) == []


def test_the_same_idempotency_key_is_the_same_job():
    job = {"analysis": SCRIPTED, "parameters": {"scripts": ["ok"]}, "idempotency_key": "once"}
    assert skyburst.run(job).job_id == skyburst.run(job).job_id
    with pytest.raises(skyburst.IdempotencyConflict, match="once"):
        skyburst.run({**job, "name": "another"})


def test_what_cannot_be_stored_leaves_nothing_behind(monkeypatch):
    first = skyburst.run(
        analysis=SCRIPTED, parameters={"scripts": ["ok"]}, items=[{"script": ["ok"]}], idempotency_key="k"
    )
    with pytest.raises(skyburst.IdempotencyConflict):
        skyburst.run(analysis=SCRIPTED, items=[{"script": ["ok"]}], idempotency_key="k")
    monkeypatch.setenv("SKYBURST_WORKERS", "many")
    with pytest.raises(skyburst.InvalidJob, match="SKYBURST_WORKERS is 'many'"):
        skyburst.run(analysis=SCRIPTED, items=[{"script": ["ok"]}])
    jobs = LocalHome().folder / "jobs"
    assert [entry.name for entry in jobs.iterdir()] == [first.job_id]


def test_the_digest_of_items_depends_on_the_items_alone():
    def digest(*scripts):
        result = skyburst.run(analysis=SCRIPTED, items=[{"script": [script]} for script in scripts])
        return handle_of(result).certificate()["items"]["digest"]

    assert digest("ok", "print") == digest("ok", "print")
    assert digest("ok", "print") != digest("print", "ok")


def test_a_certificate_says_everything_the_answer_depends_on():
    result = run("ok", "raise", "ok", "ok", tolerated=25)
    certificate = handle_of(result).certificate()
    assert certificate["job"]["state"] == "PARTIAL"
    assert certificate["missing"][0][0] == 1
    assert certificate["parameters"]["scripts"] == ["ok", "raise", "ok", "ok"]
    assert len(certificate["analysis"]["digest"]) == len(certificate["result"]["sha256"]) == 64
    assert certificate["items"]["count"] == 4
    assert certificate["counts"] | {"batches": 4, "done": 3, "failed": 1, "retries": 2} == certificate["counts"]
    assert certificate["environment"]["packages"]["msgspec"]
    assert certificate["times"]["finished"] > certificate["times"]["started"]


def test_temporary_files_go_with_the_worker_however_it_ends(tmp_path, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    scratch = LocalHome().folder / "scratch"
    (scratch / "skyburst-worker-left").mkdir(parents=True)  # of a driver that was killed
    in_use = TemporaryFolder(str(scratch))  # of another driver, which lives
    assert not (scratch / "skyburst-worker-left").exists()
    (scratch / "skyburst-worker-left").mkdir()
    analysis = tmp_path / "leaves.py"
    analysis.write_text(
        "import os, tempfile\n"
        "import skyburst\n"
        "@skyburst.worker\n"
        "def work(batch):\n"
        "    descriptor, name = tempfile.mkstemp()\n"
        "    if batch.context.attempt == 1:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return [name]\n"
        "names = skyburst.combiners.concatenate()\n"
    )
    [name] = skyburst.run(str(analysis), items=[1]).value
    assert name.startswith(str(scratch)), "where there is room, and not the system's"
    assert list(scratch.iterdir()) == [Path(in_use.path)]
    in_use.remove()
    assert list(scratch.iterdir()) == []
