"""Prices, support costs and measurements that NeuroCAAS was compared with own hardware by: `published.toml`, checked."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from skyburst.cost.cloud import Mode, Rates, Run, cost_of_run
from skyburst.cost.comparison import Batch

DATA = Path(__file__).with_name("published.toml")
ANY = "any"
"""In place of an analysis' name: those of all others."""


class PriceTags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the hardware costs that a paper compares with."""

    date: str
    source: str
    usd: dict[str, float]
    """By analysis."""


class SupportCosts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it costs to keep hardware running."""

    date: str
    source: str
    usd: dict[str, list[float]]
    """For each of the first five years, by analysis."""
    notes: dict[str, str] = {}
    """What is to be known of them, by analysis."""


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch that was computed in the cloud and on own hardware."""

    label: str
    """GB of a dataset and number of datasets."""
    size: str
    """`small`, `medium` or `large`."""
    datasets: int
    upload_s: float
    compute_s: float
    """Seconds in the cloud: of the machine that took the longest."""
    own_s: float
    """Seconds on own hardware."""
    run: Run | None = None
    """What the batch used."""
    cost_usd: dict[Mode, float] | None = None
    """What the batch cost, where what it used is not known."""

    def batch(self, rates: Rates) -> Batch:
        """As it is compared."""
        cost = self.cost_usd or {mode: cost_of_run(self.run, rates, mode).total for mode in Mode if self.run}
        return Batch(f"{self.label}, {self.size}", self.datasets, self.upload_s + self.compute_s, self.own_s, cost)


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that `published.toml` has."""

    rates: Rates
    price_tags: dict[str, PriceTags]
    support_costs: dict[str, SupportCosts]
    analyses: dict[str, list[Measured]]


@cache
def published() -> Published:
    """The published prices and measurements."""
    return msgspec.convert(tomllib.loads(DATA.read_text(encoding="utf-8")), Published)
