"""Reads which machines the batches of a job had, from the status documents of its environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
        return sorted(_uses(zip(keys, pool.map(read, keys), strict=True)), key=lambda use: use.batch_id)


def _uses(found: Iterator[tuple[str, Any]]) -> Iterator[MachineUse]:
    for key, status in found:
        number = STATUS.search(key)
        if number is None or not isinstance(status, dict) or not isinstance(status.get("seconds"), int | float):
            continue
        given = status.get("instance")
        if isinstance(given, dict):
            kind, spot = given.get("type"), given.get("spot")
        else:
            kind, spot = given, None
        yield MachineUse(
            int(number[1]), kind if isinstance(kind, str) else None, spot if isinstance(spot, bool) else None,
            max(0.0, float(status["seconds"])),
        )  # fmt: skip
