"""Reads which machines the batches of a job had: status documents of commands say it, rows of batches that they had one.

However many batches a job has, this takes little memory, and as long as reading their rows: a job is to end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skyburst.contracts.records import ENVIRONMENTS, BatchRecord, JobRecord
from skyburst.cost.bill import LEAST_MACHINE_S
from skyburst.cost.job_cost import MachineUse
from skyburst.engine.evidence import MOST_DATASETS, datasets_of
from skyburst.errors import ResultNotReady
from skyburst.objects import ObjectStore
from skyburst.ports import TaskTable

if TYPE_CHECKING:
    from skyburst.homes.home import Home
    from skyburst.prices.book import Architecture


def architecture_of(home: Home, job: JobRecord) -> Architecture:
    """Of the functions that ran a job: the certificate of one that has ended tells it."""
    if home.name != "aws" or not job.state.finished:
        return "arm64"
    try:
        system = str(home.certificate(job.job_id)["environment"]["system"])
    except ResultNotReady:
        return "arm64"
    return "x86_64" if system.endswith("x86_64") else "arm64"


def uses_of(objects: ObjectStore, table: TaskTable, job: JobRecord) -> list[MachineUse]:
    """Which machines the batches of a job had; none of batches in functions.

    Args:
        objects: of its home.
        table: the task table.
        job: its record.
    """
    return uses_with(datasets_of(objects, f"jobs/{job.job_id}/", job), table, job)


def uses_with(statuses: Sequence[Mapping[str, Any]], table: TaskTable, job: JobRecord) -> list[MachineUse]:
    """The same with what is known of datasets already.

    Args:
        statuses: of datasets, as `datasets_of` has them: the first ten thousand. Of those after them only the rows are read.
        table: the task table.
        job: its record.
    """
    if job.analysis["blueprint"].get("command"):
        rest = _together(table.batches(job.job_id), MOST_DATASETS) if _items(job) > MOST_DATASETS else []
        return [*uses_from(statuses), *rest]
    compute = job.analysis.get("compute") or {}
    if not (compute.get("environment") or compute.get("fallback")):
        return []
    return _together(
        batch for batch in table.batches(job.job_id)
        if batch.delivery is not None and batch.delivery.lane == ENVIRONMENTS
    )  # fmt: skip


def _together(batches: Iterable[BatchRecord], first: int = 0) -> list[MachineUse]:
    """What batches from one on had, those of one type of machine in one; nothing when there is none."""
    found: dict[tuple[str | None, bool | None], MachineUse] = {}
    for batch in batches:
        if batch.batch_id >= first and batch.seconds is not None:
            kind = _kind(batch.delivery.machine if batch.delivery else None)
            use = found.get(kind, MachineUse(first, *kind, 0.0, 0))
            seconds = use.seconds + max(LEAST_MACHINE_S, batch.seconds)
            found[kind] = use._replace(seconds=seconds, batches=use.batches + 1)
    return list(found.values())


def _kind(given: Any) -> tuple[str | None, bool | None]:
    """Type of a machine, and whether it was a spare one, as far as that is known."""
    kind, spot = (given.get("type"), given.get("spot")) if isinstance(given, dict) else (given, None)
    return kind if isinstance(kind, str) else None, spot if isinstance(spot, bool) else None


def _items(job: JobRecord) -> int:
    return int(job.plan["items"]) if job.plan else 0


def uses_from(statuses: Iterable[Mapping[str, Any]]) -> list[MachineUse]:
    """Of commands: the same from status documents, each with the `number` of its dataset; those without seconds are left out.

    Args:
        statuses: `instance` is an instance type, or `{"type", "spot"}`.
    """
    found = []
    for status in statuses:
        seconds = status.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            continue
        found.append(MachineUse(status["number"], *_kind(status.get("instance")), max(0.0, float(seconds))))
    return sorted(found, key=lambda use: use.batch_id)
