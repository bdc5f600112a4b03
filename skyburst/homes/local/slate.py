"""The slate: a few shared bytes on which a worker writes what it is doing.

The driver reads it when a worker is silent or dead. A message could not tell: the worker that hangs sends none, and
a message per batch would cost more than a small batch itself.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

LAYOUT = struct.Struct("<qqddq")
IDLE = -1


class Note(NamedTuple):
    """What a worker is doing."""

    task: int
    """Number of the task, or -1 between tasks."""
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
        self._memory = mmap.mmap(descriptor, LAYOUT.size)

    @classmethod
    def create(cls) -> tuple[Slate, int]:
        """A new slate and the file descriptor to hand to the worker."""
        descriptor, path = tempfile.mkstemp(prefix="skyburst-slate-")
        Path(path).unlink()
        os.write(descriptor, LAYOUT.pack(IDLE, 0, 0.0, 0.0, 0))
        return cls(descriptor), descriptor

    def begin(self, task: int, attempt: int, log_start: int) -> None:
        """Note the start of a task."""
        LAYOUT.pack_into(self._memory, 0, task, attempt, time.monotonic(), time.time(), log_start)

    def end(self) -> None:
        """Note that no task runs."""
        LAYOUT.pack_into(self._memory, 0, IDLE, 0, 0.0, 0.0, 0)

    def read(self) -> Note | None:
        """The note, or None between tasks."""
        note = Note._make(LAYOUT.unpack_from(self._memory, 0))
        return None if note.task == IDLE else note

    def close(self) -> None:
        """Free the memory."""
        self._memory.close()
