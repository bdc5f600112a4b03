"""How much users may do: the same at both homes, also when requests come at once, and whatever dies in between."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.errors import AwsUnavailable, InvalidJob, StorageError, TooManyJobs
from skyburst.web.quota import Allowed, LocalQuota, Quota
from tests.conftest import needed
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import Tables
from tests.web.buckets import web_table


class World:
    """A quota, the task table of its jobs, and the time."""

    def __init__(self, table: Any, make: Callable[[Allowed, Callable[[], float]], Quota]) -> None:
        self.table, self._make, self.later = table, make, 0.0

    def quota(self, **allowed: int) -> Quota:
        return self._make(Allowed(**allowed), lambda: time.time() + self.later)

    def create(self, quota: Quota, user: str = "ada", **spec: Any) -> JobRecord:
        """A job, as the service makes one."""
        with quota.starting(self, user, {"user": user, **spec}) as document:  # type: ignore[arg-type]
            job = a_job(f"job-{secrets.token_hex(4)}")
            given = {**job.spec, **document}
            stored: JobRecord = self.table.create_job(
                replace(job, spec=given, state=JobState.RUNNING, created_at=time.time())
            )
        return stored

    def end(self, job: JobRecord, state: JobState = JobState.SUCCEEDED) -> None:
        assert self.table.update_job(replace(job, state=state))

    def standing(self, quota: Quota, user: str = "ada") -> tuple[int, int]:
        return tuple(quota.standing(self, user))  # type: ignore[arg-type, return-value]


@pytest.fixture(params=["local", "aws"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    needed("litestar")
    if request.param == "aws":
        yield request.getfixturevalue("aws")
        return
    from skyburst.homes.local.task_table import SqliteTaskTable

    table = SqliteTaskTable(tmp_path / "tasks.sqlite")
    yield World(table, lambda allowed, clock: LocalQuota(tmp_path, allowed, clock))
    table.close()


@pytest.fixture
def aws(dynamodb_tables: Tables) -> Iterator[World]:
    needed("litestar")
    from skyburst.homes.aws.calls import Calls
    from skyburst.web.aws.quota import DynamoQuota

    table = dynamodb_tables.open()
    with web_table(dynamodb_tables.endpoint) as (client, name):
        calls = Calls(client)
        yield World(table, lambda allowed, clock: DynamoQuota(calls, name, lambda: table, allowed, clock=clock))
    table.close()


def test_jobs_that_run_take_room_until_they_have_ended(world: World) -> None:
    quota = world.quota(concurrent=2)
    first, _ = world.create(quota), world.create(quota)
    assert world.standing(quota) == (2, 2)
    with pytest.raises(TooManyJobs, match="2 of your jobs run, and 2 may at once"):
        world.create(quota)
    world.end(first)
    assert world.standing(quota)[1] == 1
    world.create(quota)


def test_jobs_of_a_day_are_counted_also_when_they_have_ended(world: World) -> None:
    quota = world.quota(jobs_per_day=2)
    for _ in range(2):
        world.end(world.create(quota))
    with pytest.raises(TooManyJobs, match="you started 2 jobs in the last 24 hours, and may start 2"):
        world.create(quota)
    world.later = 24 * 3600.0 + 60
    assert world.standing(quota) == (0, 0)


def test_each_user_has_limits_of_their_own(world: World) -> None:
    quota = world.quota(concurrent=1, jobs_per_day=1)
    world.create(quota, "ada")
    world.create(quota, "bob")
    assert world.standing(quota, "cleo") == (0, 0)
    with pytest.raises(TooManyJobs):
        world.create(quota, "bob")


@pytest.mark.parametrize("allowed", [{"concurrent": 3}, {"jobs_per_day": 3}], ids=["concurrent", "daily"])
def test_no_more_than_is_allowed_start_when_twelve_requests_come_at_once(world: World, allowed: dict[str, int]) -> None:
    quota, together = world.quota(**allowed), threading.Barrier(12)

    def start(_: int) -> bool:
        together.wait()
        try:
            world.create(quota)
        except TooManyJobs:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(start, range(12))) == 3


def test_a_job_that_was_refused_takes_no_room(world: World) -> None:
    quota = world.quota(concurrent=1, jobs_per_day=1)
    with pytest.raises(InvalidJob), quota.starting(world, "ada", {"user": "ada"}):  # type: ignore[arg-type]
        raise InvalidJob("parameters.mask is missing")
    assert world.standing(quota) == (0, 0)
    world.create(quota)


def test_a_job_that_has_ended_takes_room_again_when_it_goes_on(world: World) -> None:
    quota = world.quota(concurrent=1)
    job = world.create(quota)
    world.end(job, JobState.CANCELLED)
    other = world.create(quota)
    ended = world.table.job(job.job_id)
    with pytest.raises(TooManyJobs, match="1 of your jobs run"), quota.resuming(world, "ada", ended):  # type: ignore[arg-type]
        pass
    world.end(other)
    with quota.resuming(world, "ada", ended):  # type: ignore[arg-type]
        world.end(ended, JobState.RUNNING)
    with pytest.raises(TooManyJobs):
        world.create(quota)


def test_without_limits_nothing_is_counted(world: World) -> None:
    quota = world.quota()
    world.create(quota)
    assert world.standing(quota) == (0, 0)


def test_a_request_that_comes_again_is_the_same_job_also_where_there_is_no_room(world: World) -> None:
    quota = world.quota(concurrent=1, jobs_per_day=1)
    with quota.starting(world, "ada", {"user": "ada", "idempotency_key": "k"}) as document:  # type: ignore[arg-type]
        job = a_job("job-k")
        world.table.create_job(
            replace(job, spec={**job.spec, **document}, state=JobState.RUNNING, created_at=time.time())
        )
    for _ in range(2):
        with quota.starting(world, "ada", {"user": "ada", "idempotency_key": "k"}) as document:  # type: ignore[arg-type]
            assert document["idempotency_key"] == "k"
    assert world.standing(quota) == (1, 1)
    with pytest.raises(TooManyJobs):
        world.create(quota)


# On AWS alone


def test_a_start_of_which_nothing_is_known_keeps_its_room_until_there_would_be_a_job(aws: World) -> None:
    """As when the function dies after it started an execution, or AWS does not answer."""
    quota = aws.quota(concurrent=1, jobs_per_day=5)
    for error in (StorageError("lost"), AwsUnavailable("lost")):
        aws.later += 1_000
        with pytest.raises(type(error)), quota.starting(aws, "ada", {"user": "ada"}):  # type: ignore[arg-type]
            raise error
        with pytest.raises(TooManyJobs):
            aws.create(quota)
    aws.later += 1_000
    assert aws.standing(quota)[1] == 0, "there was never a job, and nobody gave anything back"
    aws.create(quota)


def test_a_job_that_was_made_by_a_request_that_died_counts_until_it_has_ended(aws: World) -> None:
    quota = aws.quota(concurrent=1)
    job = a_job("job-x")

    def dies() -> None:
        with quota.starting(aws, "ada", {"user": "ada"}) as document:  # type: ignore[arg-type]
            aws.table.create_job(replace(job, spec={**job.spec, **document}, state=JobState.RUNNING))
            raise StorageError("the answer was lost")

    with pytest.raises(StorageError):
        dies()
    stored = aws.table.job("job-x")
    aws.later = 5_000.0
    with pytest.raises(TooManyJobs):
        aws.create(quota)
    aws.end(stored, JobState.FAILED)
    aws.create(quota)


def test_a_job_that_was_deleted_takes_no_room(aws: World) -> None:
    quota = aws.quota(concurrent=1)
    job = aws.create(quota)
    assert aws.standing(quota)[1] == 1, "which notes the job that it is"
    aws.table.delete_job(job.job_id)
    aws.create(quota)


def test_a_request_that_is_refused_takes_no_room_from_another_one_with_its_key(aws: World) -> None:
    """Else two requests with one key, of which one is refused, would start as many jobs as one likes."""
    quota = aws.quota(concurrent=1, jobs_per_day=1)
    given = {"user": "ada", "idempotency_key": "k"}
    with quota.starting(aws, "ada", given) as document:  # type: ignore[arg-type]
        with pytest.raises(InvalidJob), quota.starting(aws, "ada", given):  # type: ignore[arg-type]
            raise InvalidJob("parameters.mask is missing")
        assert aws.standing(quota) == (1, 1)
        job = a_job("job-k")
        aws.table.create_job(replace(job, spec={**job.spec, **document}, state=JobState.RUNNING))
    assert aws.standing(quota) == (1, 1)


def test_the_first_of_two_requests_with_one_key_may_be_the_one_that_is_refused(aws: World) -> None:
    quota = aws.quota(concurrent=1, jobs_per_day=1)
    given = {"user": "ada", "idempotency_key": "k"}
    first = quota.starting(aws, "ada", given)  # type: ignore[arg-type]
    first.__enter__()
    with quota.starting(aws, "ada", given) as document:  # type: ignore[arg-type]
        assert not first.__exit__(InvalidJob, InvalidJob("parameters.mask is missing"), None)
        job = a_job("job-k")
        aws.table.create_job(replace(job, spec={**job.spec, **document}, state=JobState.RUNNING))
    assert aws.standing(quota) == (1, 1)
    with pytest.raises(TooManyJobs):
        aws.create(quota)


def test_two_requests_with_one_key_that_are_both_refused_take_no_room(aws: World) -> None:
    quota = aws.quota(concurrent=1, jobs_per_day=1)
    given = {"user": "ada", "idempotency_key": "k"}
    first = quota.starting(aws, "ada", given)  # type: ignore[arg-type]
    first.__enter__()
    refusal = InvalidJob("parameters.mask is missing")
    with pytest.raises(InvalidJob), quota.starting(aws, "ada", given):  # type: ignore[arg-type]
        raise refusal
    assert not first.__exit__(InvalidJob, refusal, None)
    assert aws.standing(quota) == (0, 0)
    aws.create(quota)
