"""What a job will cost at home `aws`: at least, as earlier jobs took, at most. Pure.

The most that environments cost is datasets times minutes times the price of their instance type: the bound of NeuroCAAS, Abe
et al., Neuron 2022, with the limit of an attempt in place of the expected minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skyburst.cost.bill import LEAST_MACHINE_S, NOT_COUNTED, PUTS_A_SECOND, Amounts, bill
from skyburst.cost.work import Work
from skyburst.prices.book import Architecture, PriceBook
from skyburst.prices.money import Micros

WRITES_LEAST, WRITES_USUAL, WRITES_MOST = 2, 4, 11
"""Write units of a batch: its claim, and its row, which may hold a partial result."""

COMBINE_S = 5.0
"""Of the combiner, usually."""
ENDING_S = 60.0
"""In which the batches of a job that has run out of time are ended."""


class Earlier(NamedTuple):
    """What an earlier job of the analysis took."""

    job_id: str
    item_s: float
    """Seconds of workers for one item."""
    home: str
    """Where it ran."""
    listed: int | None = None
    """Items of a batch, as the function that listed them gave it."""


class Part(NamedTuple):
    """A part of an estimate, micro-dollars."""

    name: str
    low: Micros
    expected: Micros | None
    """None while no earlier job is known."""
    most: Micros


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will cost."""

    work: Work
    book: PriceBook
    architecture: Architecture
    parts: tuple[Part, ...]
    earlier: tuple[Earlier, ...]
    not_counted: tuple[str, ...]

    @property
    def low(self) -> Micros:
        """What it costs at least."""
        return sum(part.low for part in self.parts)

    @property
    def expected(self) -> Micros | None:
        """What it costs when it goes as earlier jobs did; None while none is known."""
        return sum(part.expected or 0 for part in self.parts) if self.earlier else None

    @property
    def most(self) -> Micros:
        """What it costs at most: this is reserved of budgets."""
        return sum(part.most for part in self.parts)


def estimate(
    work: Work, book: PriceBook, earlier: Sequence[Earlier] = (), *, architecture: Architecture = "arm64"
) -> Estimate:
    """What a job will cost.

    Args:
        work: what it asks of AWS.
        book: the prices.
        earlier: what earlier jobs of the analysis took.
        architecture: of the deployment's functions.
    """
    amounts = [_least(work, earlier), _usual(work, earlier) if earlier else None, _most(work)]
    bills = [
        bill(entry, book, memory_mb=work.memory_mb, disk_mb=work.disk_mb, architecture=architecture) if entry else None
        for entry in amounts
    ]
    low, expected, most = bills
    assert low is not None
    assert most is not None
    parts = [
        Part(
            name,
            min(low.get(name, 0), amount),
            None if expected is None else min(expected.get(name, 0), amount),
            amount,
        )
        for name, amount in most.items()
    ]
    return Estimate(work, book, architecture, tuple(parts), tuple(earlier), _not_counted(work))


def _least(work: Work, earlier: Sequence[Earlier]) -> Amounts:
    """As if each batch took as little as in the quickest job; without one, as little as is paid for."""
    quickest = min((entry.item_s for entry in earlier), default=0.0)
    return _amounts(work, quickest, 0.0, WRITES_LEAST)


def _usual(work: Work, earlier: Sequence[Earlier]) -> Amounts:
    return _amounts(work, sum(entry.item_s for entry in earlier) / len(earlier), COMBINE_S, WRITES_USUAL)


def _amounts(work: Work, item_s: float, combine_s: float, writes: int) -> Amounts:
    """When every item takes so long, and no batch is tried twice."""
    batch_s = item_s * work.items / work.batches
    elapsed_s = batch_s * -(-work.batches // work.parallel) + combine_s
    shared = Amounts(
        elapsed_s=elapsed_s, combine_s=combine_s, batches=work.batches, writes=writes * work.batches, gets=work.batches
    )
    machines = work.machines
    if not work.in_machines or machines is None:
        return shared._replace(function_s=batch_s * work.batches, calls=work.batches)
    seconds = min(max(LEAST_MACHINE_S, batch_s), machines.timeout_s) * work.batches
    hour = machines.chosen.hour(spot=machines.spot)
    return shared._replace(machine_s=((hour, seconds),), disk_gb=machines.disk_gb, puts=PUTS_A_SECOND * seconds)


def _most(work: Work) -> Amounts:
    """When every batch takes all its time, in every attempt that its own failures leave it."""
    rounds = -(-work.batches // work.parallel)
    machines = work.machines
    amounts = Amounts(combine_s=2 * work.combine_s, batches=work.batches, gets=4 * work.batches)
    if not work.in_machines:
        attempts_s = work.attempts * work.batch_s
        elapsed_s = _within(work, rounds * attempts_s)
        calls = work.attempts * work.batches
        function_s = min(work.batches * attempts_s, work.parallel * elapsed_s)
        amounts = amounts._replace(
            function_s=function_s, elapsed_s=elapsed_s, calls=calls, writes=WRITES_MOST * calls, puts=2 * calls
        )
    if machines is None:
        return amounts
    elapsed_s = _within(work, rounds * machines.timeout_s)
    seconds = min(work.batches * machines.timeout_s, work.parallel * elapsed_s)
    return amounts._replace(
        machine_s=((machines.chosen.most_hour, max(seconds, LEAST_MACHINE_S * work.batches)),), disk_gb=machines.disk_gb,
        elapsed_s=amounts.elapsed_s + elapsed_s, writes=amounts.writes + WRITES_MOST * work.batches,
        puts=amounts.puts + PUTS_A_SECOND * seconds + 2 * work.batches,
    )  # fmt: skip


def _within(work: Work, seconds: float) -> float:
    """No longer than the job may take, and the time in which what runs is ended."""
    return seconds if work.timeout_s is None else min(seconds, work.timeout_s + ENDING_S)


def _not_counted(work: Work) -> tuple[str, ...]:
    entries = list(NOT_COUNTED)
    if work.machines is not None:
        entries.append("attempts that are repeated because a machine was taken away or broke")
    return tuple(entries)
