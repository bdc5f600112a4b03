"""Records of jobs and batches: what the task table keeps and what the interfaces show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from skyburst.contracts.states import BatchState, JobState

if TYPE_CHECKING:
    from pathlib import Path


REFUSED = "Refused"
"""Kind of the failure of an analysis that cannot list items for the parameters it was given, and says why."""


class Failure(NamedTuple):
    """Why one attempt at a batch failed."""

    kind: str
    """Name of the exception, or one of `Killed`, `TimedOut`, `OutOfMemory`, `NotJson`, `StorageFull`, `Refused`; of an
    environment also `CommandFailed`, `ImageNotPulled`, `NeverStarted`, `NotSubmitted`, `Terminated`, `EnvironmentFailed`."""
    message: str
    """One sentence."""
    traceback: str = ""
    """The developer's part of the traceback, when there is one."""
    exit_code: int | None = None
    """Of the command or the environment that failed; None where there is none."""


ENVIRONMENTS = -1
"""In place of the number of a lane: of a batch that ran in an environment."""


class Delivery(NamedTuple):
    """How one attempt at a batch came to its worker."""

    lane: int
    """Number of the lane at home `aws`, or `ENVIRONMENTS`; of the worker process at home `local`."""
    sent_at: float
    """When the worker was invoked, or its process was sent the batch; seconds since the epoch."""
    cold_s: float
    """Seconds of the time since then in which the worker itself had to start; 0 when it was up."""
    machine: dict[str, Any] | None = None
    """Of an environment at home `aws`, `{"type", "id", "zone", "spot"}` as far as it is known."""


class Outcome(NamedTuple):
    """How one attempt at a batch ended, as a worker reports it."""

    batch_id: int
    attempt: int
    """1 for the first attempt."""
    items: int
    """Items in the batch."""
    payload: bytes | None
    """The stored partial result when it is small."""
    reference: str | None
    """Key of the object that holds the stored partial result when it is large."""
    size: int
    """Bytes of the stored partial result."""
    item_errors: list[dict[str, Any]] | None
    """`{"item", "error"}` of items that could not be used."""
    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """Wall-clock seconds from the start of the batch to the stored partial result."""
    peak_memory_mb: float
    """Largest resident memory of the worker's process up to now, in MiB."""
    log: tuple[str, int, int] | None
    """Name of the log and the range of its bytes that the batch wrote."""
    failure: Failure | None
    """None when the partial result was stored."""
    delivery: Delivery | None = None
    """None when nothing is known of it."""


class Claim(NamedTuple):
    """A batch that a worker has."""

    batch_id: int
    attempt: int
    started_at: float
    """Seconds since the epoch."""
    deadline: float
    """Seconds since the epoch; past it the batch is lost."""
    token: str = ""
    """Of the invocation: one that is delivered once more, because its environment died, may claim its batch again."""


class Missing(NamedTuple):
    """A range of batches that have no partial result."""

    first: int
    """Number of the first batch."""
    last: int
    """Number of the last batch, inclusive."""
    start: int
    """Number of the first item."""
    end: int
    """Number of the item after the last."""
    reason: str


class Stored(NamedTuple):
    """A stored partial result, as the task table hands it to a combiner."""

    batch_id: int
    payload: bytes | None
    reference: str | None


@dataclass(slots=True)
class BatchRecord:
    """What the task table knows of one batch, without its partial result."""

    batch_id: int
    state: BatchState
    attempt: int
    """Attempts so far."""
    items: int = 0
    size: int = 0
    """Bytes of the stored partial result."""
    started_at: float | None = None
    """Start of the last attempt, seconds since the epoch."""
    seconds: float | None = None
    """Duration of the last attempt."""
    deadline: float | None = None
    """While RUNNING: when it counts as lost, seconds since the epoch."""
    peak_memory_mb: float | None = None
    log: tuple[str, int, int] | None = None
    delivery: Delivery | None = None
    """Of the last attempt that ended."""
    failures: list[Failure] = field(default_factory=list)
    """One for each failed attempt, oldest first."""
    item_errors: list[dict[str, Any]] = field(default_factory=list)
    failed_as: str | None = field(default=None, compare=False)
    """Kind of the failure of the last attempt, where that is known without reading the failures: at home `aws`."""


@dataclass(slots=True)
class Progress:
    """How far a job is."""

    state: JobState
    batches: int = 0
    """All batches of the job; 0 while it is being planned."""
    done: int = 0
    failed: int = 0
    running: int = 0
    items: int = 0
    """All items of the job."""
    items_done: int = 0
    item_errors: int = 0
    """Items that could not be used."""
    retries: int = 0
    """Attempts that failed and were repeated."""
    elapsed_s: float = 0.0
    """Since the job started or was resumed."""
    items_per_s: float = 0.0
    """Over the time since the job started or was resumed."""
    seconds_left: float | None = None
    """Estimated; None while nothing is known."""
    worker_seconds: float = 0.0
    """Seconds that workers were busy, over all attempts and runs."""

    @property
    def fraction(self) -> float:
        """Share of the batches that have ended, 0 to 1."""
        return (self.done + self.failed) / self.batches if self.batches else float(self.state.finished)


@dataclass(slots=True)
class JobRecord:
    """What the task table knows of one job."""

    job_id: str
    spec: dict[str, Any]
    """The job specification as it was submitted."""
    analysis: dict[str, Any]
    """`{"name", "version", "location", "code", "digest", "blueprint", ...}` of the analysis at the time of submission."""
    parameters: dict[str, Any]
    """All parameters, defaults and absolute paths filled in."""
    state: JobState
    reason: str = ""
    """Why the job is in this state, one sentence."""
    created_at: float = 0.0
    """Seconds since the epoch, as all times here."""
    started_at: float | None = None
    finished_at: float | None = None
    items: dict[str, Any] | None = None
    """Where the items are: a range or a stored manifest; with the `batch_size` that fits them, if who listed them gave one."""
    plan: dict[str, Any] | None = None
    cancel_requested: bool = False
    runs: int = 0
    """How many times the job was started or resumed."""
    run_began: dict[str, Any] | None = None
    """`{"at", "items", "batches"}`: when the last run began to work, and how many had ended before; at home `aws` with the
    `execution` that has it, and `reserved` when a budget keeps something for it."""
    outcome: dict[str, Any] | None = None
    """After the end: `{"missing", "item_errors", "files", "checksums", "summary", "size", "failure", "counts"}`."""

    @property
    def batch_size(self) -> int | None:
        """Items to be given to one worker at a time: as specified, as fits the listed items, as in the blueprint, or None."""
        if self.analysis["blueprint"].get("command") is not None:  # each dataset has an environment
            return 1
        listed = (self.items or {}).get("batch_size")
        size: int | None = self.spec.get("batch_size") or listed or self.analysis["blueprint"]["job"]["batch_size"]
        return size

    @property
    def refused(self) -> bool:
        """True when the analysis refused what it was given, before there were any batches; `reason` is what it said."""
        failure = (self.outcome or {}).get("failure")
        return failure is not None and failure[0] == REFUSED


@dataclass(slots=True, frozen=True)
class Result:
    """What a job found."""

    value: Any
    """The result: any JSON value."""
    state: JobState
    job_id: str
    missing: list[Missing]
    """Batches that are not in the result, and why; empty when the result is complete."""
    item_errors: list[dict[str, Any]]
    """`{"item", "error"}` of items that could not be used (the first thousand)."""
    files: Mapping[str, Path]
    """Result files by name."""
