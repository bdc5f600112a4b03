"""Who outlives a run of a job, or comes second, leaves the job alone: workers, combiners and planners against real tables."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts import values
from skyburst.contracts.records import Delivery, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.work import Task
from skyburst.errors import InvalidJob
from skyburst.finding import find_analysis
from skyburst.homes.aws.brief import Briefs
from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.planner import LONGEST_LOOK_S, Planner
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.aws.unfinished import end_failed
from skyburst.homes.aws.worker import Beside, Invocation, NotRun, WorkerFunction
from skyburst.objects import ObjectStore, open_store
from tests.conftest import REPOSITORY
from tests.contracts.records import a_failure, an_outcome
from tests.contracts.test_task_table import at_once
from tests.homes_aws.dynamodb import REGION, Tables

ANALYSIS = REPOSITORY / "tests" / "local" / "scripted"
EXECUTIONS = f"arn:aws:states:{REGION}:123456789012:execution:jobs:"


@dataclass
class Place:
    """A deployment of one analysis without functions: what its parts need, and executions that do nothing."""

    tables: Tables
    table: DynamoTaskTable
    objects: ObjectStore
    journal: Path

    def deployed(self, table: DynamoTaskTable | None = None, *, warm: bool = True) -> Deployed:
        deployed = Deployed("bucket", self.tables.batches, self.tables.jobs, "skyburst")
        deployed.__dict__["objects"] = self.objects
        if warm:
            deployed.__dict__["table"] = table or self.table
        return deployed

    def planner(self, **reference: Any) -> Planner:
        entry = {
            "reference": {**find_analysis(str(ANALYSIS)).reference(), "location": "analysis", **reference},
            "lanes": 1,
        }
        return Planner(self.deployed(), {"scripted": entry}, executions=EXECUTIONS)

    def begin(self, job: str = "job-1", scripts: int = 3, **parameters: Any) -> JobRecord:
        """A job in its first run."""
        items = [{"script": ["ok"]}] * scripts
        parameters = {"journal": str(self.journal), **parameters}
        given = {"analysis": "scripted", "items": items, "batch_size": 1, "parameters": parameters}
        assert self.planner().plan(given, job)["task"] == "work"
        return self.table.job(job)

    def change(self, job: JobRecord, state: JobState) -> JobRecord:
        job.state = state
        self.table.update_job(job)
        return job

    def execution(self, name: str, *, stopped: bool = False) -> None:
        states = self.deployed().client("stepfunctions")
        arn = f"{EXECUTIONS.replace(':execution:', ':stateMachine:')}"[:-1]
        if not states.list_state_machines()["stateMachines"]:
            definition = json.dumps(
                {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}}}
            )
            role = "arn:aws:iam::123456789012:role/r"
            assert (
                states.create_state_machine(name="jobs", definition=definition, roleArn=role)["stateMachineArn"] == arn
            )
        started = states.start_execution(stateMachineArn=arn, name=name)["executionArn"]
        if stopped:
            states.stop_execution(executionArn=started)

    def run(self, batch: int, *, worker: WorkerFunction, run: int = 1, attempt: int = 1, token: str = "one") -> Any:
        event = {"job": "job-1", "run": run, "batch": batch, "attempt": attempt, "sent_at": time.time()}
        return worker.run(Invocation(event, 60.0, "group:stream", token))

    @property
    def ran(self) -> int:
        """How often the developer's function ran."""
        return len(list(self.journal.iterdir()))


@pytest.fixture
def place(dynamodb_tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_tables.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    table = dynamodb_tables.open()
    journal = tmp_path / "journal"
    journal.mkdir()
    (tmp_path / "bucket").mkdir()
    yield Place(dynamodb_tables, table, open_store(tmp_path / "bucket"), journal)
    table.close()


# Workers


def test_a_batch_that_another_invocation_has_or_had_is_not_run_again(place: Place) -> None:
    place.begin()
    worker = WorkerFunction(place.deployed(), ANALYSIS)
    assert place.run(0, worker=worker).failure is None
    assert place.run(0, worker=worker, token="sent again") == NotRun(0, "it is done, or another invocation has it")
    assert place.ran == 1
    assert place.table.batch("job-1", 0).attempt == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("state", [JobState.COMBINING, JobState.TIMED_OUT, JobState.CANCELLED, JobState.PENDING])
def test_an_invocation_that_starts_when_its_job_is_over_does_nothing(place: Place, state: JobState) -> None:
    place.change(place.begin(), state)
    told = place.run(0, worker=WorkerFunction(place.deployed(), ANALYSIS))
    assert told == NotRun(0, f"the job is {state}")
    assert place.ran == 0
    assert place.table.batch("job-1", 0) is None


def test_an_invocation_of_an_earlier_run_or_a_cancelled_or_deleted_job_does_nothing(place: Place) -> None:
    job = place.begin()
    worker = WorkerFunction(place.deployed(), ANALYSIS)
    place.table.request_cancel("job-1")
    assert place.run(0, worker=worker).reason == "the job is cancelled"
    place.table.request_cancel("job-1", requested=False)
    job.runs = 2
    place.table.update_job(job)
    assert place.run(0, worker=worker).reason == "it is of run 1 of the job, and the job is at run 2"
    place.table.delete_job("job-1")
    assert place.run(0, worker=worker).reason == "the job was deleted"
    assert place.ran == 0


def test_code_that_cannot_be_loaded_fails_its_batch_and_says_why(place: Place, tmp_path: Path) -> None:
    place.begin()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "worker.py").write_text("import nothing_of_this_name\n")
    outcome = place.run(0, worker=WorkerFunction(place.deployed(), tmp_path / "broken"))
    assert "nothing_of_this_name" in outcome.failure.message
    record = place.table.batch("job-1", 0)
    assert record is not None
    assert (record.state, record.failures) == (BatchState.PENDING, [outcome.failure])


def test_a_batch_that_was_sent_again_is_claimed_before_its_function_even_in_a_new_environment(place: Place) -> None:
    place.begin()
    deployed = place.deployed(warm=False)
    brief = Briefs(place.objects).get("job-1", 1)
    beside = Beside(deployed, brief, Task(0, 1, 0, 1, 30.0), Delivery(0, 0.0, 0.0), "one", leave)
    assert beside.claim_ahead(again=True) is None
    record = place.table.batch("job-1", 0)
    assert record is not None
    assert record.state is BatchState.RUNNING, "a worker that dies now is missed when its time is over"
    deployed.table.close()


class Left(Exception):
    """The process would have ended."""


def leave(code: int) -> None:
    raise Left(code)


def test_in_a_new_environment_the_process_of_a_batch_that_is_not_to_be_run_is_ended(place: Place) -> None:
    place.change(place.begin(), JobState.FAILED)
    deployed = place.deployed(warm=False)
    brief = Briefs(place.objects).get("job-1", 1)
    beside = Beside(deployed, brief, Task(0, 1, 0, 1, 30.0), Delivery(0, 0.0, 0.0), "one", leave)
    assert beside.claim_ahead() is None, "the function begins at once"
    beside._run()
    with pytest.raises(Left):
        beside.refused()
    deployed.table.close()


def test_a_failure_of_an_earlier_run_is_not_one_of_this_run(place: Place) -> None:
    """Its worker has the batch when the job times out and is resumed."""
    job = place.begin(scripts=1)
    worker = WorkerFunction(place.deployed(), ANALYSIS)
    brief = Briefs(place.objects).get("job-1", 1)
    beside = Beside(place.deployed(), brief, Task(0, 3, 0, 1, 30.0), Delivery(0, 0.0, 0.0), "old", leave)
    assert beside.claim_ahead() is None
    place.change(job, JobState.TIMED_OUT)
    assert place.planner().plan({"resume": "job-1"}, "again")["run"] == 2
    assert not place.table.record_failure("job-1", a_failure(0, attempt=3), BatchState.FAILED, token="old")
    beside._run()
    with pytest.raises(Left):
        beside.refused()
    assert place.run(0, worker=worker, run=2).failure is None
    assert place.table.progress("job-1").failed == 0


# Combiners


def combine(place: Place, table: DynamoTaskTable | None = None, run: int = 1, **event: Any) -> dict[str, Any]:
    given = {"task": "combine", "job": "job-1", "run": run, "cancelled": False, "timed_out": True, **event}
    return CombinerFunction(place.deployed(table), ANALYSIS).handle(given)


def found(batch: int) -> Any:
    return an_outcome(batch, b"v[%d]" % batch, items=1)


def test_what_comes_after_the_snapshot_is_neither_in_the_result_nor_in_the_certificate(place: Place) -> None:
    place.begin(scripts=4)
    place.table.record("job-1", [found(0), found(3)])
    states: list[JobState] = []

    class Late(DynamoTaskTable):
        """A table in which a worker records something while results are combined."""

        def release(self, *arguments: Any, **more: Any) -> None:
            states.append(self.job("job-1").state)
            super().release(*arguments, **more)

        def partial_results(self, job_id: str, first: int, last: int) -> Any:
            self.record(job_id, [found(1)])
            return super().partial_results(job_id, first, last)

    table = Late(place.tables.client, place.tables.batches, place.tables.jobs)
    ended = combine(place, table)
    assert (ended["state"], ended["reason"]) == ("TIMED_OUT", "its time ran out: 2 of 4 batches are done")
    assert states == [JobState.COMBINING], "workers stop before it is counted"
    assert values.decode(place.objects.get("jobs/job-1/result.json")) == {"found": [0, 3], "missing": [1]}
    certificate = values.decode(place.objects.get("jobs/job-1/certificate.json"))
    assert certificate["counts"]["done"] == 2
    assert [entry[:2] for entry in certificate["missing"]] == [[1, 2]]
    assert place.table.progress("job-1").done == 3
    table.close()


def test_a_combiner_of_an_earlier_run_leaves_the_job_and_its_result_alone(place: Place) -> None:
    job = place.begin()
    place.table.record("job-1", [found(number) for number in range(3)])
    place.objects.put("jobs/job-1/result.json", b"of run 2")
    job.runs = 2
    place.change(job, JobState.RUNNING)
    ended = combine(place)
    assert ended["state"] == "TakenOver"
    assert ended["reason"] == "run 2 of job job-1 was started while this one, run 1, went on"
    assert end_failed(place.deployed(), "job-1", 1, "States.Timeout", "")["state"] == "TakenOver"
    assert place.table.job("job-1").state is JobState.RUNNING
    assert place.objects.get("jobs/job-1/result.json") == b"of run 2"


def test_what_others_left_of_a_tree_is_removed_at_the_end(place: Place) -> None:
    place.begin()
    place.table.record("job-1", [found(number) for number in range(3)])
    place.objects.put("jobs/job-1/combined/1-old/0/00000000", b"v1")
    assert combine(place)["state"] == "SUCCEEDED"
    assert list(place.objects.list("jobs/job-1/combined/")) == []


# Planners


def test_a_job_whose_execution_runs_is_not_taken_up_but_waited_for(place: Place) -> None:
    place.begin()
    place.execution("job-1")
    planner = place.planner()
    assert planner.plan({"resume": "job-1"}, "another")["task"] == "other"
    assert place.table.job("job-1").runs == 1
    waits = [0]
    while waits[-1] < LONGEST_LOOK_S:
        told = planner.look("job-1", waits[-1])
        assert told["task"] == "other"
        waits.append(told["wait_s"])
    assert waits == sorted(set(waits))
    place.change(place.table.job("job-1"), JobState.CANCELLED)
    told = planner.look("job-1", 300)
    assert (told["task"], told["state"]) == ("ended", "CANCELLED")


def test_a_job_whose_execution_was_stopped_is_not_waited_for_and_is_taken_up(place: Place) -> None:
    place.begin("job-2")
    place.execution("job-2", stopped=True)
    planner = place.planner()
    told = planner.look("job-2", 0)
    assert (told["task"], told["state"]) == ("ended", "Interrupted")
    assert '{"resume": "job-2"} goes on' in told["reason"]
    assert planner.plan({"resume": "job-2"}, "second")["run"] == 2
    assert planner.plan({"resume": "job-2"}, "second")["run"] == 2, "it is delivered twice"


def test_of_many_that_resume_a_job_at_once_one_has_it(place: Place) -> None:
    place.change(place.begin(), JobState.FAILED)
    for number in range(4):
        place.execution(f"resuming-{number}")
    planners = [place.planner() for _ in range(4)]
    calls: list[Callable[[], Any]] = [
        lambda n=n, planner=planner: planner.plan({"resume": "job-1"}, f"resuming-{n}")["task"]  # type: ignore[misc]
        for n, planner in enumerate(planners)
    ]
    assert sorted(at_once(calls)) == ["other", "other", "other", "work"]
    assert place.table.job("job-1").runs == 2


def test_a_job_whose_results_were_deleted_is_not_resumed_without_them(place: Place) -> None:
    job = place.begin()
    deleted = {"results": {"at": 1.0, "objects": 3, "size": 9}}
    job.outcome = {"missing": [], "item_errors": [], "files": None, "deleted": deleted}
    place.change(job, JobState.PARTIAL)
    with pytest.raises(InvalidJob, match=r"job job-1 cannot be resumed: its results were deleted on .*Run it anew"):
        place.planner().plan({"resume": "job-1"}, "again")
    assert place.table.job("job-1").state is JobState.PARTIAL


def test_a_job_that_cannot_run_as_it_is_deployed_now_stays_as_it_was(place: Place) -> None:
    job = place.begin()
    place.table.record_failure("job-1", a_failure(0), BatchState.FAILED)
    place.table.request_cancel("job-1")
    place.change(job, JobState.FAILED)
    before = place.tables.items(), sorted(map(str, place.tables.items(place.tables.jobs)))
    with pytest.raises(InvalidJob, match=r"job\.analysis is 'scripted': deployed here are none"):
        Planner(place.deployed(), {}).plan({"resume": "job-1"}, "again")
    with pytest.raises(InvalidJob, match="the worker of analysis 'scripted' was 'worker:scripted', and is 'other:f'"):
        place.planner(worker="other:f").plan({"resume": "job-1"}, "again")
    assert (place.tables.items(), sorted(map(str, place.tables.items(place.tables.jobs)))) == before
    assert place.planner(digest="mended").plan({"resume": "job-1"}, "again")["task"] == "work"
    assert place.table.job("job-1").analysis["later_digests"] == ["mended"], "as at home local"


def test_the_second_execution_of_an_idempotency_key_names_the_job_of_the_first(place: Place) -> None:
    given = {"analysis": "scripted", "items": [{"script": ["ok"]}], "idempotency_key": "once"}
    assert place.planner().plan(given, "first")["task"] == "work"
    told = place.planner().plan(given, "second")
    assert (told["task"], told["job"]) == ("other", "first")
    assert values.decode(place.objects.get("jobs/second/same-as.json")) == {"job": "first"}
