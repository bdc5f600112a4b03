"""Counting, for each image of a shard, how many pixels of a mask match."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import LARGEST
from .entries import IMAGE_BITS, MOST_IMAGES
from .lookups import Lookups
from .shard import Blocks

PIECE = 1 << 17
"""Entries that are counted at a time."""


def best_counts(
    lookups: Lookups, blocks: Blocks, rows: NDArray[np.intp], images: int, threshold: int | None
) -> NDArray[np.int64]:
    """Return (orientations, images): the number of pixels of a mask that match each image, for the best shift.

    Args:
        lookups: of the mask.
        blocks: of the shard.
        rows: where in `blocks` each of `lookups.blocks` is.
        images: of the shard.
        threshold: entries count when their largest channel is above it; None: all count.
    """
    cells = rows[lookups.of_block] * blocks.starts.shape[1] + lookups.cells
    starts, ends = blocks.starts.reshape(-1)[cells], blocks.ends.reshape(-1)[cells]
    starts = _lower_bound(blocks.values, starts, ends, lookups.first)
    ends = _lower_bound(blocks.values, starts, ends, lookups.end)
    found, lengths = _images(blocks.values, starts, ends - starts, threshold)
    starts = np.cumsum(lengths) - lengths
    uses = np.flatnonzero(lengths[lookups.lookups])
    of = lookups.lookups[uses]
    starts, lengths = starts[of], lengths[of]
    counts = np.zeros(lookups.variants * images, np.int64)
    for piece in _pieces(lengths):
        places = found[_within(starts[piece], lengths[piece])]
        places += np.repeat(lookups.variants_of[uses[piece]] * np.int64(images), lengths[piece])
        counts += np.bincount(places, minlength=counts.size)
    best: NDArray[np.int64] = counts.reshape(lookups.orientations, -1, images).max(axis=1)
    return best


def _pieces(lengths: NDArray[np.int64]) -> Iterator[slice]:
    """Cut ranges of these lengths into pieces of about PIECE entries: what is made of one stays in the processor's cache."""
    after = np.cumsum(lengths)
    first = 0
    while first < lengths.size:
        before = after[first] - lengths[first]
        last = max(first + 1, int(np.searchsorted(after, before + PIECE, side="right")))
        yield slice(first, last)
        first = last


def _images(
    values: NDArray[np.uint32], starts: NDArray[np.int64], lengths: NDArray[np.int64], threshold: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the images of ranges of values, one range after the other, and how many there are of each."""
    chosen = values[_within(starts, lengths)]
    if threshold is not None:
        bright = LARGEST[chosen >> np.uint32(IMAGE_BITS)] > threshold
        before = np.concatenate([[0], np.cumsum(bright)])
        after = np.cumsum(lengths)
        chosen, lengths = chosen[bright], before[after] - before[after - lengths]
    return (chosen & np.uint32(MOST_IMAGES - 1)).astype(np.int64), lengths


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
