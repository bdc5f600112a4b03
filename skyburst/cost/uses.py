"""Reads which machines the batches of a job had, from the status documents of its environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skyburst.contracts import values
from skyburst.cost.job_cost import MachineUse
from skyburst.errors import ObjectNotFound
from skyburst.ports import Objects

STATUS = re.compile(r"datasets/(\d{8})/status\.json\Z")
AT_ONCE = 16


def uses_of(objects: Objects, prefix: str) -> list[MachineUse]:
    """Which machines the batches of a job had, in order; none of batches in functions.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of the job's objects.
    """
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
    """The same from status documents, each with the `number` of its dataset; those without seconds are left out.

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
