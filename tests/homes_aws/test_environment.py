"""The process of a container: real work in processes of its own, a real table; only the table's jobs are the test's."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts import values
from skyburst.contracts.records import ENVIRONMENTS, BatchRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import InvalidJob, StorageError
from skyburst.homes.aws import environment
from skyburst.homes.aws.arrays import ARRAY, JOB, RUN, key_of
from skyburst.homes.aws.brief import Brief, write_brief
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.environment import (
    BATCH_ATTEMPT,
    BATCH_CHILD,
    BATCH_JOB,
    Container,
    Keeper,
    Work,
    given_to,
)
from skyburst.objects import open_store
from tests.contracts.records import a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

NEEDS = {"command": None, "timeout_s": 60.0, "memory_mb": 2_048, "gpus": 0}


@pytest.fixture
def here(dynamodb_tables: Tables) -> Iterator[Deployed]:
    here = Deployed("bucket", dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    here.__dict__.update(table=dynamodb_tables.open(), objects=open_store("memory://"))
    job = replace(a_job("job-1", batches=5, state=JobState.RUNNING), runs=1)
    here.table.create_job(job)
    analysis = {"name": "x", "worker": "w:w", "combiner": "w:c", "items": None, "second_stage": None}
    write_brief(here.objects, Brief("job-1", None, analysis, {}, None, job.plan, {}, "m", [], "c", 1, NEEDS))
    array = {"ranges": [[0, 2], [4, 5]], "attempt": 2, "last": 4, "at": 5.0}
    here.objects.put(key_of("job-1", 1, 3), values.encode(array))
    yield here
    here.table.close()


def variables(child: int = 2, attempt: int = 1) -> dict[str, str]:
    return {
        JOB: "job-1", RUN: "1", ARRAY: "3", BATCH_JOB: f"abc:{child}", BATCH_CHILD: str(child), BATCH_ATTEMPT: str(attempt),
    }  # fmt: skip


def container(
    here: Deployed, program: str, told: threading.Event | None = None, keeper: Keeper | None = None, **given: int
) -> Container:
    keeper = keeper or Keeper(here, given_to(here, variables(**given)))
    return Container(
        keeper, lambda: Work([sys.executable, "-c", program], os.environ), "g:s", told or threading.Event()
    )


def batch(here: Deployed, number: int = 4) -> BatchRecord:
    found = here.table.batch("job-1", number)
    assert found is not None
    return found


def test_a_container_finds_its_batch_and_its_attempt(here: Deployed) -> None:
    found = [given_to(here, variables(child, attempt)) for child, attempt in ((0, 1), (1, 2), (2, 3))]
    assert [(given.batch, given.attempt) for given in found] == [(0, 2), (1, 3), (4, 4)]
    assert len({given.token for given in found}) == 3
    single = {name: value for name, value in variables().items() if name != BATCH_CHILD}
    assert given_to(here, single).batch == 0, "a job that is no array has one batch"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({ARRAY: ""}, "SKYBURST_ARRAY is not set: this program runs in containers"),
        ({ARRAY: "9"}, "run 1 of job job-1 has no array 9, or was deleted"),
        ({BATCH_CHILD: "3"}, "AWS_BATCH_JOB_ARRAY_INDEX is 3: jobs/job-1/arrays/1-3.json has no such child"),
    ],
)
def test_a_container_that_was_given_nothing_to_run_says_what_is_missing(
    here: Deployed, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidJob, match=said.replace("(", r"\(")):
        given_to(here, {**variables(), **changed})


def test_what_is_done_is_not_run_again(here: Deployed, tmp_path: Path) -> None:
    here.table.record("job-1", [an_outcome(4)])
    ran = tmp_path / "ran"
    assert container(here, f"open({str(ran)!r}, 'w')").run() == 0
    assert not ran.exists()


@pytest.mark.parametrize(
    ("program", "code", "kind", "said"),
    [
        ("import os; os._exit(3)", 3, "Killed", "ended with exit code 3, and recorded nothing"),
        ("pass", 1, "Killed", "ended with exit code 0, and recorded nothing"),
        ("import os; os.kill(os.getpid(), 9)", 137, "OutOfMemory", "its environment has 2,048 MiB"),
        ("import os; os.abort()", 134, "Killed", "ended by signal 6 (SIGABRT)"),
    ],
)
def test_work_that_ends_without_a_word_has_failed_for_good_with_its_exit_code(
    here: Deployed, program: str, code: int, kind: str, said: str
) -> None:
    assert container(here, program, attempt=2).run() == code
    record = batch(here)
    assert (record.state, record.attempt) == (BatchState.FAILED, 3)
    assert record.failures[-1].kind == kind
    assert said in record.failures[-1].message
    assert record.log is not None
    assert record.log[0] == "g:s"
    assert record.delivery is not None
    assert (record.delivery.lane, record.delivery.sent_at) == (ENVIRONMENTS, 5.0)


def test_what_the_work_recorded_itself_stays(here: Deployed) -> None:
    keeper = Keeper(here, given_to(here, variables()))

    class Records(Work):
        def wait(self, seconds: float) -> int | None:
            code = super().wait(seconds)
            here.table.record("job-1", [an_outcome(4, attempt=2)])
            return code

    run = Container(keeper, lambda: Records([sys.executable, "-c", "pass"], os.environ), "", threading.Event())
    assert run.run() == 0
    assert batch(here).state is BatchState.DONE
    assert batch(here).failures == []


def test_the_work_of_a_job_that_is_cancelled_is_ended(here: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "LOOK_S", 0.1)
    run = container(here, "import time; time.sleep(60)")
    threading.Timer(0.5, here.table.request_cancel, ["job-1"]).start()
    assert run.run() == 143, "it is ended by a signal"
    assert batch(here).failures == []


def test_a_machine_that_is_taken_away_leaves_its_batch_to_another_attempt(here: Deployed) -> None:
    told = threading.Event()
    threading.Timer(0.5, told.set).start()
    assert container(here, "import time; time.sleep(60)", told).run() == 143
    record = batch(here)
    assert (record.state, [failure.kind for failure in record.failures]) == (BatchState.LOST, ["Killed"])
    assert Keeper(here, given_to(here, variables(attempt=1))).claim() == "it is done, or another environment has it"
    assert Keeper(here, given_to(here, variables(attempt=2))).claim() is None


def test_work_whose_time_is_up_is_ended_also_when_it_does_not_want_to(
    here: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "GRACE_S", 0.2)
    keeper = Keeper(here, given_to(here, variables()))
    keeper.until = time.time() + 1.0
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert container(here, stubborn, keeper=keeper).run() == 124
    record = batch(here)
    assert record.state is BatchState.FAILED
    assert (record.failures[-1].kind, record.failures[-1].message) == (
        "TimedOut",
        "it took longer than the 1 min that it has",
    )


def test_a_batch_says_again_and_again_that_it_runs_and_ends_when_it_is_somebody_elses(here: Deployed) -> None:
    now = [time.time()]
    keeper = Keeper(here, given_to(here, variables()), clock=lambda: now[0])
    assert keeper.claim() is None
    first = batch(here).deadline
    now[0] += environment.BEAT_S
    assert keeper.why_end() is None
    assert batch(here).deadline == pytest.approx((first or 0) + environment.BEAT_S)
    assert batch(here).started_at == keeper.started_at
    other = Keeper(here, given_to(here, variables(attempt=2)), clock=lambda: now[0])
    assert other.claim() is None, "a later attempt takes it over"
    keeper.until += 60
    now[0] += environment.BEAT_S
    assert keeper.why_end() == (143, "another environment has its batch")


def test_the_seconds_of_an_attempt_whose_machine_was_gone_without_a_word_are_counted_by_the_next_one(
    here: Deployed,
) -> None:
    now = [time.time()]
    first = Keeper(here, given_to(here, variables(attempt=1)), clock=lambda: now[0])
    assert first.claim() is None
    first.until += 3_600
    for _ in range(10):
        now[0] += environment.BEAT_S
        assert first.why_end() is None
    now[0] += 100.0  # its machine is gone, and AWS Batch begins again
    second = Keeper(here, given_to(here, variables(attempt=2)), clock=lambda: now[0])
    assert second.claim() is None
    record = batch(here)
    assert (record.state, record.attempt) == (BatchState.RUNNING, 3)
    assert [failure.message for failure in record.failures] == ["its machine was taken away or broke, and said nothing"]
    assert here.table.progress("job-1").worker_seconds == pytest.approx(10 * environment.BEAT_S)
    assert second.claim() is None
    assert here.table.progress("job-1").worker_seconds == pytest.approx(10 * environment.BEAT_S), "it is counted once"
    other = Keeper(here, given_to(here, {**variables(attempt=2), BATCH_JOB: "def:2"}), clock=lambda: now[0])
    assert other.claim() == "it is done, or another environment has it"


def test_hours_of_work_are_not_given_up_because_the_table_is_out_of_reach(here: Deployed) -> None:
    now = [0.0]
    keeper = Keeper(here, given_to(here, variables()), clock=lambda: now[0])

    class Unreachable:
        def __getattr__(self, name: str) -> Any:
            raise StorageError("the table cannot be reached")

    table = here.table
    here.__dict__["table"] = Unreachable()
    now[0] = 50.0
    assert keeper.why_end() is None
    now[0] = 60.0
    assert keeper.why_end() == (124, "its time is up")
    here.__dict__["table"] = table
