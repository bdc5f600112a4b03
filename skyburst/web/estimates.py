"""What a job will take and cost, before it starts: as earlier jobs of its analysis did."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyburst.contracts.job import JobSpec
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.cost.estimate import Earlier
from skyburst.cost.estimate import Estimate as Estimated
from skyburst.cost.estimate import estimate as estimated
from skyburst.cost.history import earlier_jobs
from skyburst.cost.work import Work, work_of
from skyburst.engine.finish import counted
from skyburst.errors import InvalidJob, InvalidLibrary
from skyburst.finding import Found
from skyburst.homes.home import Home
from skyburst.homes.job_items import manifest_location, read_manifest
from skyburst.library import open_library
from skyburst.prices.book import PriceBook
from skyburst.prices.money import usd
from skyburst.web.documents import Estimate, EstimateLine

UNKNOWN = "how many items the job has is known when its analysis has listed them, so nothing can be said before"


@dataclass(frozen=True, slots=True)
class Took:
    """What the earlier jobs of an analysis took."""

    jobs: Sequence[Earlier]
    overhead_s: float
    """Seconds that a job takes besides its batches, usually: to start, to list items, to combine."""


def estimate_of(
    home: Home, spec: JobSpec, found: Found, parameters: dict[str, Any], folder: Path, searched: str, book: PriceBook
) -> Estimate:
    """An estimate of a job that was checked; nothing is started.

    Args:
        home: where it would run.
        spec: the job specification.
        found: its analysis.
        parameters: all of them.
        folder: that relative paths start from.
        searched: the parameter that names a library, whose items the job would have.
        book: the prices.
    """
    items = count_items(spec, parameters.get(searched), folder)
    if items is None:
        return Estimate(items=None, batches=None, seconds=None, usd=None, most_usd=None, on_aws_usd=None, basis=UNKNOWN)
    # All that workers depend on: code, which has a digest in the records of jobs, is not where this runs in a deployment.
    analysis = {"name": found.blueprint.name, "blueprint": found.blueprint.document()}
    record = JobRecord("", spec.document(), analysis, parameters, JobState.PENDING)
    took = _took(home, found.blueprint.name)
    listed = took.jobs[0].listed if took.jobs and spec.items is None else None
    work = work_of(found.blueprint, spec.document(), items, book, listed=listed)
    workers = home.workers_of(record)
    return document(
        estimated(work, book, took.jobs), took.overhead_s, min(work.parallel, workers or work.parallel), home.name
    )


def count_items(spec: JobSpec, library: Any, folder: Path) -> int | None:
    """How many items a job has; None when that is known only after its analysis has listed them.

    Args:
        spec: the job specification.
        library: what the parameter that names a library, or several, has.
        folder: that relative paths start from.

    Raises:
        InvalidItems: when the items are not there.
        InvalidJob: when there are none.
    """
    count = _given(spec, folder) if spec.items is not None else _listed(library)
    if count is not None and count < 1:
        raise InvalidJob("job.items has no items: expected at least one")
    return count


def _given(spec: JobSpec, folder: Path) -> int:
    match spec.items:
        case list(values):
            return len(values)
        case {"range": [start, end]}:
            return int(end - start)
    return read_manifest(manifest_location(str((spec.items or {})["manifest"]), folder)).count


def _listed(library: Any) -> int | None:
    libraries = library if isinstance(library, list) else [library]
    if not libraries or not all(isinstance(location, str) for location in libraries):
        return None
    try:
        return sum(open_library(location).count for location in libraries)
    except InvalidLibrary:  # a plain folder, of which the analysis says what its items are
        return None


def document(found: Estimated, overhead_s: float, parallel: int, home: str) -> Estimate:
    """An estimate as the API answers it. Pure.

    Args:
        found: what the job costs on AWS.
        overhead_s: seconds that a job takes besides its batches.
        parallel: batches at once.
        home: where it would run.
    """
    work, here = found.work, home == "local"
    expected = None if found.expected is None else usd(found.expected)
    return Estimate(
        items=work.items, batches=work.batches, seconds=_seconds(work, found.earlier, overhead_s, parallel),
        usd=0.0 if here else expected, most_usd=0.0 if here else usd(found.most), on_aws_usd=expected,
        basis=_basis(found, here=here),
        lines=[] if here else [EstimateLine(what=part.name, usd=usd(part.expected)) for part in found.parts if part.expected],
    )  # fmt: skip


def _seconds(work: Work, earlier: Sequence[Earlier], overhead_s: float, parallel: int) -> float | None:
    """From start to end, when each item takes as long as it did; None when no job is known."""
    if not earlier:
        return None
    item_s = statistics.fmean(entry.item_s for entry in earlier)
    rounds = -(-work.batches // parallel)
    return overhead_s + item_s * work.items / work.batches * rounds


def _basis(found: Estimated, *, here: bool) -> str:
    """Where the figures come from."""
    if not found.earlier:
        most = (
            "" if here else f"; it costs {usd(found.most):,.2f} USD at most, when every batch takes all the time it has"
        )
        return f"not known, because no job of this analysis has come to its end yet{most}"
    count = len(found.earlier)
    jobs = "as the last job of this analysis took" if count == 1 else f"as the last {count} jobs of this analysis took"
    if here:
        return f"{jobs}; on this machine it costs nothing"
    prices = f"prices of {found.book.date} in {found.book.region}"
    return f"{jobs}, with the {prices}; at most {usd(found.most):,.2f} USD, which budgets keep for it"


def _took(home: Home, analysis: str) -> Took:
    jobs = earlier_jobs(home.table, analysis, home.name)
    overheads = []
    for entry in jobs:
        job = home.table.job(entry.job_id)
        if job.runs == 1 and job.finished_at is not None:  # one that was resumed waited in between
            counts = counted(home.table, job)
            rounds = -(-counts.batches // max(1, min(counts.batches, home.workers_of(job) or counts.batches)))
            busy_s = counts.worker_seconds / max(1, counts.batches) * rounds
            overheads.append(max(0.0, job.finished_at - job.created_at - busy_s))
    return Took(jobs, statistics.median(overheads) if overheads else 0.0)
