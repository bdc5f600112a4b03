"""While a job runs and when it ends, its submitter sees it: states, output, results, records, and always an end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.records import Failure
from skyburst.contracts.states import JobState
from skyburst.errors import StorageError, StorageFull
from skyburst.submissions.following import GIVE_UP_S, MOST_REFUSED
from skyburst.submissions.record import Record
from tests.submissions.places import Lab

JOB = "mylab/results/job__pca_17"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def status(lab: Lab, name: str) -> dict[str, Any]:
    return dict(json.loads(lab.text(f"{JOB}/logs/DATASET_NAME:{name}_STATUS.txt")))


def lines(lab: Lab) -> list[str]:
    found = lab.text(f"{JOB}/logs/certificate.txt").split("\n")
    first, last = [number for number, line in enumerate(found) if line == "================"]
    return found[first + 1 : last]


def activity(lab: Lab, folder: str) -> list[dict[str, Any]]:
    return [json.loads(lab.text(key)) for key in sorted(lab.listed(f"logs/{folder}/"))]


def stored(lab: Lab) -> Record:
    return lab.reception.records.get("mylab", "job__pca_17")


def test_a_job_that_starts_has_a_file_and_a_record_for_each_dataset(lab: Lab) -> None:
    record = lab.submit()
    job = lab.start(record)
    assert status(lab, "a.npy") == {
        "status": "INITIALIZING", "reason": "NONE", "stdout": "not given yet", "stderr": "not given yet",
        "input": "mylab/inputs/a.npy", "instance": record.datasets[0].environment, "command": job.job_id,
    }  # fmt: skip
    assert [line.partition(" | TIME")[0] for line in lines(lab)] == [
        "DATANAME: mylab/inputs/a.npy | STATUS: INITIALIZING", "DATANAME: mylab/inputs/b.npy | STATUS: INITIALIZING",
    ]  # fmt: skip
    found = {entry["instance-id"]: entry for entry in activity(lab, "active")}
    assert found.keys() == {dataset.environment for dataset in record.datasets}
    first = found[record.datasets[0].environment]
    assert (first["instance-type"], first["price"], first["start"], first["end"]) == ("m5.large", 0.5, None, None)
    assert first["jobpath"] == JOB


def test_what_a_command_writes_is_seen_while_it_runs(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.tells(0)
    job.writes(0, "epoch 1", "epoch 2")
    assert not follower.turn(record)
    assert status(lab, "a.npy")["status"] == "IN PROGRESS"
    assert status(lab, "a.npy")["std"] == {"0": "epoch 1", "1": "epoch 2"}
    assert "STATUS: IN PROGRESS" in lines(lab)[0]
    assert lines(lab)[0].endswith("LAST COMMAND: epoch 2 | CPU_USAGE: 12.3 %")
    assert "STATUS: INITIALIZING" in lines(lab)[1]
    started = [entry["start"] for entry in activity(lab, "active")]
    assert sorted(started, key=str) == ["2026-11-21T00:11:40Z", None]


def test_each_dataset_that_ends_is_delivered_though_others_run(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.tells(0)
    job.ends(1, out_npy=b"12", plots__x_png=b"png")
    lab.home.objects.put(f"jobs/{job.job_id}/datasets/00000001/logs/own.log", b"mine")
    assert not follower.turn(record)
    assert lab.text(f"{JOB}/logs/DATASET_NAME:b.npy_LOGS/own.log") == "mine"
    assert lab.listed(f"{JOB}/process_results/") == {
        f"{JOB}/process_results/{name}" for name in ("out.npy", "plots/x.png", "c.yaml", "update.txt")
    }
    assert lab.text(f"{JOB}/process_results/c.yaml") == lab.text("mylab/configs/c.yaml")
    assert lab.text(f"{JOB}/process_results/update.txt") == "update results."
    assert (status(lab, "b.npy")["status"], status(lab, "b.npy")["reason"]) == ("SUCCESS", 0)
    (ended,) = activity(lab, "mylab")
    assert (ended["datapath"], ended["end"]) == (["mylab/inputs/b.npy"], "2026-11-21T00:12:40Z")
    assert len(activity(lab, "active")) == 1


def test_what_a_dataset_could_not_deliver_is_told_wherever_its_submitter_looks(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    refused = [
        {"folder": "results", "name": "pipe", "reason": "it is not a file"},
        {"folder": "logs", "name": "passwd", "reason": "it is a link that leads out of the folder of results"},
    ]
    job.writes(0, "epoch 1")
    job.ends(0, out_npy=b"1", refused=refused)
    job.ends(1, "FAILED", 3, refused=refused[:1])
    follower.turn(record)
    said = ["results/pipe: it is not a file", "logs/passwd: it is a link that leads out of the folder of results"]
    std = status(lab, "a.npy")["std"]
    assert list(std.values()) == ["epoch 1", *(f"[NOT DELIVERED] {one}" for one in said)]
    assert list(status(lab, "b.npy")["std"].values()) == [f"[NOT DELIVERED] {said[0]}", "[FAILED] it went wrong"]
    certificate = lab.text(f"{JOB}/logs/certificate.txt")
    for one in said:
        assert certificate.count(f"WARNING: mylab/inputs/a.npy: not delivered: {one}") == 1
    assert "LAST COMMAND: [NOT DELIVERED] logs/passwd" in lines(lab)[0]
    assert lab.text(f"{JOB}/process_results/update.txt").split("\n") == [
        "update results.", *(f"not delivered: a.npy: {one}" for one in said), f"not delivered: b.npy: {said[0]}",
    ]  # fmt: skip


def test_of_very_much_that_could_not_be_delivered_the_first_is_named_and_how_much_more_there_is(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.ends(0, refused=[{"folder": "results", "name": f"pipe{number}", "reason": "no"} for number in range(1_000)])
    follower.turn(record)
    assert len(stored(lab).datasets[0].refused) == MOST_REFUSED + 1
    assert lab.text(f"{JOB}/process_results/update.txt").endswith(
        f"a.npy: and {1_000 - MOST_REFUSED} more, which the status of the dataset names"
    )
    assert len(status(lab, "a.npy")["std"]) == 1_000


def test_the_end_comes_last_and_says_what_it_always_said(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.ends(0, a_npy=b"1")
    job.ends(1, b_npy=b"2")
    assert not follower.turn(record)  # the combiner may still fail
    assert f"{JOB}/process_results/end.txt" not in lab.listed()
    job.finish()
    assert follower.turn(record)
    assert lab.text(f"{JOB}/process_results/end.txt") == "end of analysis marker"
    assert all("STATUS: SUCCESS" in line and "(finished)" in line for line in lines(lab))
    assert "is SUCCEEDED: all 2 batches are done" in lab.text(f"{JOB}/logs/certificate.txt")
    assert (stored(lab).state, stored(lab).outcome) == ("ENDED", "SUCCEEDED")
    assert activity(lab, "active") == []
    assert follower.turn(record)  # and nothing more


@pytest.mark.parametrize("state", ["FAILED", "TIMED_OUT", "OUT_OF_MEMORY"])
def test_a_dataset_that_fails_delivers_what_it_has_and_says_why(lab: Lab, state: str) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.writes(0, "working")
    job.ends(0, state, None if state == "TIMED_OUT" else 3, partial_txt=b"half")
    job.ends(1)
    job.finish(JobState.PARTIAL, "1 of 2")
    assert follower.turn(record)
    assert lab.text(f"{JOB}/process_results/partial.txt") == "half"
    assert status(lab, "a.npy")["status"] == "FAILED"
    assert status(lab, "a.npy")["reason"] == (None if state == "TIMED_OUT" else 3)
    assert status(lab, "a.npy")["std"] == {"0": "working", "1": f"[{state}] it went wrong"}
    assert "STATUS: FAILED" in lines(lab)[0]


@pytest.mark.parametrize("state", [state for state in JobState if state.finished])
def test_every_end_of_a_job_is_an_end_here(lab: Lab, state: JobState) -> None:
    record = lab.submit()
    job = lab.start(record)
    job.tells(0)
    job.writes(0, "working")
    job.finish(state, "for some reason")
    assert lab.follower().turn(record)
    assert lab.text(f"{JOB}/process_results/end.txt") == "end of analysis marker"
    running, never = status(lab, "a.npy"), status(lab, "b.npy")
    assert running["status"] == never["status"] == "FAILED"
    assert f"stopped: its job is {state}: for some reason" in list(running["std"].values())[-1]
    assert f"not run: its job is {state}: for some reason" in list(never["std"].values())[-1]
    assert len(activity(lab, "mylab")) == 2


def test_a_machine_that_was_lost_is_told_by_the_engine(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.tells(0)
    job.batch_ends(0, Failure("Killed", "its machine was taken away"))
    follower.turn(record)
    assert list(status(lab, "a.npy")["std"].values()) == ["[FAILED] Killed: its machine was taken away"]


def test_a_dataset_that_runs_once_more_is_not_over(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.tells(0, state="FAILED", exit_code=None, reason="the host was reclaimed")
    assert not follower.turn(record)
    assert status(lab, "a.npy")["status"] == "IN PROGRESS"


def test_a_job_that_was_deleted_has_an_end_too(lab: Lab) -> None:
    record = lab.submit()
    job = lab.start(record)
    lab.home.table.delete_job(job.job_id)
    shutil.rmtree(lab.home.folder / "jobs" / job.job_id, ignore_errors=True)
    assert lab.follower().turn(record)
    assert "was deleted" in lab.text(f"{JOB}/logs/certificate.txt")
    assert lab.text(f"{JOB}/process_results/end.txt") == "end of analysis marker"


def test_outputs_of_one_name_are_both_delivered(lab: Lab) -> None:
    record = lab.submit()
    job = lab.start(record)
    for number in (0, 1):
        job.ends(number, out_npy=b"%d" % number, c_yaml=b"mine", end_txt=b"mine")
    job.finish()
    assert lab.follower().turn(record)
    text = {key.removeprefix(f"{JOB}/process_results/"): lab.text(key) for key in lab.listed(f"{JOB}/process_results/")}
    assert text == {
        "out.npy": "0", "b.npy/out.npy": "1", "a.npy/c.yaml": "mine", "b.npy/c.yaml": "mine", "a.npy/end.txt": "mine",
        "b.npy/end.txt": "mine", "end.txt": "end of analysis marker", "update.txt": "update results.",
        "c.yaml": "threshold: 0.25\n",
    }  # fmt: skip


def test_only_what_changed_is_written(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    job.tells(0)
    job.writes(0, "x")
    follower.turn(record)
    written: list[str] = []
    put = type(lab.objects).put
    monkeypatch.setattr(
        type(lab.objects), "put", lambda self, key, data: (written.append(key), put(self, key, data))[1]
    )
    lab.now += 10
    follower.turn(record)
    assert written == []
    job.writes(0, "y")
    written.clear()
    follower.turn(record)
    assert sorted(written) == [f"{JOB}/logs/DATASET_NAME:a.npy_STATUS.txt", f"{JOB}/logs/certificate.txt"]


def test_a_follower_that_is_killed_anywhere_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each write in turn everything is lost but what is stored, and another follower goes on."""

    def followed(folder: Path, fatal: int | None) -> tuple[dict[str, str], int]:
        lab = Lab(folder)
        record = lab.submit()
        job = lab.start(record)
        job.writes(0, "line")
        for number in (0, 1):
            job.ends(number, "SUCCEEDED" if number else "FAILED", number, out_npy=b"%d" % number)
        job.finish()
        count = 0
        put, delete = type(lab.objects).put, type(lab.objects).delete

        def dying(original: Any) -> Any:
            def call(store: Any, *given: Any) -> Any:
                nonlocal count
                count += 1
                found = original(store, *given)
                if count == fatal:
                    raise KeyboardInterrupt
                return found

            return call

        with monkeypatch.context() as patched:
            patched.setattr(type(lab.objects), "put", dying(put))
            patched.setattr(type(lab.objects), "delete", dying(delete))
            try:
                assert lab.follower().turn(record)
            except KeyboardInterrupt:
                assert lab.follower().turn(stored(lab))
        left = {key: lab.text(key) for key in lab.listed() if not key.startswith("logs/submissions/")}
        lab.home.close()
        return left, count

    expected, count = followed(tmp_path / "whole", None)
    assert count > 10
    for fatal in range(1, count + 1):
        assert followed(tmp_path / str(fatal), fatal)[0] == expected


def test_what_cannot_be_delivered_is_told_tried_again_and_given_up_in_the_end(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()

    def broken(*_: Any) -> None:
        raise StorageError("the disk is full")

    follower.copy = broken
    for number in (0, 1):
        job.ends(number, out_npy=b"x")
    job.finish()
    assert not follower.turn(record)
    assert "results of mylab/inputs/a.npy cannot be delivered: the disk is full" in lab.text(
        f"{JOB}/logs/certificate.txt"
    )
    lab.now += GIVE_UP_S / 2
    assert not follower.turn(record)
    lab.now += GIVE_UP_S
    assert follower.turn(record)
    assert f"{JOB}/process_results/end.txt" in lab.listed()
    assert f"{JOB}/process_results/out.npy" not in lab.listed()


def test_results_that_a_full_disk_keeps_back_are_delivered_whenever_there_is_room(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    for number in (0, 1):
        job.ends(number, out_npy=b"x")
    job.finish()
    delivers = follower.copy

    def is_full(*_: object) -> None:
        raise StorageFull("the disk is full")

    follower.copy = is_full
    assert not follower.turn(record)
    lab.now += 2 * GIVE_UP_S
    assert not follower.turn(record)
    follower.copy = delivers
    assert follower.turn(record)
    assert f"{JOB}/process_results/out.npy" in lab.listed()


def test_a_turn_leaves_the_rest_when_its_time_is_over(lab: Lab) -> None:
    record = lab.submit()
    job, follower = lab.start(record), lab.follower()
    for number in (0, 1):
        job.ends(number, out_npy=b"x")
    job.finish()
    assert not follower.turn(record, until=lab.now - 1)
    assert follower.turn(record, until=lab.now + 1)


def test_the_result_of_an_analysis_with_a_combiner_is_delivered_too(lab: Lab) -> None:
    record = lab.submit()
    job = lab.start(record, combiner="worker:combine")
    for number in (0, 1):
        job.batch_ends(number)
    lab.home.objects.put(f"jobs/{job.job_id}/result.json", b"[1]")
    lab.home.objects.put(f"jobs/{job.job_id}/files/plots/x.png", b"png")
    lab.home.objects.put(f"jobs/{job.job_id}/certificate.json", b"{}")
    found = lab.home.table.job(job.job_id)
    found.outcome = {"files": ["plots/x.png"]}
    lab.home.table.update_job(found)
    job.finish()
    assert lab.follower().turn(record)
    assert lab.text(f"{JOB}/process_results/result.json") == "[1]"
    assert lab.text(f"{JOB}/process_results/plots/x.png") == "png"
    assert lab.text(f"{JOB}/logs/certificate.json") == "{}"
    assert status(lab, "a.npy")["status"] == "SUCCESS"


def test_results_go_to_the_bucket_that_the_submitter_names(tmp_path: Path) -> None:
    from skyburst.objects import open_store

    mine = open_store(tmp_path / "mine", create=True)
    lab = Lab(tmp_path, open_bucket=lambda _: mine)
    record = lab.submit(resultpath="s3://mine/x")
    job = lab.start(record)
    for number in (0, 1):
        job.ends(number, out_npy=b"x")
    job.finish()
    assert lab.follower().turn(record)
    folder = "x/job__pca_17"
    there = {entry.key.removeprefix(f"{folder}/") for entry in mine.list()}
    assert there >= {
        "logs/certificate.txt", "logs/DATASET_NAME:a.npy_STATUS.txt", "process_results/out.npy", "process_results/end.txt",
        "process_results/c.yaml", "process_results/update.txt",
    }  # fmt: skip
    assert lab.listed("mylab/results/") == {f"{JOB}/logs/certificate.txt", f"{JOB}/process_results/end.txt"}
    assert activity(lab, "mylab")[0]["jobpath"] == "s3://mine/x/job__pca_17"
