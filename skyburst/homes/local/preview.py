"""Looks at what a running job has found so far, in a process of its own: the developer's combiner must not stop a watcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from skyburst.contracts.records import JobRecord
from skyburst.errors import JobFailed
from skyburst.homes.local.home import LocalHome
from skyburst.homes.local.pool import Events, Pool, Request

WAIT_S = 0.1
EVERY_S = 2.0


class Preview:
    """Combines the partial results so far, as often as it is asked; enter it to have the process ended at the end.

    Args:
        home: that has the job.
        job: which one.
        ending: called at the end.
        environment: variables that the process has besides those of this one.
    """

    every_s = EVERY_S

    def __init__(
        self,
        home: LocalHome,
        job: JobRecord,
        ending: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._home = home
        self._job = job
        config = {**home.worker_config(job), "run": "preview", "environment": dict(environment or {})}
        self._pool = Pool(config, 1, home.logs(job.job_id))
        self._timeout_s: float = job.analysis["blueprint"]["resources"]["combiner_timeout_s"]
        self._asked = 0
        self._waiting: list[Request] = []
        self._ending = ending

    def __enter__(self) -> Preview:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._pool.close()
        self._ending()

    def look(self) -> Any:
        """The combined value so far, unfinished.

        Raises:
            JobFailed: when the combiner failed.
        """
        self.begin(whole=True)
        while (found := self.poll(WAIT_S)) is None:
            continue
        return found[0]

    def begin(self, *, whole: bool = False) -> None:
        """Ask for a look; `poll` has the answer later. Only a whole look has the value whatever its size."""
        self._asked += 1
        plan = self._home.table.job(self._job.job_id).plan
        context: dict[str, Any] = {"plan": plan, "missing": [], "item_errors": []}
        self._waiting = [["preview", self._asked, context, whole, self._timeout_s]]

    def poll(self, wait_s: float = 0.0) -> tuple[Any, list[str]] | None:
        """The value and its summary lines, or None while there is no answer.

        Raises:
            JobFailed: when the combiner failed.
        """
        events = self._pool.step(lambda: self._waiting.pop() if self._waiting else None, wait_s, ahead=False)
        self._waiting.extend(events.returned)
        return self._take(events)

    def _take(self, events: Events) -> tuple[Any, list[str]] | None:
        failure = events.broken
        for _, answer, failed in events.answers:
            if failed is None:
                return answer[0], answer[1]
            failure = failed
        if failure:
            raise JobFailed(
                f"what was found so far cannot be combined: {failure.kind}: {failure.message}",
                job_id=self._job.job_id,
            )
        return None
