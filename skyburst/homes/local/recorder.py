"""Records outcomes in groups: one commit, and one synchronisation of the disk, for many small batches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from skyburst.contracts.records import Outcome
from skyburst.errors import StorageFull
from skyburst.ports import TaskTable

GROUP_S = 0.05
GROUP_BYTES = 4 << 20
GROUP_ROWS = 1_000
FULL_TRIES = 5
FULL_WAIT_S = 1.0
"""A full disk is tried so often, so many seconds apart, before the job is stopped: somebody may be making room."""
Answer = TypeVar("Answer")


class Recorder:
    """Collects outcomes of one job for the task table."""

    def __init__(self, table: TaskTable, job_id: str) -> None:
        self._table = table
        self._job_id = job_id
        self._waiting: list[Outcome] = []
        self._bytes = 0
        self._flushed = time.monotonic()

    @property
    def empty(self) -> bool:
        """Whether everything is recorded."""
        return not self._waiting

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome until the next flush."""
        self._waiting.append(outcome)
        self._bytes += len(outcome.payload or b"")

    def flush_if_due(self) -> int:
        """Record what waits when that is enough or long enough; the number of batches newly DONE."""
        due = time.monotonic() - self._flushed > GROUP_S
        if not self._waiting or not (due or self._bytes > GROUP_BYTES or len(self._waiting) >= GROUP_ROWS):
            return 0
        return self.flush()

    def flush(self) -> int:
        """Record what waits; the number of batches newly DONE. Raises StorageFull."""
        done = 0
        if self._waiting:
            done = patiently(lambda: self._table.record(self._job_id, self._waiting))
            self._waiting = []
            self._bytes = 0
        self._flushed = time.monotonic()
        return done


def patiently(call: Callable[[], Answer]) -> Answer:
    """Call, again after a while when the disk is full. Raises StorageFull at last."""
    for _ in range(FULL_TRIES - 1):
        try:
            return call()
        except StorageFull:
            time.sleep(FULL_WAIT_S)
    return call()
