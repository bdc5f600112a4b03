"""Read what jobs of a home used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skyburst.contracts.records import JobRecord
from skyburst.engine.evidence import MOST_DATASETS, status_of
from skyburst.engine.finish import counted
from skyburst.errors import JobNotFound, ResultNotReady
from skyburst.usage.jobs import JobUsage, Wanted, intervals_of, usage_of
from skyburst.usage.neurocaas import Record, activity_of
from skyburst.usage.parallelism import Interval

if TYPE_CHECKING:
    from skyburst.homes.home import Home

BUCKET = "s3://"


def jobs_wanted(home: Home, wanted: Wanted) -> Iterator[JobRecord]:
    """Jobs that are asked for, newest first; older ones than are asked for are not read."""
    for job in home.table.jobs():
        if wanted.since is not None and job.created_at < wanted.since:
            return
        if wanted.has(job):
            yield job


def used(home: Home, wanted: Wanted, now: float) -> Iterator[JobUsage]:
    """What each job used, newest first."""
    for job in jobs_wanted(home, wanted):
        with suppress(JobNotFound):  # deleted since it was listed
            yield usage_of(job, counted(home.table, job), *_costs(home, job), now)


def ran(home: Home, wanted: Wanted, now: float) -> Iterator[Interval]:
    """When each batch of each job ran."""
    for job in jobs_wanted(home, wanted):
        with suppress(JobNotFound):  # deleted since it was listed
            yield from intervals_of(home.table.batches(job.job_id), now)


def activity(home: Home, wanted: Wanted) -> Iterator[tuple[JobRecord, list[Record]]]:
    """The records of each job, as NeuroCAAS keeps them."""
    location = home.objects.location
    bucket = location.removeprefix(BUCKET).partition("/")[0] if location.startswith(BUCKET) else ""
    for job in jobs_wanted(home, wanted):
        with suppress(JobNotFound):  # deleted since it was listed
            statuses = _statuses(home, job)
            records = activity_of(job, home.table.batches(job.job_id), home.name, bucket, statuses)
            yield job, list(records)


def _statuses(home: Home, job: JobRecord) -> dict[int, dict[str, Any]]:
    """Status documents of the datasets of a job whose batches are datasets, by number."""
    if not job.analysis.get("blueprint", {}).get("command") or job.plan is None:
        return {}
    prefix = f"jobs/{job.job_id}/"
    found = {number: status_of(home.objects, prefix, number) for number in range(min(job.plan["items"], MOST_DATASETS))}
    return {number: status for number, status in found.items() if status is not None}


def _costs(home: Home, job: JobRecord) -> tuple[float | None, float | None]:
    """What was paid for a job, and what it costs on AWS, as its certificate says."""
    paid = 0.0 if home.name == "local" else None
    if not job.state.finished:
        return paid, None
    try:
        cost = home.certificate(job.job_id).get("cost", {})
    except ResultNotReady:
        return paid, None
    amount = cost.get("amount")
    return amount, cost.get("on_aws", {}).get("amount") if home.name == "local" else amount
