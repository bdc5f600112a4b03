"""A watcher of a job in environments, at real tables and objects; the time, AWS Batch and its containers are the test's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from skyburst.contracts import values
from skyburst.contracts.records import Claim, Failure, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.arrays import key_of
from skyburst.homes.aws.batch_service import GONE_AFTER_S
from skyburst.homes.aws.brief import Brief, write_brief
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import finish
from skyburst.homes.aws.environment_lane import REFUSED_S, UNLISTED_S, end_environments, read_submitted
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.aws.unfinished import end_failed
from skyburst.homes.aws.watcher import Watcher
from skyburst.objects import open_store
from tests.contracts.records import a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

JOB = "job-1"
NEEDS = {
    "all": True, "fallback": False, "queues": {"on_demand": "q:od", "spot": "q:spot"}, "definition": "d:1",
    "timeout_s": 600.0, "attempts": 3, "pricing": "on_demand", "command": None, "memory_mb": 2_048, "gpus": 0,
    "instance_types": [],
}  # fmt: skip


@dataclass
class Queue:
    """AWS Batch, whose jobs do what the test says, and the time."""

    table: DynamoTaskTable
    now: float = 10_000.0
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id: what DescribeJobs tells; of children too."""
    submitted: list[dict[str, Any]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    refuse: list[ClientError] = field(default_factory=list)
    lose_answers: int = 0
    lists_lag_s: float = 0.0
    """Lists show what is so old, and no end that is newer."""
    events: list[tuple[float, Any]] = field(default_factory=list)
    """What happens when."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [act for at, act in self.events if at <= self.now]
        self.events = [(at, act) for at, act in self.events if at > self.now]
        for act in due:
            act()

    def submit_job(self, **given: Any) -> dict[str, Any]:
        if self.refuse:
            raise self.refuse[0]
        self.submitted.append(given)
        job_id = f"id-{len(self.submitted)}"
        size = given.get("arrayProperties", {}).get("size")
        self.jobs[job_id] = {
            "jobId": job_id, "jobName": given["jobName"], "status": "RUNNABLE", "size": size, "changed": self.now,
        }  # fmt: skip
        for child in range(size or 0):
            told = {"status": "RUNNABLE", "arrayProperties": {"index": child}, "changed": self.now}
            self.jobs[f"{job_id}:{child}"] = told
        if self.lose_answers:
            self.lose_answers -= 1
            raise ConnectionClosedError(endpoint_url="https://batch.us-east-1.amazonaws.com")
        return {"jobId": job_id}

    def fail(self, job_id: str, status: str, code: int | None = None) -> None:
        container = {} if code is None else {"exitCode": code}
        attempt = {
            "statusReason": status,
            "container": container,
            "startedAt": 1_000.0 * self.now,
            "stoppedAt": 1_000.0 * self.now,
        }
        self.jobs[job_id] |= {
            "status": "FAILED", "statusReason": status, "attempts": [attempt], "changed": self.now,
        }  # fmt: skip

    def describe_jobs(self, jobs: list[str]) -> dict[str, Any]:
        self.asked.append(self.now)
        return {"jobs": [self._told(job) for job in jobs if job in self.jobs]}

    def _told(self, job_id: str) -> dict[str, Any]:
        told = self.jobs[job_id]
        if not told.get("size"):
            return {"jobId": job_id, **told}
        states = [self.jobs[f"{job_id}:{child}"]["status"] for child in range(told["size"])]
        return {**told, "arrayProperties": {"statusSummary": {state: states.count(state) for state in set(states)}}}

    def get_paginator(self, _: str) -> Queue:
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if "arrayJobId" in asked:
            start = f"{asked['arrayJobId']}:"
            found = [
                told
                for job, told in self.jobs.items()
                if job.startswith(start) and told["status"] == asked["jobStatus"] and self._is_listed(told)
            ]
            yield from ({"jobSummaryList": [told]} for told in found)  # each on a page of its own
            return
        (name,) = asked["filters"][0]["values"]
        found = [told for told in self.jobs.values() if told.get("jobName") == name and self._is_listed(told)]
        yield {"jobSummaryList": found}

    def _is_listed(self, told: dict[str, Any]) -> bool:
        return bool(self.now >= told["changed"] + self.lists_lag_s)

    def terminate_job(self, jobId: str, reason: str) -> None:  # noqa: N803
        self.ended.append((jobId, reason))

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        return {"FailedEntryCount": 0, "Entries": Entries}


class Here(Deployed):
    """A deployment on this machine."""

    queue: Queue

    def client(self, service: str, **_: Any) -> Any:
        return self.queue


@pytest.fixture
def here(dynamodb_tables: Tables) -> Iterator[Here]:
    table = dynamodb_tables.open()
    here = Here("bucket", dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst", tells_batches=False)
    here.queue = Queue(table)
    here.__dict__.update(table=table, objects=open_store("memory://"))
    yield here
    table.close()


def start(here: Here, batches: int, run: int = 1, **more: Any) -> JobRecord:
    limits = {"timeout_s": None, "max_parallelism": None, "tolerated_failure_percent": 0.0}
    compute = {"environment": True, "why": "it says so", "fallback": False}
    whole = {"blueprint": 1, "name": "x", "version": "1.0.0", "worker": "w:w", "combiner": "w:c"}
    analysis = {"name": "x", "blueprint": {**whole, "job": limits, "resources": {"attempts": 2}}, "compute": compute}
    needs = {**NEEDS, **{name: more.pop(name) for name in list(more) if name in NEEDS}}
    job = replace(
        a_job(JOB, batches=batches, state=JobState.RUNNING, **more), analysis=analysis, runs=run,
        run_began={"at": here.queue.now, "items": 0, "batches": 0},
    )  # fmt: skip
    here.table.create_job(job)
    write_brief(here.objects, Brief(JOB, None, analysis, {}, None, job.plan, {"attempts": 2}, "m", [], "c", run, needs))
    return job


def watcher(here: Here, run: int = 1) -> Watcher:
    return Watcher(here, JOB, run, clock=lambda: here.queue.now, sleep=here.queue.sleep)


def watch(here: Here, most: int = 2_000) -> tuple[dict[str, Any], int]:
    """Call watcher after watcher, as the execution does; the last answer, and how many there were."""
    for calls in range(1, most + 1):
        answer = watcher(here).call()
        if answer["over"]:
            return answer, calls
        here.queue.sleep(answer["wait_s"])
    raise AssertionError("it is never over")


def done(here: Here, *batches: int, attempt: int = 1) -> Any:
    return lambda: here.table.record(JOB, [an_outcome(batch, attempt=attempt) for batch in batches])


def test_an_array_is_told_all_that_its_containers_need(here: Here) -> None:
    start(here, 3, timeout_s=600.0)
    here.queue.events = [(here.queue.now + 5, done(here, 0, 1, 2))]
    answer, _ = watch(here)
    assert answer["over"]
    (given,) = here.queue.submitted
    assert given["jobName"] == "skyburst-job-1-1-1"
    assert (given["jobQueue"], given["jobDefinition"], given["arrayProperties"]) == ("q:od", "d:1", {"size": 3})
    variables = {entry["name"]: entry["value"] for entry in given["containerOverrides"]["environment"]}
    assert variables == {"SKYBURST_JOB": JOB, "SKYBURST_RUN": "1", "SKYBURST_ARRAY": "1"}
    assert given["retryStrategy"]["attempts"] == 3
    assert given["timeout"] == {"attemptDurationSeconds": 720}
    assert given["tags"]["skyburst-job"] == JOB
    array = values.decode(here.objects.get(key_of(JOB, 1, 1)))
    assert (array["ranges"], array["attempt"], array["last"]) == ([[0, 3]], 1, 3)
    assert here.queue.ended == [], "what has ended by itself is not ended once more"


def test_a_job_that_waits_for_its_machine_for_hours_is_submitted_once(here: Here) -> None:
    start(here, 1)
    began = here.queue.now
    here.queue.events = [(began + 3_600, done(here, 0))]
    _, calls = watch(here)
    assert len(here.queue.submitted) == 1
    assert "arrayProperties" not in here.queue.submitted[0], "one batch is no array"
    assert calls < 110
    assert here.queue.now - began < 3_700
    asked = [at - began for at in here.queue.asked]
    assert len([at for at in asked if at < 600]) < 120, "in ten minutes"


def test_room_is_refilled_within_seconds_in_the_first_days(here: Here) -> None:
    start(here, 6, max_parallelism=2)
    began = here.queue.now
    for round_ in range(3):
        here.queue.events.append((began + 700 * (round_ + 1), done(here, 2 * round_, 2 * round_ + 1)))
    watch(here)
    assert [given["arrayProperties"]["size"] for given in here.queue.submitted] == [2, 2, 2]
    assert here.queue.now - began < 3 * 700 + 60


def test_a_child_that_failed_without_a_word_has_its_exit_code_and_reason_recorded_and_the_others_go_on(
    here: Here,
) -> None:
    start(here, 3, tolerated_failure_percent=50)
    queue = here.queue
    queue.events = [
        (queue.now + 5, lambda: queue.fail("id-1:1", "Essential container in task exited", 3)),
        (queue.now + 60, done(here, 0, 2)),
    ]
    watch(here)
    record = here.table.batch(JOB, 1)
    assert record is not None
    assert record.state is BatchState.FAILED
    (failure,) = record.failures
    assert (failure.kind, failure.exit_code) == ("EnvironmentFailed", 3)
    assert "exit code 3: Essential container in task exited" in failure.message
    assert len(queue.submitted) == 1


def test_a_machine_that_was_taken_away_is_followed_by_one_on_demand(here: Here) -> None:
    start(here, 2, pricing="spot")
    queue = here.queue
    here.queue.events = [
        (queue.now + 5, lambda: here.table.claim(JOB, [Claim(0, 2, queue.now, queue.now + 300, "t")])),
        (queue.now + 10, done(here, 1)),
        (queue.now + 20, lambda: queue.fail("id-1:0", "Host EC2 (instance i-1) terminated.")),
        (queue.now + 90, done(here, 0, attempt=3)),
    ]
    watch(here)
    assert [given["jobQueue"] for given in queue.submitted] == ["q:spot", "q:od"]
    assert [given["retryStrategy"]["attempts"] for given in queue.submitted] == [2, 1]
    assert values.decode(here.objects.get(key_of(JOB, 1, 2)))["attempt"] == 3
    record = here.table.batch(JOB, 0)
    assert record is not None
    assert [failure.kind for failure in record.failures] == ["Killed"]
    assert record.state is BatchState.DONE


def test_an_array_whose_submission_was_not_heard_of_is_found_by_its_name(here: Here) -> None:
    start(here, 2)
    queue = here.queue
    queue.lose_answers = 1
    queue.events = [(queue.now + 8, done(here, 0, 1))]
    watch(here)
    assert len(queue.submitted) == 1
    state = read_submitted(here.objects, JOB, 1)
    assert state is not None
    assert state.arrays[0].job == "id-1"


def test_an_array_whose_submission_was_not_heard_of_is_not_submitted_again_while_lists_are_behind(here: Here) -> None:
    start(here, 2)
    queue = here.queue
    queue.lose_answers, queue.lists_lag_s = 1, UNLISTED_S - 20
    queue.events = [(queue.now + 300, done(here, 0, 1))]
    watch(here)
    assert len(queue.submitted) == 1


def test_children_that_failed_are_told_from_others_while_lists_are_behind(here: Here) -> None:
    start(here, 3, tolerated_failure_percent=100)
    queue = here.queue
    queue.lists_lag_s = 10_000

    def end() -> None:
        done(here, 1)()
        queue.jobs["id-1:1"]["status"] = "SUCCEEDED"
        for child in (0, 2):
            queue.fail(f"id-1:{child}", "Essential container in task exited", 3)

    queue.events = [(queue.now + 20, end)]
    watch(here)
    assert len(queue.submitted) == 1, "what failed of itself is not taken for a machine that was lost"
    for batch in (0, 2):
        record = here.table.batch(JOB, batch)
        assert record is not None
        assert [failure.kind for failure in record.failures] == ["EnvironmentFailed"]
        assert record.failures[0].exit_code == 3


def test_a_child_whose_end_is_not_listed_yet_is_looked_at_again(here: Here) -> None:
    start(here, 2, tolerated_failure_percent=100)
    queue = here.queue
    queue.lists_lag_s = 120
    queue.events = [
        (queue.now + 20, lambda: queue.fail("id-1:0", "Essential container in task exited", 3)),
        (queue.now + 600, done(here, 1)),
    ]
    watch(here)
    record = here.table.batch(JOB, 0)
    assert record is not None
    assert record.failures[0].exit_code == 3


def test_what_was_taken_after_minutes_of_throttles_is_not_taken_for_gone_at_once(here: Here) -> None:
    start(here, 1)
    queue = here.queue
    throttled: Any = {"Error": {"Code": "TooManyRequestsException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}
    queue.refuse = [ClientError(throttled, "SubmitJob")]
    describe = queue.describe_jobs
    began = queue.now

    def unknown(jobs: list[str]) -> dict[str, Any]:
        return {"jobs": []} if queue.now < began + 600 else describe(jobs)

    queue.describe_jobs = unknown  # type: ignore[method-assign]
    queue.events = [(began + GONE_AFTER_S + 50, queue.refuse.clear), (began + 700, done(here, 0))]
    watch(here)
    assert len(queue.submitted) == 1


def test_a_watcher_that_died_before_it_submitted_is_followed_by_one_that_does(here: Here) -> None:
    start(here, 2)

    class Dies(BaseException):
        """As when its process is ended."""

    def die(**_: Any) -> Any:
        raise Dies

    queue = here.queue
    queue.submit_job, submit = die, queue.submit_job  # type: ignore[method-assign]
    with pytest.raises(Dies):
        watcher(here).call()
    queue.submit_job = submit  # type: ignore[method-assign]
    queue.events = [(queue.now + 8, done(here, 0, 1))]
    watch(here)
    assert len(queue.submitted) == 1


def test_what_aws_batch_refuses_for_minutes_has_failed_with_what_it_said(here: Here) -> None:
    start(here, 1)
    error = {
        "Error": {"Code": "ClientException", "Message": "Job queue is disabled"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    here.queue.refuse = [ClientError(error, "SubmitJob")]  # type: ignore[arg-type]
    began = here.queue.now
    watch(here)
    assert REFUSED_S < here.queue.now - began < REFUSED_S + 60
    record = here.table.batch(JOB, 0)
    assert record is not None
    assert record.failures[-1].kind == "NotSubmitted"
    assert "Job queue is disabled" in record.failures[-1].message


def test_a_machine_that_does_not_answer_is_ended_and_its_batch_runs_again(here: Here) -> None:
    start(here, 2)
    queue = here.queue
    queue.events = [
        (queue.now + 5, lambda: here.table.claim(JOB, [Claim(0, 1, queue.now, queue.now + 300, "t")])),
        (queue.now + 5, done(here, 1)),
    ]

    def terminate_job(jobId: str, reason: str) -> None:  # noqa: N803
        queue.ended.append((jobId, reason))
        queue.fail(jobId, reason)
        queue.events.append((queue.now + 60, done(here, 0, attempt=2)))

    queue.terminate_job = terminate_job  # type: ignore[method-assign]
    watch(here)
    assert queue.ended == [("id-1:0", "skyburst: nothing was heard of it")]
    assert len(queue.submitted) == 2


@pytest.mark.parametrize("how", ["cancel", "time"])
def test_what_runs_and_waits_is_ended_with_its_job(here: Here, how: str) -> None:
    job = start(here, 3, **({"timeout_s": 30.0} if how == "time" else {}))
    queue = here.queue
    if how == "time":
        job.spec["timeout_s"] = 30.0
        here.table.update_job(job)
    queue.events = [(queue.now + 5, done(here, 0))]
    if how == "cancel":
        queue.events.append((queue.now + 20, lambda: here.table.request_cancel(JOB)))
    answer, _ = watch(here)
    assert (answer["cancelled"], answer["timed_out"]) == (how == "cancel", how == "time")
    ((ended, reason),) = queue.ended
    assert ended == "id-1", "the array, with all of its children"
    assert reason.startswith("skyburst: ")


def test_what_an_execution_leaves_that_met_an_error_is_ended(here: Here) -> None:
    start(here, 2)
    queue = here.queue
    watcher(here)
    queue.events = [(queue.now + 700, lambda: None)]
    watcher(here).call()
    end_failed(here, JOB, 1, "States.Runtime", "told to fail")
    assert [job for job, _ in queue.ended] == ["id-1"]
    assert here.table.job(JOB).state is JobState.FAILED
    end_environments(here, JOB, 9, "there is no such run")


def fall_back(here: Here, *batches: int) -> Any:
    failure = Failure("TimedOut", "it took longer than 3 s")
    outcomes = [replace_failure(batch, failure) for batch in batches]
    return lambda: [here.table.record_failure(JOB, outcome, BatchState.PENDING) for outcome in outcomes]


def replace_failure(batch: int, failure: Failure) -> Any:
    return a_failure(batch, attempt=1)._replace(failure=failure)


def test_batches_that_fell_back_are_submitted_after_their_attempt_in_a_function_and_the_record_says_which(
    here: Here,
) -> None:
    job = start(here, 4, all=False, fallback=True)
    job.analysis["compute"] |= {"environment": False, "fallback": True}
    here.table.update_job(job)
    queue = here.queue
    invoked: list[int] = []
    queue.invoke = lambda Payload, **_: invoked.append(values.decode(Payload)["batch"])  # type: ignore[attr-defined]  # noqa: N803
    brief = {**values.decode(here.objects.get(f"jobs/{JOB}/brief-1.json")), "lanes": ["w"]}
    here.objects.put(f"jobs/{JOB}/brief-1.json", values.encode(brief))
    queue.events = [
        (queue.now + 2, done(here, 0, 2)),
        (queue.now + 3, fall_back(here, 1, 3)),
        (queue.now + 60, done(here, 1, 3, attempt=2)),
    ]
    watch(here)
    assert sorted(invoked) == [0, 1, 2, 3], "none is invoked again"
    assert values.decode(here.objects.get(key_of(JOB, 1, 1)))["ranges"] == [[1, 2], [3, 4]]
    assert values.decode(here.objects.get(key_of(JOB, 1, 1)))["attempt"] == 2
    here.objects.put(f"jobs/{JOB}/result.json", b"1")
    finish(here, job, JobState.SUCCEEDED, "all done", {"missing": [], "item_errors": [], "files": []}, None)
    stored = here.table.job(JOB)
    assert stored.outcome is not None
    assert stored.outcome["environments"] == {"arrays": 1, "fell_back": 2, "fell_back_ranges": [[1, 2], [3, 4]]}
    certificate = values.decode(here.objects.get(f"jobs/{JOB}/certificate.json"))
    assert certificate["counts"]["fell_back"] == 2
    assert certificate["analysis"]["compute"]["fallback"] is True
