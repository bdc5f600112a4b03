"""How many jobs a user may start in a day, and run at once: at home `local`, counted in the task table under a lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from filelock import FileLock

from skyburst.contracts.records import JobRecord
from skyburst.errors import TooManyJobs
from skyburst.homes.home import Home

DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much each user may do; None for no limit."""

    jobs_per_day: int | None = None
    concurrent: int | None = None


class Standing(NamedTuple):
    """How much a user does."""

    today: int
    """Jobs that were started in the last 24 hours."""
    running: int
    """Jobs that have not ended."""


class Quota(Protocol):
    """Keeps users to what is allowed, also when requests come at once."""

    allowed: Allowed

    def standing(self, home: Home, user: str | None) -> Standing:
        """How much a user does; zeros where nothing is limited."""

    def starting(
        self, home: Home, user: str | None, document: Mapping[str, Any]
    ) -> AbstractContextManager[Mapping[str, Any]]:
        """Entered, there is room for a job, until it has ended or turns out not to have been made.

        Args:
            home: where it will run.
            user: whose it is.
            document: its specification; what is entered is the one to make the job of.

        Raises:
            TooManyJobs: when the user has as many as is allowed.
        """

    def resuming(self, home: Home, user: str | None, job: JobRecord) -> AbstractContextManager[None]:
        """Entered, there is room for a job that has ended to go on. Raises TooManyJobs."""


def refuse_too_many(allowed: Allowed, standing: Standing, *, starts: bool = True) -> None:
    """Raise TooManyJobs when one more is not allowed; `starts` says whether it is a new one. Pure."""
    if allowed.concurrent is not None and standing.running >= allowed.concurrent:
        raise TooManyJobs(
            f"{standing.running} of your jobs run, and {allowed.concurrent} may at once: wait for one to end, or cancel one"
        )
    if starts and allowed.jobs_per_day is not None and standing.today >= allowed.jobs_per_day:
        raise TooManyJobs(
            f"you started {standing.today} jobs in the last 24 hours, and may start {allowed.jobs_per_day}: "
            "try again tomorrow, or ask who runs this server"
        )


class LocalQuota:
    """The quota of jobs in a state folder.

    Args:
        folder: where the lock is.
        allowed: how much each user may do.
        clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, allowed: Allowed = Allowed(), clock: Callable[[], float] = time.time) -> None:
        self.allowed = allowed
        self._folder, self._clock = folder, clock

    def standing(self, home: Home, user: str | None) -> Standing:
        """How much a user does."""
        if self.allowed == Allowed():
            return Standing(0, 0)
        now = self._clock()
        mine = [job for job in home.table.jobs() if job.spec.get("user") == user]
        return Standing(sum(now - job.created_at < DAY_S for job in mine), sum(not job.state.finished for job in mine))

    @contextmanager
    def starting(self, home: Home, user: str | None, document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Entered, nobody else starts a job, where anything is limited."""
        with self._lock():
            if not self._is_there(home, document.get("idempotency_key")):
                refuse_too_many(self.allowed, self.standing(home, user))
            yield document

    def _is_there(self, home: Home, key: Any) -> bool:
        """Whether the job of a request that comes again is there: it takes no more room."""
        limited = key is not None and self.allowed != Allowed()
        return limited and any(job.spec.get("idempotency_key") == key for job in home.table.jobs())

    @contextmanager
    def resuming(self, home: Home, user: str | None, job: JobRecord) -> Iterator[None]:
        """Entered, nobody else starts a job, where anything is limited."""
        with self._lock():
            if job.state.finished:
                refuse_too_many(self.allowed, self.standing(home, user), starts=False)
            yield

    def _lock(self) -> AbstractContextManager[Any]:
        """Two requests at once must not both be the last one allowed."""
        return nullcontext() if self.allowed == Allowed() else FileLock(self._folder / "limits.lock")
