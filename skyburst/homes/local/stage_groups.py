"""What the driver knows of the groups of a second stage: which to run now, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from skyburst.contracts.records import Failure
from skyburst.engine.plan import make_plan
from skyburst.engine.stage import TaskGroup, may_run_again, placed
from skyburst.engine.watch import retry_delay
from skyburst.homes.local.pending import Pending
from skyburst.homes.local.pool import Events, Request


class StageGroups:
    """Hands out the groups of a job's second stage, each again as often as it may when it failed.

    Args:
        job_id: of the job.
        groups: at least one.
        attempts: at a group.
        timeout_s: seconds that one attempt may take.
    """

    def __init__(self, job_id: str, groups: Sequence[TaskGroup], *, attempts: int, timeout_s: float) -> None:
        self._job_id = job_id
        self._groups = groups
        self._attempts = attempts
        self._timeout_s = timeout_s
        self._pending = Pending(make_plan(len(groups), 1))
        self._running: dict[int, int] = {}
        self._left = len(groups)

    @property
    def done(self) -> bool:
        """Whether all groups are."""
        return self._left == 0

    def next(self) -> Request | None:
        """The next group, as a request to a worker process; None when there is none for now."""
        found = self._pending.next(time.monotonic())
        if found is None:
            return None
        number, attempt = found
        self._running[number] = attempt
        return ["stage", number, "group", list(self._groups[number]), attempt, self._timeout_s, self._timeout_s]

    def take(self, events: Events) -> Failure | None:
        """Note what happened; why a group has failed for good, if one has."""
        for request in events.returned:
            self._pending.again(request[1], self._running[request[1]])
        for number, told, ended in events.answers:
            attempt, group = self._running[number], self._groups[number]
            failure = placed(ended, group) if ended else Failure(*told) if told else None
            if failure is None:
                self._left -= 1
            elif may_run_again(failure, attempt, self._attempts):
                due = time.monotonic() + retry_delay(self._job_id, number, attempt)
                self._pending.retry(number, attempt + 1, due)
            else:
                return failure
        return None
