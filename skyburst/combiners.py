"""Stock combiners. Each call makes one, to be named in a blueprint as `module:variable` or found in a single file.

Those that are associative (top_k, total, histogram, merge, and reduce when told so) are combined as a tree in large jobs.
"""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from skyburst.analysis import Combiner, PartialResult
from skyburst.errors import InvalidAnalysis

PIECE = 1_000


def concatenate() -> Combiner:
    """All results as one list, in the order of the items; streamed, however long. A value that is no list is one entry."""

    def concatenated(partials: Iterator[PartialResult]) -> Iterator[Any]:
        for partial in partials:
            yield from partial.results()

    return Combiner(concatenated)


def top_k(k: int, key: str | Callable[[Any], Any], *, largest: bool = True) -> Combiner:
    """The k best results, best first; of equal ones the first item's comes first.

    Args:
        k: how many, at least 1.
        key: field of each result, or a function of it, to order by.
        largest: False for the k smallest.
    """
    if k < 1:
        raise InvalidAnalysis(f"top_k keeps {k} results: it must keep at least 1")
    value_of: Callable[[Any], Any] = key if callable(key) else lambda entry: entry[key]

    def best(partials: Iterator[PartialResult]) -> list[Any]:
        entries = (entry for partial in partials for entry in partial.results())
        choose = heapq.nlargest if largest else heapq.nsmallest  # both keep the order of equal entries
        return choose(k, entries, key=value_of)

    return Combiner(best, associative=True)


def total() -> Combiner:
    """The sum of numbers, or entry by entry of lists of numbers or dicts of numbers; floats with one rounding per group."""

    def summed(partials: Iterator[PartialResult]) -> Any:
        # In pieces, so that memory stays bounded however many there are.
        piece: list[Any] = []
        for partial in partials:
            piece.append(partial.value)
            if len(piece) == PIECE:
                piece = [_sum(piece)]
        return _sum(piece)

    return Combiner(summed, associative=True)


def reduce(function: Callable[[Any, Any], Any], start: Any, *, associative: bool = False) -> Combiner:
    """`function(so_far, value)` over all partial results in order, from `start`.

    Args:
        function: of two values.
        start: the first `so_far`; for an associative function its neutral element.
        associative: combine as a tree.
    """

    def reduced(partials: Iterator[PartialResult]) -> Any:
        so_far = copy.deepcopy(start)  # a function may change what it is given
        for partial in partials:
            so_far = function(so_far, partial.value)
        return so_far

    return Combiner(reduced, associative=associative)


def count() -> Combiner:
    """How many results there are: entries of lists and yielded values, 1 for any other value."""

    def counted(partials: Iterator[PartialResult]) -> int:
        return sum(sum(1 for _ in partial.results()) for partial in partials)

    return Combiner(counted)


def histogram() -> Combiner:
    """How often each value occurs, as `{value: count}`, most frequent first; a worker's dict counts as such counts."""

    def counted(partials: Iterator[PartialResult]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for partial in partials:
            for entry in partial.results():
                pairs = entry.items() if isinstance(entry, dict) else [(str(entry), 1)]
                for value, times in pairs:
                    counts[value] = counts.get(value, 0) + times
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    return Combiner(counted, associative=True)


def merge(function: Callable[[Any, Any], Any] | None = None) -> Combiner:
    """One dict of all dicts; values of the same key are joined by `function(first, second)`, or the later one wins.

    Args:
        function: associative, because large jobs are combined as a tree.
    """

    def merged(partials: Iterator[PartialResult]) -> dict[str, Any]:
        everything: dict[str, Any] = {}
        for partial in partials:
            for entry in partial.results():
                for key, value in entry.items():
                    everything[key] = function(everything[key], value) if function and key in everything else value
        return everything

    return Combiner(merged, associative=True)


def _sum(addends: Sequence[Any]) -> Any:
    if not addends:
        return 0
    first = addends[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for addend in addends for key in addend)
        return {key: _sum([addend[key] for addend in addends if key in addend]) for key in keys}
    if isinstance(first, list):
        if any(len(addend) != len(first) for addend in addends):
            lengths = sorted({len(addend) for addend in addends})
            raise ValueError(f"lists of the lengths {lengths} cannot be added entry by entry")
        return [_sum(entries) for entries in zip(*addends, strict=True)]
    return math.fsum(addends) if any(isinstance(addend, float) for addend in addends) else sum(addends)
