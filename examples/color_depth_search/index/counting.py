"""Counting, for each image of a shard, how many pixels of a mask match."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import LARGEST
from .entries import IMAGE_BITS, MOST_IMAGES
from .grid import CELLS
from .lookups import Lookups
from .shard import Blocks

LOOKUPS_AT_ONCE = 1 << 14
"""Lookups that are looked up at a time: what is made of these stays in the processor's cache."""
PIECE = 1 << 16
"""Entries that are counted at a time, for the same reason; more when there are more numbers to add them to."""


def count_matches(
    lookups: Lookups, blocks: Blocks, rows: NDArray[np.intp], images: int, threshold: int | None
) -> NDArray[np.int64]:
    """Return (variants, images): the number of pixels of a mask that match each image.

    It takes up to about 25 MB besides the result, however many lookups there are.

    Args:
        lookups: of the mask, or of a part of it: the numbers of parts add up.
        blocks: of the shard.
        rows: where in `blocks` each of `lookups.blocks` is; -1: nothing is counted in it.
        images: of the shard.
        threshold: entries count when their largest channel is above it; None: all count.
    """
    counts = np.zeros(lookups.variants * images, np.int64)
    starts_of_cells, ends_of_cells = blocks.starts.reshape(-1), blocks.ends.reshape(-1)
    for rows_of_half in rows.reshape(lookups.halves, -1):
        used = 0
        for first in range(0, lookups.of_block.size, LOOKUPS_AT_ONCE):
            some = slice(first, first + LOOKUPS_AT_ONCE)
            uses = lookups.uses[some].astype(np.int64)
            first_use = used + np.cumsum(uses) - uses
            used += int(uses.sum())
            row = rows_of_half[lookups.of_block[some]]
            there = np.flatnonzero(row >= 0)
            cells = row[there] * CELLS + lookups.cells[some][there]
            starts, ends = starts_of_cells[cells], ends_of_cells[cells]
            starts = _lower_bound(blocks.values, starts, ends, lookups.first[some][there])
            lengths = _lower_bound(blocks.values, starts, ends, lookups.end[some][there]) - starts
            found = np.flatnonzero(lengths)
            starts, lengths = starts[found], lengths[found]
            uses, first_use = uses[there[found]], first_use[there[found]]
            for piece in pieces(lengths * uses, max(PIECE, counts.size)):
                variants = lookups.variants_of[_within(first_use[piece], uses[piece])].astype(np.uint32)
                starts_of_use, length = np.repeat(starts[piece], uses[piece]), np.repeat(lengths[piece], uses[piece])
                matching = blocks.values.take(_within(starts_of_use, length))
                variants = np.repeat(variants * np.uint32(images), length)
                if threshold is not None:
                    bright = LARGEST[matching >> np.uint32(IMAGE_BITS)] > threshold
                    matching, variants = matching[bright], variants[bright]
                matching &= np.uint32(MOST_IMAGES - 1)
                matching += variants
                counts += np.bincount(matching, minlength=counts.size)
    return counts.reshape(lookups.variants, images)


def pieces(sizes: NDArray[np.int64], limit: int) -> Iterator[slice]:
    """Cut a sequence of things of these sizes into pieces of up to `limit`, or of one that is larger."""
    after = np.cumsum(sizes)
    first = 0
    while first < sizes.size:
        before = after[first] - sizes[first]
        last = max(first + 1, int(np.searchsorted(after, before + limit, side="right")))
        yield slice(first, last)
        first = last


def _within(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all whole numbers of ranges, one range after the other."""
    after = np.cumsum(lengths)
    numbers = np.repeat(starts - (after - lengths), lengths)
    numbers += np.arange(numbers.size)
    return numbers


def _lower_bound(
    values: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64], targets: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return, for each range of `values`, which rises in it, where the first value is that is not below its target."""
    low = starts.copy()
    longest = int((ends - starts).max(initial=0))
    for step in (1 << bit for bit in reversed(range(longest.bit_length()))):
        at = low + (step - 1)
        below = values.take(at, mode="clip") < targets  # beyond the end of a range whatever is there
        below &= at < ends
        low += below * step
    return low
