"""What a batch cost in the cloud, from what it used and the rates of its time.

Source: `JobMetrics` in `experiments/calculate_cost.py` of NeuroCAAS.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

import msgspec

HOUR_S = 3_600
BLOCK_HOURS = 6


class Mode(StrEnum):
    """How machines are paid for."""

    STANDARD = "standard"
    """On demand."""
    SAVE = "save"
    """For less, at a risk or in advance: in the published figures spot instances for a fixed number of hours."""


class MachineRate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD for an hour of a machine."""

    on_demand: float
    block_1h: float
    """For each hour of a block of one hour."""
    block_6h: float
    """For each hour of a block of six hours."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the cloud charged at one time."""

    date: str
    source: str
    function_usd_per_gb_s: float
    """For a second of a Lambda function for each GB of its memory."""
    transfer_usd_per_gb: float
    """For results that leave the cloud."""
    machines: dict[str, MachineRate]
    """By their type."""


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a batch used: a machine for each dataset, functions that start and end them, and transfer of results."""

    machine: str
    """Type of its machines."""
    seconds: list[float]
    """Of each machine."""
    function_ms: list[float]
    """Milliseconds of each call of a function."""
    function_mb: float
    """Memory of a function."""
    result_gb: list[float]
    """Size of each result."""


class Parts(NamedTuple):
    """The cost of a batch in USD."""

    machines: float
    functions: float
    transfer: float

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self)


def hourly_rate(rate: MachineRate, longest_s: float, mode: Mode) -> float:
    """USD for an hour of a machine.

    Args:
        rate: of its type.
        longest_s: seconds of the machine of a batch that was needed longest: blocks of as many hours are paid for.
        mode: how it is paid for. A block of H hours costs in between those of one and of six, in steps of a sixth of their
            difference, as in the source: six hours cost less than the price for six.
    """
    if mode is Mode.STANDARD:
        return rate.on_demand
    hours = math.ceil(longest_s / HOUR_S)
    return rate.block_1h + (hours - 1) * (rate.block_6h - rate.block_1h) / BLOCK_HOURS


def cost_of_run(run: Run, rates: Rates, mode: Mode) -> Parts:
    """What a batch cost in the cloud, in USD. Raises KeyError when the rates have no such machine."""
    rate = hourly_rate(rates.machines[run.machine], max(run.seconds), mode)
    return Parts(
        machines=sum(run.seconds) * rate / HOUR_S,
        functions=sum(run.function_ms) / 1_000 * run.function_mb / 1_000 * rates.function_usd_per_gb_s,
        transfer=sum(run.result_gb) * rates.transfer_usd_per_gb,
    )
