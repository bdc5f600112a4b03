"""How many workers ran at a time: over time, and how long how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

MOST_POINTS = 2_000
"""Of a figure: more are not to be told apart."""
Interval = tuple[float, float]


class Step(NamedTuple):
    """From a time on, so many ran."""

    at: float
    """Seconds since the epoch."""
    running: int


class Bin(NamedTuple):
    """For how long so many ran at a time."""

    least: int
    most: int
    """Inclusive: bins are 1, 2-3, 4-7, 8-15, ..."""
    seconds: float


def steps(intervals: Iterable[Interval]) -> list[Step]:
    """How many intervals overlap, from each time on at which that changes; the last step is 0. Empty ones do not count."""
    changes: dict[float, int] = {}
    for begin, end in intervals:
        if end > begin:
            changes[begin] = changes.get(begin, 0) + 1
            changes[end] = changes.get(end, 0) - 1
    found: list[Step] = []
    running = 0
    for at in sorted(changes):
        if changes[at]:
            running += changes[at]
            found.append(Step(at, running))
    return found


def histogram(found: Iterable[Step]) -> list[Bin]:
    """For how long how many ran, in bins whose bounds double; times at which nothing ran are left out."""
    seconds: dict[int, float] = {}
    for step, until in _with_ends(list(found)):
        if step.running:
            exponent = step.running.bit_length() - 1
            seconds[exponent] = seconds.get(exponent, 0.0) + until - step.at
    largest = max(seconds, default=-1)
    return [Bin(2**n, 2 ** (n + 1) - 1, seconds.get(n, 0.0)) for n in range(largest + 1)]


def peak(found: Iterable[Step]) -> int:
    """The most that ran at a time."""
    return max((step.running for step in found), default=0)


def mean(found: Iterable[Step]) -> float:
    """How many ran at a time, on average over the times at which something did."""
    bins = [(step.running, until - step.at) for step, until in _with_ends(list(found)) if step.running]
    seconds = sum(length for _, length in bins)
    return sum(running * length for running, length in bins) / seconds if seconds else 0.0


def thinned(found: list[Step], most: int = MOST_POINTS) -> list[Step]:
    """At most so many steps: of neighbours the highest, so that no peak is lost; the end stays."""
    if len(found) <= most:
        return found
    size = -(-len(found) // (most - 1))
    groups = [found[first : first + size] for first in range(0, len(found) - 1, size)]
    return [Step(group[0].at, max(step.running for step in group)) for group in groups] + found[-1:]


def _with_ends(found: list[Step]) -> Iterator[tuple[Step, float]]:
    """Each step with the time at which the next one begins."""
    for step, following in pairwise(found):
        yield step, following.at
