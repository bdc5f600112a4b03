"""What a job asks of AWS, as its analysis' blueprint and its specification say: what an estimate is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.engine.compute import choose
from skyburst.engine.plan import make_plan
from skyburst.prices.book import PriceBook
from skyburst.prices.choose import Chosen, Need, cheapest, named

MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The environments that batches run in."""

    chosen: Chosen
    """Instance type of each."""
    timeout_s: float
    """Of one attempt at a batch."""
    disk_gb: int
    spot: bool
    """Whether spare capacity is asked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a job asks of AWS."""

    batches: int
    items: int
    attempts: int
    """At each batch, at most, in functions."""
    parallel: int
    """Batches at once, at most."""
    memory_mb: int
    """Of a function."""
    disk_mb: int
    """Of a function."""
    batch_s: float
    """Seconds until one attempt at a batch is ended, in functions."""
    combine_s: float
    """Seconds until one call of the combiner is ended."""
    timeout_s: float | None
    """Of the whole job."""
    machines: Machines | None
    """None when no batch may run in an environment."""
    in_machines: bool
    """Whether all batches run in environments; else only those that fall back to one."""
    why: str
    """Where batches run, and why, in one sentence."""


def work_of(
    blueprint: Blueprint, spec: Mapping[str, Any], items: int, book: PriceBook, *, listed: int | None = None
) -> Work:
    """What a job asks of AWS.

    Args:
        blueprint: of its analysis.
        spec: the job specification, a document.
        items: their number.
        book: the prices, from which the cheapest instance type is chosen when none is named.
        listed: items of a batch, as the function that listed them gave it.

    Raises:
        Invalid: when an environment is needed and no instance type of which a price is known has what it takes.
    """
    choice = choose(blueprint)
    needs = blueprint.environment or EnvironmentSection()
    wishes = spec.get("environment") or {}
    size = spec.get("batch_size") or listed or blueprint.job.batch_size or (1 if blueprint.command else None)
    batches = make_plan(items, size).batches
    most = spec.get("max_parallelism") or blueprint.job.max_parallelism or batches
    machines = None
    if choice.environment or choice.fallback:
        machines = Machines(
            chosen=_chosen(needs, wishes.get("instance_type"), book),
            timeout_s=(wishes.get("timeout_min") or needs.timeout_min) * MINUTE_S,
            disk_gb=wishes.get("disk_gb") or needs.disk_gb,
            spot=(wishes.get("pricing") or needs.pricing) == "spot",
        )
        if choice.environment:
            most = min(most, needs.max_concurrent)
    resources = blueprint.resources
    return Work(
        batches=batches, items=items, attempts=resources.attempts, parallel=max(1, min(most, batches)),
        memory_mb=resources.memory_mb, disk_mb=resources.disk_mb, batch_s=resources.batch_timeout_s,
        combine_s=resources.combiner_timeout_s, timeout_s=spec.get("timeout_s") or blueprint.job.timeout_s,
        machines=machines, in_machines=choice.environment, why=choice.why,
    )  # fmt: skip


def _chosen(needs: EnvironmentSection, wished: str | None, book: PriceBook) -> Chosen:
    if wished is not None:
        return named(book, wished)
    return cheapest(book, Need(needs.vcpus, needs.memory_mb, needs.gpus), needs.instance_types)
