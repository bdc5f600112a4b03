"""The slate: a few shared bytes on which a worker writes what it is doing.

The driver reads it when a worker is silent or dead. A message could not tell: the worker that hangs sends none, and
a message per batch would cost more than a small batch itself.

The driver reads while the worker writes. Each field is one aligned word, which is written whole; the task's number is
written last and read twice, so that a note never has the times of another task.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TASK, ATTEMPT, STARTED_NS, STARTED_AT_NS, LOG_START = range(5)
SIZE = 5 * 8
IDLE = -1


class Note(NamedTuple):
    """What a worker is doing."""

    task: int
    """Number of the task."""
    attempt: int
    started: float
    """On the clock of `time.monotonic`."""
    started_at: float
    """Seconds since the epoch."""
    log_start: int
    """Position in the worker's log at which the task began."""


class Slate:
    """Shared memory for one note."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)
        self._words = memoryview(self._memory).cast("q")

    @classmethod
    def create(cls) -> tuple[Slate, int]:
        """A new slate and the file descriptor to hand to the worker."""
        descriptor, path = tempfile.mkstemp(prefix="skyburst-slate-")
        Path(path).unlink()
        os.write(descriptor, bytes(SIZE))
        slate = cls(descriptor)
        slate.end()
        return slate, descriptor

    def begin(self, task: int, attempt: int, log_start: int) -> None:
        """Note the start of a task."""
        words = self._words
        words[ATTEMPT] = attempt
        words[STARTED_NS] = time.monotonic_ns()
        words[STARTED_AT_NS] = time.time_ns()
        words[LOG_START] = log_start
        words[TASK] = task

    def end(self) -> None:
        """Note that no task runs."""
        self._words[TASK] = IDLE

    def read(self) -> Note | None:
        """The note, or None between tasks."""
        words = self._words
        task, attempt, started_ns, started_at_ns, log_start = words
        if task == IDLE or words[TASK] != task:
            return None
        return Note(task, attempt, started_ns / 1e9, started_at_ns / 1e9, log_start)

    def close(self) -> None:
        """Free the memory."""
        self._words.release()
        self._memory.close()
