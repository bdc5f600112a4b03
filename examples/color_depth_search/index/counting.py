"""Counting, for each image of a shard, how many pixels of a mask match."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import LARGEST
from .entries import IMAGE_BITS, MOST_IMAGES
from .lookups import Lookups
from .shard import Blocks


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
    lengths = (ends - starts)[lookups.lookups]
    uses = np.flatnonzero(lengths)
    lengths = lengths[uses]
    after = np.cumsum(lengths)
    where = np.repeat(starts[lookups.lookups[uses]] - (after - lengths), lengths)
    where += np.arange(where.size)
    values = blocks.values[where]
    places = np.repeat(lookups.variants_of[uses].astype(np.int64) * images, lengths)
    places += values & np.uint32(MOST_IMAGES - 1)
    if threshold is not None:
        places = places[LARGEST[values >> np.uint32(IMAGE_BITS)] > threshold]
    counts = np.bincount(places, minlength=lookups.variants * images)
    best: NDArray[np.int64] = counts.reshape(lookups.orientations, -1, images).max(axis=1)
    return best


def _lower_bound(
    values: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64], targets: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return, for each range of `values`, which rises in it, where the first value is that is not below its target."""
    low = starts.copy()
    longest = int((ends - starts).max(initial=0))
    for step in (1 << bit for bit in reversed(range(longest.bit_length()))):
        rows = np.flatnonzero(low + step <= ends)
        rows = rows[values[low[rows] + step - 1] < targets[rows]]
        low[rows] += step
    return low
