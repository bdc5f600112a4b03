"""What every task table does: what is recorded stays recorded, and counts once."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.records import BatchRecord, Claim, Delivery, Failure, JobRecord, Outcome, Stored
from skyburst.contracts.states import UNFINISHED, BatchState, JobState
from skyburst.errors import IdempotencyConflict, JobNotFound
from skyburst.homes.aws.task_table import MOST_PAYLOAD_BYTES
from skyburst.homes.local.task_table import SqliteTaskTable
from skyburst.ports import TaskTable
from tests.contracts.records import a_claim, a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

DONE, FAILED, LOST, PENDING, RUNNING = (
    BatchState.DONE, BatchState.FAILED, BatchState.LOST, BatchState.PENDING, BatchState.RUNNING,
)  # fmt: skip
SECONDS = 60


@dataclass
class Backend:
    """One task table that any number of programs may open."""

    open: Callable[[], TaskTable]
    """Open it once more."""
    opening: str
    """Python source that opens it in another program, as `table`."""
    largest_payload: int = 2**30
    """Bytes of the largest partial result that it keeps itself."""
    many_jobs: int = 300
    """Jobs that are created in a second or two."""


@pytest.fixture(params=["sqlite", "dynamodb"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with contextlib.ExitStack() as opened:
        if request.param == "sqlite":
            path = tmp_path / "state" / "state.sqlite"
            opening = (
                "from pathlib import Path\nfrom skyburst.homes.local.task_table import SqliteTaskTable\n"
                f"table = SqliteTaskTable(Path({str(path)!r}))\n"
            )
            yield Backend(lambda: opened.enter_context(contextlib.closing(SqliteTaskTable(path))), opening)
        else:
            tables: Tables = request.getfixturevalue("dynamodb_tables")
            yield Backend(
                lambda: opened.enter_context(contextlib.closing(tables.open())),
                tables.opening,
                largest_payload=MOST_PAYLOAD_BYTES,
                many_jobs=60,  # moto copies the whole table for each transaction
            )


@pytest.fixture
def table(backend: Backend) -> TaskTable:
    return backend.open()


def states_of(table: TaskTable, job_id: str = "job-1") -> dict[int, str]:
    return {record.batch_id: str(record.state) for record in table.batches(job_id)}


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Results of calls made by threads that start together; an exception counts as a result."""
    start, results = threading.Barrier(len(calls)), []

    def call(function: Callable[[], Any]) -> None:
        start.wait(SECONDS)
        try:
            results.append(function())
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=call, args=(function,)) for function in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return results


# Jobs


def test_a_job_comes_back_as_it_was_stored(table: TaskTable) -> None:
    job = JobRecord(
        "job-ä",
        {"analysis": "x", "parameters": {"big": 2**80, "small": 5e-324, "text": "\ud800\0神", "none": None}},
        {"name": "x", "digest": "0" * 64},
        {"deep": [{"a": [1, 1.0, True]}]},
        JobState.COMBINING,
        reason="because",
        created_at=1.1,
        started_at=2.2,
        finished_at=3.3,
        items={"range": [0, 10]},
        plan={"items": 10, "batches": 2},
        runs=3,
        run_began={"at": 2.5, "items": 3, "batches": 1},
        outcome={"missing": [[0, 1, 0, 5, "why"]], "item_errors": [], "files": ["a.csv"]},
    )
    assert table.create_job(job) == job
    stored = table.job("job-ä")
    assert stored == job
    assert isinstance(stored.state, JobState)
    assert isinstance(stored.parameters["deep"][0]["a"][1], float)


def test_jobs_are_listed_newest_first_however_many_there_are(backend: Backend) -> None:
    table, ids = backend.open(), [f"job-{number}" for number in range(backend.many_jobs)]
    for job_id in ids:
        table.create_job(a_job(job_id))
    assert [job.job_id for job in table.jobs()] == ids[::-1]
    for job_id in ids[:2]:
        table.update_job(a_job(job_id, state=JobState.FAILED))
    assert [job.job_id for job in table.jobs(UNFINISHED)] == ids[:1:-1]
    assert [job.job_id for job in table.jobs([JobState.FAILED])] == ids[1::-1]
    assert list(table.jobs([])) == []


def test_jobs_of_a_user_are_listed_newest_first_from_any_of_them_on(backend: Backend) -> None:
    table, number = backend.open(), backend.many_jobs
    users = {f"job-{job}": (None, "ada", "bob", "\ud800")[job % 4] for job in range(number)}
    for job_id, user in users.items():
        table.create_job(a_job(job_id, **({"user": user} if user else {})))
    for user in ("ada", "bob", "\ud800"):
        theirs = [job_id for job_id, whose in users.items() if whose == user][::-1]
        assert [job.job_id for job in table.jobs(user=user)] == theirs
        assert [job.job_id for job in table.jobs(user=user, after=theirs[3])] == theirs[4:]
        assert [job.job_id for job in table.jobs([JobState.FAILED], user=user)] == []
        table.update_job(a_job(theirs[5], state=JobState.FAILED, user=user))
        assert [job.job_id for job in table.jobs([JobState.FAILED], user=user, after=theirs[3])] == [theirs[5]]
        assert list(table.jobs(user=user, after=theirs[-1])) == []
    assert list(table.jobs(user="nobody")) == []
    every = list(users)[::-1]
    assert [job.job_id for job in table.jobs(after=every[9])] == every[10:]
    with pytest.raises(JobNotFound, match="none"):
        list(table.jobs(after="none"))


def test_the_same_idempotency_key_is_the_same_job(table: TaskTable) -> None:
    first = a_job("job-1", idempotency_key="key", parameters={"pair": (1, 2)})
    table.create_job(first)
    again = table.create_job(a_job("job-2", idempotency_key="key", parameters={"pair": (1, 2)}))
    assert again.job_id == "job-1"
    assert [job.job_id for job in table.jobs()] == ["job-1"]
    assert table.create_job(a_job("job-3", idempotency_key="other")).job_id == "job-3"


def test_the_same_idempotency_key_for_another_job_is_refused(table: TaskTable) -> None:
    table.create_job(a_job("job-1", idempotency_key="key", batch_size=1))
    with pytest.raises(IdempotencyConflict, match=r"'key' belongs to job job-1, whose specification differs"):
        table.create_job(a_job("job-2", idempotency_key="key", batch_size=2))
    with pytest.raises(JobNotFound):
        table.job("job-2")


def test_creating_a_job_twice_makes_one(table: TaskTable) -> None:
    table.create_job(a_job("job-1"))
    table.record("job-1", [an_outcome(0)])
    assert table.create_job(a_job("job-1")).job_id == "job-1"
    assert states_of(table) == {0: "DONE"}
    with pytest.raises(IdempotencyConflict, match=r"the id 'job-1' belongs"):
        table.create_job(a_job("job-1", batch_size=2))


def test_of_many_that_create_the_job_of_a_key_at_once_all_get_the_same_one(backend: Backend) -> None:
    tables = [backend.open() for _ in range(6)]
    jobs = at_once(
        [
            lambda number=number, table=table: table.create_job(a_job(f"job-{number}", idempotency_key="key"))
            for number, table in enumerate(tables)
        ]
    )
    assert len({job.job_id for job in jobs}) == 1
    assert [job.job_id for job in tables[0].jobs()] == [jobs[0].job_id]


def test_a_job_is_updated_only_from_an_expected_state(table: TaskTable) -> None:
    job = a_job(state=JobState.PENDING)
    table.create_job(job)
    job.state, job.reason, job.runs = JobState.RUNNING, "started", 1
    assert not table.update_job(job, expected=[JobState.RUNNING, JobState.COMBINING])
    assert not table.update_job(job, expected=[])
    assert table.job("job-1").state is JobState.PENDING
    assert table.update_job(job, expected=[JobState.PENDING])
    assert table.job("job-1") == job
    job.state = JobState.FAILED
    assert table.update_job(job)
    assert table.job("job-1").state is JobState.FAILED
    assert not table.update_job(a_job("unknown"))


def test_of_two_that_update_from_the_same_state_one_succeeds(backend: Backend) -> None:
    backend.open().create_job(a_job())
    tables = [backend.open() for _ in range(5)]
    running = a_job(state=JobState.RUNNING)
    done = at_once([lambda table=table: table.update_job(running, expected=[JobState.PENDING]) for table in tables])
    assert sorted(done) == [False, False, False, False, True]


def test_a_cancel_request_is_seen_by_all_and_survives_updates(backend: Backend) -> None:
    table, other = backend.open(), backend.open()
    job = a_job()
    table.create_job(job)
    assert not other.cancel_requested("job-1")
    other.request_cancel("job-1")
    other.request_cancel("job-1")
    table.update_job(replace(job, state=JobState.RUNNING, cancel_requested=False))
    assert table.cancel_requested("job-1")
    assert table.job("job-1").cancel_requested
    table.request_cancel("job-1", requested=False)
    assert not other.cancel_requested("job-1")
    assert not other.job("job-1").cancel_requested


def test_a_deleted_job_is_gone_with_its_batches_and_leaves_others_alone(backend: Backend) -> None:
    table = backend.open()
    for job_id in ("job-1", "job-2"):
        table.create_job(a_job(job_id, idempotency_key=f"key of {job_id}"))
        table.record(job_id, [an_outcome(0, b"v" + job_id.encode())])
    table.delete_job("job-1")
    for opened in (table, backend.open()):
        with pytest.raises(JobNotFound):
            opened.job("job-1")
        with pytest.raises(JobNotFound):
            list(opened.batches("job-1"))
    assert list(table.partial_results("job-2", 0, 10)) == [Stored(0, b"vjob-2", None)]
    table.create_job(a_job("job-1", idempotency_key="key of job-1"))
    assert states_of(table) == {}
    assert list(table.partial_results("job-1", 0, 10)) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda table: table.job("no-job"),
        lambda table: table.request_cancel("no-job"),
        lambda table: table.cancel_requested("no-job"),
        lambda table: table.delete_job("no-job"),
        lambda table: table.record("no-job", [an_outcome(0)]),
        lambda table: table.record_failure("no-job", a_failure(0), FAILED),
        lambda table: table.claim("no-job", [a_claim(0)]),
        lambda table: table.release("no-job", [FAILED]),
        lambda table: table.progress("no-job"),
        lambda table: table.batch("no-job", 0),
        lambda table: list(table.batches("no-job")),
        lambda table: list(table.partial_results("no-job", 0, 1)),
        lambda table: list(table.done_ranges("no-job")),
    ],
)
def test_an_unknown_job_is_named_by_every_method(table: TaskTable, call: Callable[[TaskTable], Any]) -> None:
    table.create_job(a_job("job-1"))
    with pytest.raises(JobNotFound, match=r"there is no job 'no-job'.*skyburst jobs"):
        call(table)


# Batches


def test_everything_about_a_batch_comes_back(table: TaskTable) -> None:
    table.create_job(a_job())
    errors = [{"item": {"a": [1, 2.5]}, "error": "ValueError: ä"}, {"item": None, "error": "and 7 more", "count": 7}]
    started_at, seconds, peak = 1_700_000_000.123456, 0.1, 77.7
    table.record_failure("job-1", a_failure(3, "first", attempt=1), PENDING)
    table.record(
        "job-1",
        [
            an_outcome(
                3, attempt=2, items=7, size=99, item_errors=errors, started_at=started_at, seconds=seconds,
                peak_memory_mb=peak, log=("worker-1-0.log", 5, 2**40),
            )
        ],
    )  # fmt: skip
    assert table.batch("job-1", 3) == BatchRecord(
        3, DONE, 2, 7, 99, started_at, seconds, None, peak, ("worker-1-0.log", 5, 2**40), Delivery(3, 98.5, 0.75),
        [Failure("ValueError", "first", "Traceback ...")], errors,
    )  # fmt: skip
    assert table.batch("job-1", 4) is None
    assert list(table.batches("job-1")) == [table.batch("job-1", 3)]


def test_a_partial_result_that_is_delivered_twice_counts_once_and_the_first_one_stays(table: TaskTable) -> None:
    table.create_job(a_job(batches=2))
    assert table.record("job-1", [an_outcome(0, b"vfirst")]) == 1
    assert table.record("job-1", [an_outcome(0, b"vsecond", attempt=2, items=99), an_outcome(1)]) == 1
    assert (
        table.record("job-1", [an_outcome(0, None, reference="partials/0", item_errors=[{"item": 0, "error": "x"}])])
        == 0
    )
    assert list(table.partial_results("job-1", 0, 1)) == [Stored(0, b"vfirst", None)]
    record = table.batch("job-1", 0)
    assert record
    assert (record.attempt, record.items, record.item_errors) == (1, 10, [])
    progress = table.progress("job-1")
    assert (progress.done, progress.items_done, progress.item_errors) == (2, 20, 0)


def test_of_two_partial_results_of_a_batch_in_one_call_the_first_counts(table: TaskTable) -> None:
    table.create_job(a_job(batches=2))
    outcomes = [
        an_outcome(0, None, reference="partials/0", attempt=1),
        an_outcome(0, b"vsecond", attempt=2),
        an_outcome(1, b"vthird", attempt=3),
        an_outcome(1, None, reference="partials/1", attempt=4),
    ]
    assert table.record("job-1", outcomes) == 2
    assert list(table.partial_results("job-1", 0, 2)) == [Stored(0, None, "partials/0"), Stored(1, b"vthird", None)]
    assert [record.attempt for record in table.batches("job-1")] == [1, 3]


def test_the_seconds_of_all_attempts_at_a_batch_count_as_worker_seconds(table: TaskTable) -> None:
    table.create_job(a_job(batches=3))
    table.record_failure("job-1", a_failure(1, seconds=1.0), PENDING)
    table.record_failure("job-1", a_failure(1, seconds=2.0), PENDING)
    table.record("job-1", [an_outcome(0, seconds=4.0), an_outcome(1, seconds=8.0)])
    table.record_failure("job-1", a_failure(2, seconds=16.0), FAILED)
    assert table.progress("job-1").worker_seconds == 31.0


def test_recording_nothing_is_no_error(table: TaskTable) -> None:
    table.create_job(a_job())
    assert table.record("job-1", []) == 0
    table.claim("job-1", [])
    table.release("job-1", [])
    assert states_of(table) == {}


def test_done_is_never_overwritten_by_a_failure_a_claim_or_a_release(table: TaskTable) -> None:
    table.create_job(a_job(batches=1))
    table.record("job-1", [an_outcome(0, b"vkept")])
    before = table.batch("job-1", 0)
    table.record_failure("job-1", a_failure(0, attempt=2), FAILED)
    table.claim("job-1", [a_claim(0, 3)])
    table.release("job-1", [RUNNING, FAILED, LOST, PENDING])
    assert table.batch("job-1", 0) == before
    assert list(table.partial_results("job-1", 0, 1)) == [Stored(0, b"vkept", None)]
    assert table.progress("job-1").retries == 0


@pytest.mark.parametrize("state", [PENDING, RUNNING, FAILED, LOST])
def test_a_partial_result_counts_whatever_was_thought_of_its_batch_before(table: TaskTable, state: BatchState) -> None:
    table.create_job(a_job(batches=1))
    if state is RUNNING:
        table.claim("job-1", [a_claim(0)])
    else:
        table.record_failure("job-1", a_failure(0), state)
    assert states_of(table) == {0: state}
    assert table.record("job-1", [an_outcome(0, attempt=2)]) == 1
    record = table.batch("job-1", 0)
    assert record
    assert (record.state, record.attempt, record.deadline) == (DONE, 2, None)


def test_a_claim_says_who_has_a_batch_since_when_and_until_when(table: TaskTable) -> None:
    table.create_job(a_job(batches=3))
    table.record_failure("job-1", a_failure(1), LOST)
    table.claim("job-1", [Claim(0, 1, 10.5, 20.5), Claim(1, 2, 11.5, 21.5)])
    first, second = table.batches("job-1")
    assert (first.state, first.attempt, first.started_at, first.deadline) == (RUNNING, 1, 10.5, 20.5)
    assert (second.state, second.attempt, second.started_at, second.deadline) == (RUNNING, 2, 11.5, 21.5)
    assert [failure.message for failure in second.failures] == ["told to fail"]
    table.record_failure("job-1", a_failure(0), PENDING)
    record = table.batch("job-1", 0)
    assert record
    assert record.deadline is None


def test_a_batch_is_granted_to_one_invocation_and_to_that_one_again(table: TaskTable) -> None:
    table.create_job(a_job(batches=4))

    def granted(batch: int, attempt: int, token: str, at: float = 10.0) -> bool:
        return table.claim("job-1", [Claim(batch, attempt, at, at + 100.0, token)]) == {batch}

    assert granted(0, 1, "first")
    assert granted(0, 1, "first"), "its environment died, and the same invocation is delivered once more"
    assert not granted(0, 1, "double")
    assert granted(0, 1, "late", 110.0), "the first one is past its deadline"
    assert granted(0, 2, "again", 111.0), "a later attempt was sent because this one was given up"
    assert not granted(0, 1, "double", 300.0), "that attempt was had"
    table.record("job-1", [an_outcome(0)])
    assert not granted(0, 3, "third", 999.0)
    table.record_failure("job-1", a_failure(1, attempt=1), PENDING)
    assert not granted(1, 1, "double")
    assert granted(1, 2, "second")
    table.release("job-1", [RUNNING])
    assert granted(1, 1, "double"), "all batches begin anew when a job is resumed"
    assert table.claim("job-1", [Claim(b, 1, 10.0, 20.0, "x") for b in range(4)]) == {2, 3}


def test_of_many_that_claim_a_batch_at_once_one_has_it(backend: Backend) -> None:
    tables = [backend.open() for _ in range(4)]
    tables[0].create_job(a_job(batches=1))
    claims = [Claim(0, 1, 10.0, 20.0, str(number)) for number in range(4)]
    results = at_once([lambda t=t, c=c: t.claim("job-1", [c]) for t, c in zip(tables, claims, strict=True)])
    assert sorted(results, key=len) == [set(), set(), set(), {0}]


def test_a_worker_whose_batch_was_taken_from_it_notes_no_failure(table: TaskTable) -> None:
    table.create_job(a_job(batches=3))
    table.claim("job-1", [Claim(number, 1, 10.0, 20.0, "mine") for number in range(3)])
    table.claim("job-1", [Claim(0, 2, 10.0, 20.0, "later")])
    assert not table.record_failure("job-1", a_failure(0), FAILED, token="mine")
    assert not table.record_failure("job-1", a_failure(1), FAILED, token="another")
    assert table.record_failure("job-1", a_failure(1), PENDING, token="mine")
    table.release("job-1", [RUNNING])  # the job ended and was resumed
    assert not table.record_failure("job-1", a_failure(2), FAILED, token="mine")
    assert states_of(table) == {0: "PENDING", 1: "PENDING", 2: "PENDING"}
    assert table.record("job-1", [an_outcome(2)]) == 1, "what it found is welcome all the same"
    assert not table.record_failure("job-1", a_failure(2), FAILED)


def test_a_job_is_updated_only_in_the_run_that_is_expected(table: TaskTable) -> None:
    job = table.create_job(a_job(state=JobState.RUNNING))
    job.runs = 1
    assert table.update_job(job, run=0)
    assert not table.update_job(job, run=0)
    assert table.update_job(job, expected=[JobState.RUNNING], run=1)
    assert not table.update_job(job, expected=[JobState.PENDING], run=1)
    job.runs, job.reason = 2, "resumed"
    assert table.update_job(job, run=1)
    late = a_job(state=JobState.FAILED)
    late.runs = 1
    assert not table.update_job(late, run=1), "it belongs to an earlier run"
    assert table.job("job-1").reason == "resumed"


def test_failures_are_kept_oldest_first_and_only_the_latest_of_very_many(table: TaskTable) -> None:
    table.create_job(a_job(batches=1))
    for attempt in range(1, 31):
        table.record_failure("job-1", a_failure(0, f"failure {attempt}", attempt=attempt), PENDING)
    record = table.batch("job-1", 0)
    assert record
    assert record.attempt == 30
    messages = [failure.message for failure in record.failures]
    assert messages == [f"failure {attempt}" for attempt in range(11, 31)]


def test_release_gives_batches_new_attempts_and_keeps_their_failures(table: TaskTable) -> None:
    table.create_job(a_job(batches=5))
    table.record("job-1", [an_outcome(0)])
    table.record_failure("job-1", a_failure(1, attempt=3), FAILED)
    table.record_failure("job-1", a_failure(2, attempt=2), LOST)
    table.claim("job-1", [a_claim(3), a_claim(4)])
    table.release("job-1", [FAILED, RUNNING])
    assert states_of(table) == {0: "DONE", 1: "PENDING", 2: "LOST", 3: "PENDING", 4: "PENDING"}
    failed, running = table.batch("job-1", 1), table.batch("job-1", 3)
    assert failed
    assert (failed.attempt, len(failed.failures)) == (0, 1)
    assert running
    assert (running.attempt, running.deadline) == (0, None)


def test_attempts_that_run_when_a_job_ends_count_until_then_or_until_their_deadlines(table: TaskTable) -> None:
    table.create_job(a_job(batches=5))
    table.record("job-1", [an_outcome(0, seconds=7.0)])
    table.record_failure("job-1", a_failure(1), LOST)
    before = table.progress("job-1").worker_seconds
    table.claim("job-1", [Claim(2, 1, 1_000.0, 2_000.0, "a"), Claim(3, 1, 1_100.5, 1_200.0, "b")])
    table.release("job-1", [RUNNING], ended_at=1_600.0)
    assert table.progress("job-1").worker_seconds - before == pytest.approx(600.0 + 99.5)
    table.release("job-1", [RUNNING], ended_at=9_000.0)
    assert table.progress("job-1").worker_seconds - before == pytest.approx(600.0 + 99.5), "they are counted once"
    table.claim("job-1", [Claim(4, 1, 1_000.0, 2_000.0, "c")])
    table.release("job-1", [RUNNING])
    assert table.progress("job-1").worker_seconds - before == pytest.approx(600.0 + 99.5), "when it ended is not known"
    assert set(states_of(table).values()) == {"DONE", "LOST", "PENDING"}


def test_progress_counts_batches_items_errors_and_retries(table: TaskTable) -> None:
    table.create_job(a_job(batches=8, state=JobState.RUNNING))
    table.record("job-1", [an_outcome(0), an_outcome(1, items=3, item_errors=[{"item": 1, "error": "x"}] * 2)])
    table.record(
        "job-1", [an_outcome(2, item_errors=[{"item": 1, "error": "x"}, {"item": None, "error": "y", "count": 40}])]
    )
    table.record_failure("job-1", a_failure(3, attempt=1), PENDING)
    table.record_failure("job-1", a_failure(3, attempt=2), FAILED)
    table.record_failure("job-1", a_failure(4), LOST)
    table.record_failure("job-1", a_failure(5), PENDING)
    table.record("job-1", [an_outcome(5, attempt=2)])
    table.claim("job-1", [a_claim(6)])
    progress = table.progress("job-1")
    assert progress.state is JobState.RUNNING
    assert (progress.batches, progress.items) == (8, 80)
    assert (progress.done, progress.failed, progress.running) == (4, 1, 1)
    assert (progress.items_done, progress.item_errors) == (33, 43)
    assert progress.retries == 3, "a failure counts as a retry unless it was the last attempt"
    assert progress.fraction == 5 / 8


def test_an_unplanned_job_has_progress_too(table: TaskTable) -> None:
    table.create_job(a_job())
    progress = table.progress("job-1")
    assert (progress.batches, progress.done, progress.fraction) == (0, 0, 0.0)


# Partial results


def test_partial_results_come_in_order_of_done_batches_only(table: TaskTable) -> None:
    table.create_job(a_job(batches=10))
    table.record("job-1", [an_outcome(number, b"v%d" % number) for number in (7, 0, 3, 9, 4)])
    table.record_failure("job-1", a_failure(1), FAILED)
    table.claim("job-1", [a_claim(2)])
    assert [stored.batch_id for stored in table.partial_results("job-1", 0, 10)] == [0, 3, 4, 7, 9]
    assert list(table.partial_results("job-1", 3, 7)) == [Stored(3, b"v3", None), Stored(4, b"v4", None)]
    assert list(table.partial_results("job-1", 5, 5)) == []
    assert list(table.partial_results("job-1", 10, 20)) == []


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 8 << 20])
def test_a_payload_of_any_size_comes_back(backend: Backend, size: int) -> None:
    table, payload = backend.open(), random.Random(size).randbytes(min(size, backend.largest_payload))
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, payload)])
    assert list(table.partial_results("job-1", 0, 1)) == [Stored(0, payload, None)]


def test_a_large_partial_result_comes_back_as_its_reference(table: TaskTable) -> None:
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, None, reference="jobs/job-1/partials/0", size=2**40), an_outcome(1, b"v")])
    assert list(table.partial_results("job-1", 0, 2)) == [
        Stored(0, None, "jobs/job-1/partials/0"),
        Stored(1, b"v", None),
    ]
    record = table.batch("job-1", 0)
    assert record
    assert record.size == 2**40


def test_more_rows_than_a_page_holds_come_once_each_and_in_order(table: TaskTable) -> None:
    numbers = [number for number in range(640) if number not in (256, 257, 512, 600)]
    table.create_job(a_job(batches=640))
    shuffled = random.Random(1).sample(numbers, len(numbers))
    table.record("job-1", [an_outcome(number, b"v%d" % number) for number in shuffled])
    table.record_failure("job-1", a_failure(257), FAILED)
    assert [stored.batch_id for stored in table.partial_results("job-1", 0, 640)] == numbers
    assert [record.batch_id for record in table.batches("job-1")] == sorted([*numbers, 257])
    assert [record.batch_id for record in table.batches("job-1", [DONE])] == numbers
    assert [record.batch_id for record in table.batches("job-1", [FAILED, LOST])] == [257]
    assert list(table.batches("job-1", [])) == []
    assert list(table.done_ranges("job-1")) == [(0, 256), (258, 512), (513, 600), (601, 640)]


@pytest.mark.parametrize(
    ("done", "ranges"),
    [
        ([], []),
        ([0], [(0, 1)]),
        ([5], [(5, 6)]),
        (range(512), [(0, 512)]),
        (range(256), [(0, 256)]),
        ([0, 2, 3, 5], [(0, 1), (2, 4), (5, 6)]),
    ],
)
def test_done_batches_are_summed_up_as_ranges(table: TaskTable, done: Any, ranges: list[tuple[int, int]]) -> None:
    table.create_job(a_job())
    table.record("job-1", [an_outcome(number) for number in done])
    table.record_failure("job-1", a_failure(1_000), FAILED)
    assert list(table.done_ranges("job-1")) == ranges


def test_reading_goes_on_while_somebody_records(backend: Backend) -> None:
    reader, writer = backend.open(), backend.open()
    reader.create_job(a_job())
    writer.record("job-1", [an_outcome(number) for number in range(0, 600, 2)])
    seen = []
    for stored in reader.partial_results("job-1", 0, 600):
        seen.append(stored.batch_id)
        if stored.batch_id == 100:
            assert writer.record("job-1", [an_outcome(number) for number in range(1, 600, 2)]) == 300
    assert seen == sorted(set(seen))
    assert set(seen) >= set(range(0, 600, 2))


# Several programs


RECORDER = """
import sys
from tests.contracts.records import an_outcome
worker = int(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
done = 0
for start in range(0, 240, 20):
    numbers = range(start, start + 20)
    done += table.record("job-1", [an_outcome(n, b"v%d by %d" % (n, worker), attempt=worker) for n in numbers])
print(done, flush=True)
"""


def test_programs_that_record_the_same_batches_at_once_count_each_once(backend: Backend) -> None:
    table = backend.open()
    table.create_job(a_job(batches=240))
    root = str(Path(__file__).parents[2])
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", backend.opening + RECORDER, str(worker)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root,
        )
        for worker in (1, 2, 3)
    ]  # fmt: skip
    try:
        for program in programs:
            assert program.stdout
            assert program.stdout.readline() == "ready\n"
        counts = [int(program.communicate("go\n", timeout=SECONDS)[0]) for program in programs]
    finally:
        for program in programs:
            program.kill()
            program.wait()
    assert sum(counts) == 240
    assert table.progress("job-1").done == 240
    winners = {record.batch_id: record.attempt for record in table.batches("job-1")}
    for stored in table.partial_results("job-1", 0, 240):
        assert stored.payload == b"v%d by %d" % (stored.batch_id, winners[stored.batch_id])
    assert [sum(winner == worker for winner in winners.values()) for worker in (1, 2, 3)] == counts


def test_connections_that_record_the_same_batches_at_once_count_each_once(backend: Backend) -> None:
    tables = [backend.open() for _ in range(4)]
    tables[0].create_job(a_job(batches=50))

    def record(table: TaskTable, attempt: int) -> int:
        return sum(table.record("job-1", [an_outcome(n, b"v%d" % attempt, attempt=attempt)]) for n in range(50))

    calls = [lambda table=table, number=number: record(table, number) for number, table in enumerate(tables)]
    assert sum(at_once(calls)) == 50
    attempts = [record.attempt for record in tables[0].batches("job-1")]
    assert [stored.payload for stored in tables[0].partial_results("job-1", 0, 50)] == [b"v%d" % n for n in attempts]


KILLED = """
import os, signal
from tests.contracts.records import an_outcome
table.record("job-1", [an_outcome(number) for number in range(100)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_recorded_survives_the_death_of_its_program(backend: Backend) -> None:
    table = backend.open()
    table.create_job(a_job())
    root = str(Path(__file__).parents[2])
    program = subprocess.run([sys.executable, "-c", backend.opening + KILLED], cwd=root, timeout=SECONDS)
    assert program.returncode == -signal.SIGKILL
    assert list(table.done_ranges("job-1")) == [(0, 100)]
    assert table.record("job-1", [an_outcome(number) for number in range(50, 150)]) == 50


# Any order of events


@pytest.mark.parametrize("seed", range(12))
def test_after_any_order_of_events_the_table_says_what_happened(backend: Backend, seed: int) -> None:
    """A plain dictionary says what must come out."""
    chance = random.Random(seed)
    tables = [backend.open() for _ in range(2)]
    tables[0].create_job(a_job(batches=12))
    model: dict[int, tuple[str, int, list[str], bytes | None]] = {}
    for step in range(40):
        table = chance.choice(tables)
        batch, attempt = chance.randrange(12), chance.randint(1, 3)
        state, _, failures, payload = model.get(batch, ("", 0, [], None))
        event = chance.choice(["record", "record", "fail", "claim", "release"])
        if event == "record":
            batches = [chance.randrange(12) for _ in range(chance.randint(1, 4))]
            outcomes: list[Outcome] = [an_outcome(n, b"v%d" % step, attempt=attempt) for n in batches]
            fresh = {n for n in batches if model.get(n, ("",))[0] != "DONE"}
            assert table.record("job-1", outcomes) == len(fresh)
            for n in fresh:
                model[n] = ("DONE", attempt, model.get(n, ("", 0, [], None))[2], b"v%d" % step)
        elif event == "fail":
            left = chance.choice([FAILED, PENDING, LOST])
            table.record_failure("job-1", a_failure(batch, str(step), attempt=attempt), left)
            if state != "DONE":
                model[batch] = (left, attempt, [*failures, str(step)], payload)
        elif event == "claim":
            had = model[batch][1] if batch in model else 0
            granted = state != "DONE" and (had < attempt or (had == attempt and state == "RUNNING"))
            assert table.claim("job-1", [a_claim(batch, attempt)]) == ({batch} if granted else set())
            if granted:
                model[batch] = ("RUNNING", attempt, failures, payload)
        else:
            table.release("job-1", [FAILED, RUNNING])
            for n, (was, _, kept, _) in model.items():
                if was in ("FAILED", "RUNNING"):
                    model[n] = ("PENDING", 0, kept, None)
    expected = dict(sorted(model.items()))
    for table in tables:
        found = {
            record.batch_id: (str(record.state), record.attempt, [failure.message for failure in record.failures])
            for record in table.batches("job-1")
        }
        assert found == {n: (state, attempt, failures) for n, (state, attempt, failures, _) in expected.items()}
        partials = {stored.batch_id: stored.payload for stored in table.partial_results("job-1", 0, 12)}
        assert partials == {n: payload for n, (state, _, _, payload) in expected.items() if state == "DONE"}
        done = [n for first, last in table.done_ranges("job-1") for n in range(first, last)]
        assert done == list(partials)
        progress = table.progress("job-1")
        assert progress.done == len(partials)
        assert progress.failed == sum(state == "FAILED" for state, *_ in expected.values())
        assert progress.running == sum(state == "RUNNING" for state, *_ in expected.values())
