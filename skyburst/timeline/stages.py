"""Stages: what happened in the last run of a job, made of its batches and of the spans of the engine. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from skyburst.contracts.records import ENVIRONMENTS, BatchRecord, JobRecord
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import BatchState

ENDED = (BatchState.DONE, BatchState.FAILED)
LEAST_TO_COMPARE = 5
DEVIATIONS = 2.0
FACTOR = 1.5
"""A straggler ran longer than the median by more than two standard deviations, as burst-compute's timeline has it, and by
half: where all batches run alike, none of them is one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that was done. Times are seconds since the epoch."""

    part: Part
    name: str
    """Such as `batch 17` or `batches 0-100`."""
    queued_at: float
    """When it was sent; when it started if nothing is known of that."""
    cold_at: float
    """When its environment began to start; when it started if it was up."""
    started_at: float
    ended_at: float
    level: int = 0
    """Of the tree of managers, or of combining."""
    lane: int = 0
    """Of a worker: its lane at home `aws`, `ENVIRONMENTS` of one in an environment, its worker process at home `local`."""
    batch: int | None = None
    state: BatchState | None = None
    """Of a batch."""
    attempt: int = 0
    """Of a batch: its last attempt is the one shown."""
    reason: str = ""
    """Of a batch whose last attempt failed."""
    log: str = ""
    """Of a batch: where its log is."""
    peak_memory_mb: float = 0.0
    """Of a batch, in MiB; 0 when it is not known."""
    straggler: bool = False

    @property
    def queued_s(self) -> float:
        """Seconds from when it was sent until its environment had it."""
        return max(0.0, self.cold_at - self.queued_at)

    @property
    def cold_s(self) -> float:
        """Seconds that its environment took to start."""
        return max(0.0, self.started_at - self.cold_at)

    @property
    def seconds(self) -> float:
        """Seconds that it took itself."""
        return max(0.0, self.ended_at - self.started_at)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The last run of a job."""

    job: JobRecord
    home: str
    """Name of the home where it ran."""
    began_at: float
    """Seconds since the epoch."""
    ended_at: float
    """Of a job that has not ended: when this was made."""
    stages: list[Stage]
    """By the time they were sent."""
    earlier: int
    """Batches that had ended in earlier runs."""
    unknown: int
    """Batches that have ended and of whose times nothing is known."""

    def of(self, *parts: Part) -> list[Stage]:
        """The stages of some parts."""
        return [stage for stage in self.stages if stage.part in parts]


def timeline_of(
    job: JobRecord, home: str, batches: Iterable[BatchRecord], spans: Sequence[Span], *, now: float
) -> Timeline:
    """What happened in the last run of a job.

    Args:
        job: the job; `run_began` says when its last run began to work.
        home: name of the home where it runs.
        batches: all of its batches of which something was recorded.
        spans: those of its last run.
        now: seconds since the epoch: until when what has not ended was going on.
    """
    ended_at = job.finished_at or now
    worked_at = (job.run_began or {"at": job.started_at or job.created_at})["at"]
    began_at = min([worked_at, *(span.started_at - span.cold_s for span in spans)])
    stages = [_of_span(span) for span in spans]
    timed_apart = {stage.batch for stage in stages}
    earlier = unknown = 0
    lane = ENVIRONMENTS if (job.analysis.get("compute") or {}).get("environment") else 0
    for batch in batches:
        if batch.started_at is None:
            unknown += batch.state in ENDED and batch.batch_id not in timed_apart
        elif batch.started_at < began_at:
            earlier += batch.state in ENDED
        else:
            stages.append(_of_batch(batch, ended_at, lane))
    stages.sort(key=lambda stage: (stage.queued_at, stage.batch or 0, stage.name))
    return Timeline(job, home, began_at, ended_at, _with_stragglers(stages), earlier, unknown)


def _with_stragglers(stages: list[Stage]) -> list[Stage]:
    """Stages with their stragglers marked; failed and running batches are compared too."""
    seconds = [stage.seconds for stage in stages if stage.part is Part.WORKER]
    if len(seconds) < LEAST_TO_COMPARE:
        return stages
    median = statistics.median(seconds)
    limit = max(median + DEVIATIONS * statistics.pstdev(seconds), FACTOR * median)
    return [
        replace(stage, straggler=True) if stage.part is Part.WORKER and stage.seconds > limit else stage
        for stage in stages
    ]


def _of_span(span: Span) -> Stage:
    cold_at = span.started_at - span.cold_s
    queued_at = span.started_at - span.cold_s if span.sent_at is None else min(span.sent_at, cold_at)
    is_batch = span.part is Part.WORKER
    return Stage(
        span.part, _name(span), queued_at, cold_at, span.started_at, span.ended_at, span.level, span.lane,
        batch=int(span.name) if is_batch else None, state=BatchState.DONE if is_batch else None, attempt=int(is_batch),
    )  # fmt: skip


def _name(span: Span) -> str:
    match span.part:
        case Part.PLAN:
            return "plan"
        case Part.ITEMS:
            return "list items"
        case Part.MANAGER:
            _, first, last = span.name.split("-")
            return f"batches {first}-{last}"
        case Part.WORKER:
            return f"batch {span.name}"
        case Part.WATCH:
            return "driver" if span.name == "driver" else "watcher"
        case Part.GROUP:
            return f"group {span.name}"
        case Part.STAGE:
            return "second stage" if span.name == "all" else f"tasks {span.name}"
        case Part.COMBINE:
            return "combiner"


def _of_batch(batch: BatchRecord, now: float, lane: int) -> Stage:
    """A batch; `lane` is where one runs of which that is not recorded yet."""
    assert batch.started_at is not None
    started_at, delivery = batch.started_at, batch.delivery
    running = batch.state is BatchState.RUNNING
    ended_at = now if running or batch.seconds is None else started_at + batch.seconds
    cold_at = queued_at = started_at
    if delivery is not None and not running:  # what is known of a running batch is of an attempt before
        cold_at = started_at - delivery.cold_s
        queued_at = min(delivery.sent_at, cold_at)
    failed = batch.failures and batch.state is not BatchState.DONE
    return Stage(
        Part.WORKER, f"batch {batch.batch_id}", queued_at, cold_at, started_at, ended_at,
        lane=delivery.lane if delivery else lane, batch=batch.batch_id, state=batch.state, attempt=batch.attempt,
        reason=f"{batch.failures[-1].kind}: {batch.failures[-1].message}" if failed else "",
        log=batch.log[0] if batch.log else "", peak_memory_mb=batch.peak_memory_mb or 0.0,
    )  # fmt: skip
