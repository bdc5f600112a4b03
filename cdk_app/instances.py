"""Which types of instances hold one batch, for analyses that name none. Pure; the numbers are EC2's, and a test compares them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from skyburst.contracts.blueprint import EnvironmentSection
from skyburst.errors import InvalidAnalysis

SIZES = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
}
"""Virtual processors by size, smallest first."""
GENERAL = {"c6i": 2, "m6i": 4, "r6i": 8, "c5": 2, "m5": 4, "r5": 8}
"""GiB of memory for each virtual processor, by family: those of x86_64 that regions have, as one that a region lacks is
refused there. With several it is likelier that one is to be had."""
MISSING = {"c5.8xlarge", "c5.16xlarge"}
"""Sizes that a family does not have."""
GPUS = {
    "g4dn": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1},
    "g5": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4},
}
"""GPUs by size, of families that have 4 GiB of memory for each virtual processor."""
KEPT_SHARE, KEPT_MB = 0.04, 300
"""Of an instance's memory, that its system and the agent of ECS take, about; jobs get the rest."""
SIZE = re.compile(r"[^.]+\.(?:(\d*)xlarge|(large|medium|small|micro|nano)|metal.*)\Z")
LONGEST_UPDATE_MIN = 7_200
"""Minutes that AWS Batch lets jobs run on at most while it replaces the instances of a compute environment."""
DELIVER_MIN = 15
"""Minutes in which an environment delivers, after its time."""
METAL_VCPUS = 192


def update_min(needs: EnvironmentSection) -> int:
    """Minutes that jobs have to end when a changed deployment replaces their instances; those that take longer run again."""
    return min(LONGEST_UPDATE_MIN, math.ceil(needs.timeout_min + DELIVER_MIN))


def types_for(needs: EnvironmentSection) -> list[str]:
    """The smallest size that holds one batch, of all families that have it: so the disk is no other batch's, and little is idle.

    Raises:
        InvalidAnalysis: when none of the families that are known here does.
    """
    if needs.instance_types:
        return list(needs.instance_types)
    found = list(_with_gpus(needs) if needs.gpus else _without_gpus(needs))
    if not found:
        raise InvalidAnalysis(
            f"no type of instance that is known here has {needs.vcpus} virtual processors, {needs.memory_mb:,} MiB of memory and "
            f"{needs.gpus} GPUs: name those that do in environment.instance_types of the blueprint"
        )
    fewest = min(map(_vcpus, found))
    return [name for name in found if _vcpus(name) == fewest]


def most_vcpus(types: list[str], needs: EnvironmentSection) -> int:
    """Virtual processors of all instances that `max_concurrent` batches run on, one on each of the smallest type."""
    sizes = [max(needs.vcpus, _vcpus(name)) for name in types]
    return max(needs.max_concurrent * min(sizes), *sizes)


def _vcpus(name: str) -> int:
    found = SIZE.match(name)
    if found is None:  # a family
        return 0
    times, small = found.groups()
    if small:
        return 2
    return METAL_VCPUS if times is None else 4 * int(times or 1)


def _without_gpus(needs: EnvironmentSection) -> Iterator[str]:
    for family, gib in GENERAL.items():
        for size, vcpus in SIZES.items():
            if f"{family}.{size}" not in MISSING and _holds(needs, vcpus, gib * vcpus):
                yield f"{family}.{size}"
                break


def _with_gpus(needs: EnvironmentSection) -> Iterator[str]:
    for family, sizes in GPUS.items():
        for size, gpus in sizes.items():
            if gpus >= needs.gpus and _holds(needs, SIZES[size], 4 * SIZES[size]):
                yield f"{family}.{size}"
                break


def _holds(needs: EnvironmentSection, vcpus: int, memory_gib: int) -> bool:
    usable_mb = memory_gib * 1_024 * (1 - KEPT_SHARE) - KEPT_MB
    return needs.vcpus <= vcpus and needs.memory_mb <= usable_mb
