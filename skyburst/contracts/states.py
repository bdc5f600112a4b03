"""The states of jobs and batches."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life."""

    PENDING = "PENDING"
    """Accepted; nothing has started."""
    RUNNING = "RUNNING"
    """Workers are running batches."""
    COMBINING = "COMBINING"
    """All batches have ended; the combiner is running, or the second stage."""
    SUCCEEDED = "SUCCEEDED"
    """Every batch is done and the result is complete."""
    PARTIAL = "PARTIAL"
    """The combiner ran; some batches are missing, within the tolerated share."""
    FAILED = "FAILED"
    """Too many batches failed, or the combiner or the second stage did."""
    TIMED_OUT = "TIMED_OUT"
    """The job's `timeout_s` passed before all batches were done."""
    CANCELLED = "CANCELLED"
    """Somebody cancelled it."""

    @property
    def finished(self) -> bool:
        """True when nothing more happens to the job unless it is resumed."""
        return self not in UNFINISHED


UNFINISHED: Collection[JobState] = (JobState.PENDING, JobState.RUNNING, JobState.COMBINING)
"""States of jobs that go on."""


class BatchState(StrEnum):
    """Where a batch is in its life."""

    PENDING = "PENDING"
    """Not started, or waiting for its next attempt."""
    RUNNING = "RUNNING"
    """A worker has it."""
    DONE = "DONE"
    """Its partial result is recorded."""
    FAILED = "FAILED"
    """All its attempts failed."""
    LOST = "LOST"
    """Its worker stopped reporting; it will be sent again."""
