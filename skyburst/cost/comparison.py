"""Compares own hardware with the cloud: years, batches and modes, each with its crossovers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from skyburst.cost.cloud import Mode
from skyburst.cost.own_hardware import (
    equivalent_annual_cost,
    local_cost_crossover,
    local_utilization_crossover,
)

SCENARIOS = {2: "realistic", 4: "optimistic"}
"""What the paper calls these lives of hardware, in years."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Datasets that are computed together in the cloud, and what is known of them."""

    label: str
    datasets: int
    cloud_s: float
    """Seconds in the cloud, from upload to result."""
    own_s: float
    """Seconds on own hardware."""
    cost_usd: Mapping[Mode, float]
    """What it costs in the cloud. Modes that are not known are left out."""


class Price(NamedTuple):
    """Where a price of a comparison is from."""

    of: str
    date: str
    """Of when it is; empty when it was given without a date."""
    source: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is compared."""

    analysis: str
    price_usd: float
    support_usd: tuple[float, ...]
    """For each year of the hardware's life."""
    batches: tuple[Batch, ...]
    prices: tuple[Price, ...]
    notes: tuple[str, ...] = ()


class Row(NamedTuple):
    """One life of the hardware, one batch, one mode."""

    years: int
    batch: Batch
    mode: Mode
    eac_usd: float
    """Equivalent annual cost of the hardware, USD."""
    lcc: float
    """Local cost crossover: batches in a week."""
    lcc_datasets: float
    """The same in datasets."""
    luc: float
    """Local utilization crossover: percent of a week."""


def compare(subject: Subject, years: Iterable[int]) -> list[Row]:
    """The comparison by years, batches and modes, in the order given.

    Args:
        subject: what is compared.
        years: lives of the hardware, each from 1 to the number of years that its support costs are known for.
    """
    rows = []
    for life in years:
        eac = equivalent_annual_cost(subject.price_usd, subject.support_usd, life)
        for batch in subject.batches:
            for mode, cost in batch.cost_usd.items():
                lcc = local_cost_crossover(eac, cost)
                luc = local_utilization_crossover(lcc, batch.own_s)
                rows.append(Row(life, batch, mode, eac, lcc, lcc * batch.datasets, luc))
    return rows


def life_name(years: int) -> str:
    """Such as `2 (realistic)`, `3`."""
    return f"{years} ({SCENARIOS[years]})" if years in SCENARIOS else str(years)
