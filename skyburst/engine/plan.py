"""Plan a job: its batches and the tree that dispatches them. Pure functions on whole numbers.

The tree follows burst-compute's: a manager at each inner node, a worker at each leaf, every node a half-open range of
batch numbers. Unlike there, the depth follows from the number of batches, and ranges may start anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST_BATCHES_BY_DEFAULT = 1_000
ONE_MANAGER = 1_000
"""Up to so many batches one manager is as fast as a tree (measured invoke rates: about 210/s from 16 threads)."""
MOST_CHILDREN = 100
"""Children of one manager in a tree: half a second of invoking."""
COMBINE_FAN_IN = 100
"""Partial results that one node of a combining tree merges. Part of the answer for floating-point sums: never tuned per home."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of a job and the shape of its dispatch tree."""

    items: int
    batch_size: int
    batches: int
    levels: int
    """Levels of managers."""
    fan_out: int
    """Children of one manager, at most."""
    joined: Sequence[Sequence[int]] = ()
    """Of lists that are joined, `(items, batch size)` of each: a batch has items of one alone; `batch_size` is the largest."""

    def document(self) -> dict[str, Any]:
        """As JSON, `joined` only where there is something to say."""
        document = asdict(self)
        return document if self.joined else {name: document[name] for name in document if name != "joined"}

    def items_of(self, batch: int) -> tuple[int, int]:
        """Half-open range of the item numbers of a batch."""
        first = 0
        for items, size in self.joined:
            batches = _ceil_div(items, size)
            if batch < batches:
                return first + batch * size, first + min((batch + 1) * size, items)
            batch -= batches
            first += items
        start = first + batch * self.batch_size
        return start, min(start + self.batch_size, self.items)


@dataclass(frozen=True, slots=True)
class Node:
    """A half-open range of batches at one level of the tree; a leaf when `level` equals the plan's levels."""

    first: int
    last: int
    level: int


def make_plan(
    items: int,
    batch_size: int | None = None,
    *,
    joined: Sequence[tuple[int, int | None]] = (),
    most_children: int = MOST_CHILDREN,
    one_manager: int = ONE_MANAGER,
) -> Plan:
    """Plan a job over a number of items.

    Without a batch size there are at most 1,000 batches; that depends on nothing but the number of items, so that the
    batches, and with them the rounding of floating-point sums, are the same in every home.

    Args:
        items: their number.
        batch_size: items of a batch.
        joined: of lists that are joined, the items of each and its own batch size, if it has one.
        most_children: of one manager in a tree.
        one_manager: batches, at most, that need no tree.
    """
    if batch_size is None:
        batch_size = max(1, _ceil_div(items, MOST_BATCHES_BY_DEFAULT))
    lists = [[count, size or batch_size] for count, size in joined if count]
    if lists:
        batch_size = max(size for _, size in lists)
        batches = sum(_ceil_div(count, size) for count, size in lists)
    else:
        batches = _ceil_div(items, batch_size)
    levels, fan_out = 1, max(1, batches)
    if batches > one_manager:
        while fan_out > most_children:
            levels += 1
            fan_out = _ceil_root(batches, levels)
    return Plan(items, batch_size, batches, levels, fan_out, lists)


def root(plan: Plan) -> Node:
    """The whole job as one node."""
    return Node(0, plan.batches, 0)


def children(plan: Plan, node: Node) -> Iterator[Node]:
    """Split a manager's range; every batch is in exactly one child."""
    width = plan.fan_out ** (plan.levels - node.level - 1)
    for first in range(node.first, node.last, width):
        yield Node(first, min(first + width, node.last), node.level + 1)


def combine_levels(batches: int, fan_in: int = COMBINE_FAN_IN) -> list[int]:
    """Number of groups on each level of a combining tree, leaves first, until one combiner can take the rest."""
    levels = []
    remaining = batches
    while remaining > fan_in:
        remaining = _ceil_div(remaining, fan_in)
        levels.append(remaining)
    return levels


def _ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _ceil_root(number: int, degree: int) -> int:
    """Smallest whole b with b**degree >= number; floating-point roots are off by one near perfect powers."""
    low, high = 1, max(1, number)
    while low < high:
        middle = (low + high) // 2
        if middle**degree >= number:
            high = middle
        else:
            low = middle + 1
    return low
