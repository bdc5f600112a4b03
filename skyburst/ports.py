"""The ports between the engine and a home: narrow seams with plain data in and out.

A home implements them (SQLite, file system and processes at home `local`; DynamoDB, S3 and Lambda at home `aws`), and
every implementation passes the same contract tests (`tests/contracts`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from skyburst.contracts.records import BatchRecord, Claim, JobRecord, Outcome, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.plan import Node


class ObjectInfo(NamedTuple):
    """One object of a store."""

    key: str
    size: int
    """Bytes."""


class Beginning(NamedTuple):
    """The beginning of an object."""

    data: bytes
    size: int
    """Bytes of the whole object."""


class Objects(Protocol):
    """Items, manifests, large partial results and results. Keys are relative, with `/`, without `..`."""

    @property
    def at_once(self) -> int:
        """Reads that are worth having in flight at a time: 1 on this machine, many where each waits for a network."""

    def put(self, key: str, data: bytes | Path) -> None:
        """Store an object, whole or not at all, over an older one."""

    def put_new(self, key: str, data: bytes) -> bool:
        """Store an object unless there is one; True when it was stored."""

    def get(self, key: str) -> bytes:
        """The whole object. Raises ObjectNotFound."""

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes `[start, end)` of the object. Raises ObjectNotFound."""

    def beginning(self, key: str, most: int) -> Beginning:
        """The first bytes of the object, at most so many, and its size: in one request. Raises ObjectNotFound."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The object as a file, which can seek, read with bounded memory. Raises ObjectNotFound."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Objects whose keys lie under the prefix, which ends at a `/`."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that do not exist are no error."""


class TaskTable(Protocol):
    """Jobs, batches and partial results. Every method is safe to call twice and from several programs.

    Methods that are given a job's id raise JobNotFound when there is no such job, iterators when they are iterated.
    """

    def create_job(self, job: JobRecord) -> JobRecord:
        """Store a new job; when its id or its specification's idempotency key was used before, return the earlier job.

        Raises IdempotencyConflict when the earlier job had another specification.
        """

    def job(self, job_id: str) -> JobRecord:
        """Raises JobNotFound."""

    def jobs(
        self, states: Collection[JobState] | None = None, *, user: str | None = None, after: str | None = None
    ) -> Iterator[JobRecord]:
        """All jobs, or some, newest first, in bounded memory.

        Args:
            states: only those in one of them.
            user: only the user's.
            after: only those that come after the job of this id. Raises JobNotFound.
        """

    def update_job(
        self, job: JobRecord, *, expected: Collection[JobState] | None = None, run: int | None = None
    ) -> bool:
        """Store a job's record (but its cancel request) if its stored state, and number of runs, is the expected one.

        Returns:
            False when it is not: somebody else changed it meanwhile.
        """

    def request_cancel(self, job_id: str, *, requested: bool = True) -> None:
        """Ask for the end of a job, or take that back. Raises JobNotFound."""

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody asked for the end of a job; cheaper than reading the job. Raises JobNotFound."""

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its batches. Raises JobNotFound."""

    def record(self, job_id: str, outcomes: Sequence[Outcome]) -> int:
        """Record partial results, each unless its batch is DONE already; the number newly DONE."""

    def record_failure(self, job_id: str, outcome: Outcome, state: BatchState, *, token: str | None = None) -> bool:
        """Note a failed attempt of a batch that is not DONE, and the state that it leaves the batch in; whether it was noted.

        With the token of a claim, only if the batch is still RUNNING by that claim: what a worker says whose batch was taken
        from it, as the job ended, was resumed, or another attempt began, is not about the batch any more.
        """

    def claim(self, job_id: str, claims: Sequence[Claim]) -> set[int]:
        """Mark batches as RUNNING; those that were granted.

        Not granted is a batch that is DONE, one whose attempt was had already, and one that runs as the same or a later
        attempt; but an invocation may claim again what it has, and what is past its deadline is free.
        """

    def release(self, job_id: str, states: Collection[BatchState], *, ended_at: float | None = None) -> None:
        """Set batches in these states to PENDING with no attempts counted, their failures kept.

        Args:
            job_id: of the job.
            states: of its batches; DONE stays DONE.
            ended_at: when attempts that RUN were ended, seconds since the epoch: what they took until then, or until their
                deadlines, counts as worker seconds. None when that is not known; then it does not.
        """

    def progress(self, job_id: str) -> Progress:
        """Counts, without reading partial results. Raises JobNotFound."""

    def batch(self, job_id: str, batch_id: int) -> BatchRecord | None:
        """One batch, or None when nothing was recorded of it."""

    def batches(self, job_id: str, states: Collection[BatchState] | None = None) -> Iterator[BatchRecord]:
        """Batches of which something was recorded, in order, in bounded memory."""

    def partial_results(self, job_id: str, first: int, last: int) -> Iterator[Stored]:
        """Partial results of the DONE batches in `[first, last)`, in order, in bounded memory."""

    def done_ranges(self, job_id: str) -> Iterator[tuple[int, int]]:
        """Half-open ranges of the DONE batches, in order."""


class Invoker(Protocol):
    """Starts managers and workers. Both return at once; what they start runs at least once."""

    def invoke_manager(self, node: Node) -> None:
        """Have the node split among its children."""

    def invoke_worker(self, node: Node) -> None:
        """Have a worker run the batch."""


Clock = Callable[[], float]
"""Seconds since the epoch."""
