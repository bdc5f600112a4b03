"""Sums over jobs: by analysis, user, group, day, month or state."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from skyburst.usage.jobs import JobUsage

BY = ("analysis", "group", "user", "state", "month", "day", "job")
FORMATS = {"month": "%Y-%m", "day": "%Y-%m-%d"}
TOTAL = "all"


@dataclass(slots=True)
class Sum:
    """What some jobs used together."""

    name: str
    jobs: int = 0
    succeeded: int = 0
    items: int = 0
    """That are done."""
    batches: int = 0
    """That are done."""
    failed: int = 0
    """Batches."""
    retries: int = 0
    worker_seconds: float = 0.0
    elapsed_seconds: float = 0.0
    cost: float = 0.0
    """USD that were paid, of the jobs of which it is known."""
    on_aws: float = 0.0
    """USD on AWS, as budgets count them, of the jobs of which it is known; at home `local` nothing of it was paid."""
    unknown_cost: int = 0
    """Jobs of which it is not."""

    def add(self, job: JobUsage) -> None:
        """Count a job."""
        self.jobs += 1
        self.succeeded += job.state == "SUCCEEDED"
        self.items += job.items_done
        self.batches += job.done
        self.failed += job.failed
        self.retries += job.retries
        self.worker_seconds += job.worker_seconds
        self.elapsed_seconds += job.elapsed_seconds
        self.cost += job.cost or 0.0
        self.on_aws += job.on_aws or 0.0
        self.unknown_cost += job.on_aws is None

    @property
    def parallelism(self) -> float:
        """Workers that were busy at a time, on average over the time that jobs ran."""
        return self.worker_seconds / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        seconds = {name: round(found[name], 3) for name in ("worker_seconds", "elapsed_seconds")}
        return {
            **found,
            **seconds,
            "cost": round(self.cost, 6),
            "on_aws": round(self.on_aws, 6),
            "parallelism": round(self.parallelism, 3),
        }


def summed(jobs: Iterable[JobUsage], by: str) -> list[Sum]:
    """One sum for each value of `by`, by its name, and that of all jobs last.

    Args:
        jobs: what they used.
        by: one of `BY`; days and months are those of UTC in which jobs were created.
    """
    total, parts = Sum(TOTAL), dict[str, Sum]()
    for job in jobs:
        name = _value(job, by)
        parts.setdefault(name, Sum(name)).add(job)
        total.add(job)
    return [*(parts[name] for name in sorted(parts)), total]


def table_as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """Rows of the same fields as CSV, which a spreadsheet takes for text where it would take it for a formula."""
    rows = list(rows)
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "@", "\t", "\r") else value


def _value(job: JobUsage, by: str) -> str:
    if by == "job":
        return job.job_id
    if by in FORMATS:
        return datetime.fromtimestamp(job.created_at, UTC).strftime(FORMATS[by])
    return str(getattr(job, by))
