"""What one job used, from its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from skyburst.contracts.records import BatchRecord, JobRecord, Progress

NOBODY = "-"
"""Group or user of a job that names none."""


@dataclass(frozen=True, slots=True)
class JobUsage:
    """What one job used. Times are seconds since the epoch."""

    job_id: str
    analysis: str
    version: str
    group: str
    user: str
    state: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    runs: int
    items: int
    items_done: int
    batches: int
    done: int
    failed: int
    retries: int
    worker_seconds: float
    """Of all attempts, over all workers."""
    elapsed_seconds: float
    """Of the last run, from when it began to work; the time between runs is nobody's."""
    cost: float | None
    """USD that were paid, which is nothing at home `local`; None when it is not known."""
    on_aws: float | None
    """USD that it costs on AWS, as budgets count it: at home `local` what it would have cost there; None when it is not known."""

    @property
    def parallelism(self) -> float:
        """Workers that were busy at a time, on average; 0 of a job that has not run."""
        return self.worker_seconds / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "parallelism": round(self.parallelism, 3)}


def usage_of(job: JobRecord, counts: Progress, cost: float | None, on_aws: float | None, now: float) -> JobUsage:
    """What a job used up to now.

    Args:
        job: its record.
        counts: of its batches.
        cost: USD that were paid, if it is known.
        on_aws: USD that it costs on AWS, likewise.
        now: seconds since the epoch.
    """
    began = (job.run_began or {}).get("at") or job.started_at
    ended = job.finished_at or (now if began is not None else None)
    return JobUsage(
        job.job_id, job.analysis["name"], job.analysis.get("version", ""), job.spec.get("group") or NOBODY,
        job.spec.get("user") or NOBODY, str(job.state), job.created_at, job.started_at, job.finished_at, job.runs,
        counts.items, counts.items_done, counts.batches, counts.done, counts.failed, counts.retries,
        round(counts.worker_seconds, 3), round(max(0.0, ended - began), 3) if began and ended else 0.0, cost,
        on_aws,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs are asked for; None for all."""

    group: str | None = None
    user: str | None = None
    analysis: str | None = None
    since: float | None = None
    """Created then or later, seconds since the epoch."""
    until: float | None = None
    """Created before."""

    def has(self, job: JobRecord) -> bool:
        """Whether a job is one of them."""
        return (
            (self.group is None or (job.spec.get("group") or NOBODY) == self.group)
            and (self.user is None or (job.spec.get("user") or NOBODY) == self.user)
            and (self.analysis is None or job.analysis["name"] == self.analysis)
            and (self.since is None or job.created_at >= self.since)
            and (self.until is None or job.created_at < self.until)
        )


def intervals_of(batches: Iterator[BatchRecord], now: float) -> Iterator[tuple[float, float]]:
    """When the last attempt at each batch ran, begin and end; one that runs now has not ended."""
    for batch in batches:
        if batch.started_at is None:
            continue
        if batch.seconds is not None:
            yield batch.started_at, batch.started_at + batch.seconds
        elif batch.state == "RUNNING":
            yield batch.started_at, max(now, batch.started_at)
