"""Jobs whose execution ended before they did get a final state, once, with what is missing and why."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst import errors
from skyburst.contracts import values
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.bridge import RECORD_S, TOO_LONG, BridgeCombiner, FunctionFailed
from skyburst.homes.aws.brief import Brief, write_brief
from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.events import Events
from skyburst.homes.aws.unfinished import end_failed, end_unfinished
from skyburst.objects import open_store
from tests.contracts.records import a_claim, a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

JOB = "job-1"
BLUEPRINT = parse_blueprint(
    {"blueprint": 1, "name": "a", "version": "1.0.0", "worker": "code:work", "combiner": "code:combine"}, "here"
).document()
MACHINE = Path(__file__).parents[2] / "step_functions" / "job.asl.json"


class Bus:
    """Takes events."""

    def __init__(self) -> None:
        self.states: list[str] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.states += [json.loads(entry["Detail"])["state"] for entry in Entries]
        return {"FailedEntryCount": 0}


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def deployed(dynamodb_tables: Tables, bus: Bus) -> Iterator[Deployed]:
    """What a function has at hand, with a job of three batches that runs: one is done, one runs, one has failed."""
    made = Deployed("bucket", dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    made.__dict__ |= {
        "objects": open_store("memory://"),
        "table": dynamodb_tables.open(),
        "events": Events("skyburst", "s3://bucket", lambda: bus),
    }
    made.table.create_job(running(), shards=1)
    made.table.record(JOB, [an_outcome(0)])
    made.table.claim(JOB, [a_claim(1)])
    made.table.record_failure(JOB, a_failure(2), BatchState.FAILED)
    yield made
    made.table.close()


def running() -> JobRecord:
    job = a_job(JOB, batches=3, state=JobState.RUNNING)
    analysis = {"name": "x", "blueprint": BLUEPRINT}
    return replace(job, analysis=analysis, runs=1, run_began={"at": 1.5, "items": 0, "batches": 0, "execution": JOB})


def stopped(name: str = JOB, **more: Any) -> dict[str, Any]:
    """An execution as EventBridge tells of it."""
    return {
        "name": name,
        "status": "ABORTED",
        "input": '{"analysis": "x"}',
        "error": None,
        "cause": "no more money",
        **more,
    }


def test_a_job_whose_execution_was_stopped_ends_with_what_is_missing_and_why(deployed: Deployed, bus: Bus) -> None:
    end_unfinished(deployed, stopped())
    job = deployed.table.job(JOB)
    assert (job.state, job.reason) == (JobState.CANCELLED, "its execution ended: ABORTED: no more money")
    assert job.outcome is not None
    assert [entry[:2] + entry[-1:] for entry in job.outcome["missing"]] == [
        [1, 1, "stopped: the job ended while it ran"], [2, 2, "ValueError: told to fail"]
    ]  # fmt: skip
    certificate = values.decode(deployed.objects.get(f"jobs/{JOB}/certificate.json"))
    assert certificate["counts"]["done"] == 1
    assert bus.states == ["CANCELLED"]
    end_unfinished(deployed, stopped())
    assert bus.states == ["CANCELLED"], "once"


@pytest.mark.parametrize(
    ("status", "state"),
    [("FAILED", JobState.FAILED), ("TIMED_OUT", JobState.TIMED_OUT), ("ABORTED", JobState.CANCELLED)],
)
def test_the_state_says_how_the_execution_ended(deployed: Deployed, status: str, state: JobState) -> None:
    assert end_unfinished(deployed, stopped(status=status))["state"] == state


def test_a_job_that_another_execution_drives_and_one_that_was_never_made_are_left_alone(
    deployed: Deployed, bus: Bus
) -> None:
    assert end_unfinished(deployed, stopped("job-1-again", input=f'{{"resume": "{JOB}"}}'))["state"] == JobState.RUNNING
    end_unfinished(deployed, stopped("refused", status="FAILED", error="InvalidJob"))
    assert deployed.table.job(JOB).state is JobState.RUNNING
    assert bus.states == []


def test_a_job_that_is_resumed_is_its_new_executions_to_end(deployed: Deployed) -> None:
    table, again = deployed.table, "job-1-again"
    job = replace(
        running(), state=JobState.PENDING, run_began={"at": 1.5, "items": 0, "batches": 0, "execution": again}
    )
    table.update_job(job)
    assert end_unfinished(deployed, stopped())["state"] == JobState.PENDING, "the news of the run before come late"
    assert end_unfinished(deployed, stopped(again, input=f'{{"resume": "{JOB}"}}'))["state"] == JobState.CANCELLED


def test_an_error_of_the_execution_is_told_without_its_traceback_and_told_again_when_asked_again(
    deployed: Deployed, bus: Bus
) -> None:
    cause = json.dumps({"errorMessage": "the disk is full", "errorType": "StorageFull", "stackTrace": ["..."] * 900})
    ended = end_failed(deployed, JOB, 1, "StorageFull", cause)
    assert (ended["state"], ended["reason"]) == ("FAILED", "its execution met an error: StorageFull: the disk is full")
    assert end_failed(deployed, JOB, 1, "StorageFull", cause) == ended
    assert bus.states == ["FAILED", "FAILED"], "who ended it may have died before telling"
    outcome = deployed.table.job(JOB).outcome
    assert outcome is not None
    assert len(outcome["missing"]) == 2


def test_the_error_of_a_watcher_that_failed_for_good_is_in_the_reason(
    deployed: Deployed, bus: Bus, tmp_path: Path
) -> None:
    (tmp_path / "code.py").write_text(COMBINER)
    put_brief(deployed)
    combiner = CombinerFunction(deployed, tmp_path)
    error = {"Error": "KeyError", "Cause": '{"errorMessage": "told to fail"}'}
    event = {"task": "combine", "job": JOB, "run": 1, "cancelled": False, "timed_out": False, "error": error}
    ended = combiner.handle(event)
    assert ended["state"] == "FAILED"
    assert ended["reason"].endswith("; its watcher failed: KeyError: told to fail")
    assert values.decode(deployed.objects.get(ended["result"])) == 1, "what was found is combined all the same"
    assert combiner.handle(event) == ended
    assert bus.states == ["COMBINING", "FAILED", "FAILED"], "a second delivery tells how it ended again"


COMBINER = """
import skyburst

@skyburst.combiner
def count(partials):
    return sum(1 for _ in partials)
"""


def put_brief(deployed: Deployed, **analysis: Any) -> Brief:
    job = deployed.table.job(JOB)
    described = {"name": "x", "worker": "code:work", "combiner": "code:count", "items": None, **analysis}
    brief = Brief(JOB, None, described, {}, {"range": [0, 30]}, job.plan, {}, "manager", ["worker"], "combiner", 1)
    write_brief(deployed.objects, brief)
    return brief


def test_rows_that_were_set_aside_by_a_bridge_that_was_killed_come_back(deployed: Deployed) -> None:
    brief = put_brief(deployed)
    bridge = BridgeCombiner(deployed, Path())
    before = list(deployed.table.batches(JOB))
    killed = deployed.table.only_foreign_rows(JOB, lambda rows: bridge._keep(brief, rows))
    killed.__enter__()
    assert [batch.batch_id for batch in deployed.table.batches(JOB)] == [0]
    BridgeCombiner(deployed, Path())._put_back(brief)
    assert list(deployed.table.batches(JOB)) == before
    assert not list(deployed.objects.list(f"jobs/{JOB}/set-aside"))


def test_a_foreign_combiner_that_does_not_answer_leaves_time_to_record_the_end(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        bridge = BridgeCombiner(deployed, Path())
        bridge._until = time.monotonic() + 1
        for _ in range(2):  # the second time there is none left
            with pytest.raises(FunctionFailed) as failed:
                bridge._ask("combiner", {})
            assert failed.value.failure.kind == TOO_LONG
    assert time.monotonic() - bridge._until < RECORD_S / 2


# The state machine


def retriers(state: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(MACHINE.read_text(encoding="utf-8"))["States"][state]["Retry"]
    return found


TASKS = [
    name for name, state in json.loads(MACHINE.read_text(encoding="utf-8"))["States"].items() if state["Type"] == "Task"
]


@pytest.mark.parametrize("state", TASKS)
def test_throttles_are_waited_out_however_long_they_last_and_any_error_is_tried_again(state: str) -> None:
    throttled = next(one for one in retriers(state) if "Lambda.TooManyRequestsException" in one["ErrorEquals"])
    assert (throttled["MaxAttempts"], throttled["MaxDelaySeconds"]) == (99_999_999, 30)
    *_, last = retriers(state)
    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["MaxAttempts"] >= 2


@pytest.mark.parametrize("state", ["Plan", "PlanBatches"])
def test_what_the_planner_refuses_is_not_asked_again(state: str) -> None:
    never_here = {
        "InvalidTemplate", "AwsUnavailable", "ResultNotReady", "NotDeployed", "LibraryBusy", "LocalCloudBusy", "ItemNotFound",
        "PersonNotFound", "InvalidSubmission", "SubmissionNotFound", "FolderBusy",
        "InvalidRequest", "UploadNotFound", "LibraryNotFound", "TooManyJobs", "PictureNotFound",
        "UploadInUse", "UploadBusy", "DatasetNotFound",
    }  # fmt: skip
    refusals = {
        kind.__name__ for base in (errors.Invalid, errors.NotFound, errors.Conflict) for kind in base.__subclasses__()
        if kind.__module__ == "skyburst.errors"
    }  # fmt: skip
    first = retriers(state)[0]
    assert (set(first["ErrorEquals"]), first["MaxAttempts"]) == (refusals - never_here, 0)
