"""Reads which machines the batches of a job had: status documents of commands say it, rows of other batches that they had one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import ENVIRONMENTS, JobRecord
from skyburst.cost.job_cost import MachineUse
from skyburst.errors import ObjectNotFound
from skyburst.ports import Objects, TaskTable

STATUS = re.compile(r"datasets/(\d{8})/status\.json\Z")
AT_ONCE = 16


def uses_of(objects: Objects, table: TaskTable, job: JobRecord) -> list[MachineUse]:
    """Which machines the batches of a job had, in order; none of batches in functions.

    Args:
        objects: of its home.
        table: the task table.
        job: its record.
    """
    if job.analysis["blueprint"].get("command"):
        return _uses_of_datasets(objects, f"jobs/{job.job_id}/")
    return uses_of_batches(table, job)


def uses_of_batches(table: TaskTable, job: JobRecord) -> list[MachineUse]:
    """Of workers that are functions of Python: which batches ran in environments, of which type is not recorded."""
    compute = job.analysis.get("compute") or {}
    if not (compute.get("environment") or compute.get("fallback")):
        return []
    return [
        MachineUse(batch.batch_id, None, None, batch.seconds)
        for batch in table.batches(job.job_id)
        if batch.delivery is not None and batch.delivery.lane == ENVIRONMENTS and batch.seconds is not None
    ]


def _uses_of_datasets(objects: Objects, prefix: str) -> list[MachineUse]:
    keys = [entry.key for entry in objects.list(f"{prefix}datasets/") if STATUS.search(entry.key)]

    def read(key: str) -> Any:
        try:
            return values.decode(objects.get(key))
        except (ObjectNotFound, ValueError):  # removed meanwhile, or no status of ours
            return None

    if not keys:
        return []
    with ThreadPoolExecutor(AT_ONCE, "uses") as pool:
        found = zip(keys, pool.map(read, keys), strict=True)
        return uses_from(
            {**status, "number": int(key.split("/")[-2])} for key, status in found if isinstance(status, dict)
        )


def uses_from(statuses: Iterable[Mapping[str, Any]]) -> list[MachineUse]:
    """Of commands: the same from status documents, each with the `number` of its dataset; those without seconds are left out.

    Args:
        statuses: `instance` is an instance type, or `{"type", "spot"}`.
    """
    found = []
    for status in statuses:
        seconds, given = status.get("seconds"), status.get("instance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            continue
        kind, spot = (given.get("type"), given.get("spot")) if isinstance(given, dict) else (given, None)
        found.append(
            MachineUse(
                status["number"], kind if isinstance(kind, str) else None, spot if isinstance(spot, bool) else None,
                max(0.0, float(seconds)),
            )
        )  # fmt: skip
    return sorted(found, key=lambda use: use.batch_id)
