"""How many jobs users start and run, in DynamoDB: one item for each user, which is written only as it was read.

What is noted of a job is a claim on room, and the job itself decides how long it lasts: each look asks the table of jobs what
has become of those that run. So nothing has to be given back, and nothing is lost when a function, or a job, dies in between. A
new job is known by its idempotency key before there is a job: the planner stores both together, or neither.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from skyburst.contracts.records import JobRecord
from skyburst.errors import AwsUnavailable, Conflict, Invalid, JobFailed, NotFound, StorageError
from skyburst.homes.aws.calls import Calls, ConditionFailed, Item
from skyburst.homes.aws.rows import number, whole
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.home import Home
from skyburst.web.quota import DAY_S, Allowed, Standing, refuse_too_many

UNPLANNED_S = 900.0
"""A job is stored within seconds of its start; one that is not there after so long will not be."""
RESUMED_S = 60.0
"""A job that is resumed runs by then, or stayed as it was."""
CONTENDED_S = 10.0
"""For so long a write is tried again that others were faster than."""
LONGEST_PAUSE_S = 0.2
LIMITS = "limits#"


class Claim(msgspec.Struct):
    """Room for a job that runs, or will."""

    until: float
    """Kept until then, whatever is known of the job."""
    job: str | None = None
    """Its id, once it is known."""
    requests: int = 1
    """How many have started it that may still succeed: of those with one key, one may be refused and another not."""
    started_at: float | None = None
    """When it was, as it is noted among the starts."""


class Noted(msgspec.Struct):
    """What is stored of a user."""

    starts: list[float] = []
    """When jobs were started, those of the last day."""
    running: dict[str, Claim] = {}
    """By idempotency key, or by what a resumed job is known by."""


class DynamoQuota:
    """The quota of a deployment's users.

    Args:
        calls: of DynamoDB.
        table: name of the table `web`.
        jobs: opens the task table.
        allowed: how much each user may do.
        clock: seconds since the epoch.
        sleep: waits.
    """

    def __init__(
        self, calls: Calls, table: str, jobs: Callable[[], DynamoTaskTable], allowed: Allowed, *,
        clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.allowed = allowed
        self._calls, self._table, self._jobs = calls, table, jobs
        self._clock, self._sleep = clock, sleep

    def standing(self, home: Home, user: str | None) -> Standing:
        """How much a user does."""
        del home
        if self.allowed == Allowed():
            return Standing(0, 0)
        return _standing(self._known(user)[1])

    @contextmanager
    def starting(self, home: Home, user: str | None, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Entered, there is room for a job. What was refused has had none."""
        del home
        if self.allowed == Allowed():
            yield document
            return
        key = document.get("idempotency_key") or f"api-{secrets.token_hex(16)}"
        now = self._clock()
        added = isinstance(key, str) and self._claim(user, key, Claim(now + UNPLANNED_S, started_at=now), starts_at=now)
        try:
            yield {**document, "idempotency_key": key}
        except (Invalid, NotFound, Conflict, JobFailed) as error:
            # Of these there is no job. Whatever else goes wrong, as when AWS does not answer, there may be one.
            if added and not isinstance(error, AwsUnavailable):
                self._give_back(user, key)
            raise

    @contextmanager
    def resuming(self, home: Home, user: str | None, job: JobRecord) -> Iterator[None]:
        """Entered, there is room for a job that has ended to go on."""
        del home
        if self.allowed != Allowed() and job.state.finished:
            self._claim(user, f"resumed#{job.job_id}", Claim(self._clock() + RESUMED_S, job.job_id), starts_at=None)
        yield

    def _claim(self, user: str | None, key: str, claim: Claim, *, starts_at: float | None) -> bool:
        """Note a claim; False when there is no need of one, as its job is there already. Raises TooManyJobs."""
        for _ in self._tries():
            version, noted = self._known(user)
            found = noted.running.get(key)
            if starts_at is not None and found is not None and found.job is None:
                # Another request is about to start it. If that one is refused, this one needs the room.
                found.requests += 1
                found.until = max(found.until, claim.until)
            elif found is not None or (starts_at is not None and self._jobs().jobs_of_keys([key])):
                return False
            else:
                refuse_too_many(self.allowed, _standing(noted), starts=starts_at is not None)
                noted.running[key] = claim
                if starts_at is not None:
                    noted.starts.append(starts_at)
            if self._written(user, version, noted):
                return True
        raise self._busy(user)

    def _give_back(self, user: str | None, key: str) -> None:
        """Take a request's share in a claim away; the last one takes the claim along, and the start that was counted."""
        for _ in self._tries():
            version, noted = self._read(user)
            claim = noted.running.get(key)
            if claim is None or claim.job is not None:
                return
            claim.requests -= 1
            if claim.requests < 1:
                del noted.running[key]
                if claim.started_at in noted.starts:
                    noted.starts.remove(claim.started_at)
            if self._written(user, version, noted):
                return
        raise self._busy(user)

    def _known(self, user: str | None) -> tuple[int, Noted]:
        """What is noted now, and its version. Which jobs there are is noted at once: those that are deleted later are over."""
        version, before = self._read(user)
        noted = self._looked(before, self._clock())
        jobs = {claim.job for claim in noted.running.values()} - {claim.job for claim in before.running.values()}
        if jobs and self._written(user, version, noted):
            version += 1
        return version, noted

    def _looked(self, noted: Noted, now: float) -> Noted:
        """What is noted, without what is over."""
        table = self._jobs()
        found = table.jobs_of_keys([key for key, claim in noted.running.items() if claim.job is None])
        # Of a job that is there, the job says when it is over.
        claims = noted.running | {key: Claim(0.0, job_id) for key, job_id in found.items()}
        states = table.states([claim.job for claim in claims.values() if claim.job is not None])
        running = {
            key: claim
            for key, claim in claims.items()
            if now < claim.until or (claim.job in states and not states[claim.job].finished)
        }
        return Noted([at for at in noted.starts if now - at < DAY_S], running)

    def _read(self, user: str | None) -> tuple[int, Noted]:
        item = self._calls.get(self._table, _key(user))
        if item is None:
            return 0, Noted()
        return whole(item, "version"), msgspec.json.decode(item["noted"]["S"], type=Noted)

    def _written(self, user: str | None, version: int, noted: Noted) -> bool:
        """Store what is noted, unless it was changed since it was read."""
        item: Item = {
            **_key(user), "version": number(version + 1), "noted": {"S": msgspec.json.encode(noted).decode()},
        }  # fmt: skip
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#id)"}
        names = {"#id": "id"}
        if version:
            condition = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeValues": {":version": number(version)},
            }
            names = {"#version": "version"}
        try:
            self._calls.call(
                "put_item", self._table, TableName=self._table, Item=item, ExpressionAttributeNames=names, **condition
            )
        except ConditionFailed:
            return False
        return True

    def _tries(self) -> Iterator[None]:
        """As many as fit, with pauses between them that grow."""
        end, pause = time.monotonic() + CONTENDED_S, 0.01
        while True:
            yield
            if time.monotonic() > end:
                return
            self._sleep(random.uniform(0, pause))  # noqa: S311 - jitter
            pause = min(LONGEST_PAUSE_S, 2 * pause)

    def _busy(self, user: str | None) -> StorageError:
        return StorageError(f"the limits of {user or 'this deployment'} in the table {self._table} are busy: try again")


def _standing(noted: Noted) -> Standing:
    return Standing(len(noted.starts), len(noted.running))


def _key(user: str | None) -> Item:
    return {"id": {"S": f"{LIMITS}{user or ''}"}}
