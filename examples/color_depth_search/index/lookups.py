"""What a mask looks up in each shard: in which cells of which blocks, between which colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..masks import Mask, offsets
from .colour_numbers import BRIGHT, COLOURS, matching_ranges
from .entries import IMAGE_BITS
from .grid import CELLS, Grid


class Lookups:
    """The lookups of one mask or of a part of its pixels, the same for all shards of an index.

    A pixel of the mask, moved by a shift and maybe mirrored, looks in one place of the images for the colours that match
    its own. Neighbours of nearly the same colour look for the same in the same place: each such thing is looked up once
    and counted for all of them; each of these is a *use* of it. The *variant* of a use is the number of its shift, after
    those that are not mirrored those that are.
    """

    def __init__(
        self, mask: Mask, grid: Grid, tolerance: float, *, data_threshold: int, xy_shift: int, mirror: bool
    ) -> None:
        self.variants = count_variants(xy_shift, mirror=mirror)
        rows, first, end, depths = _split_ranges(grid, *matching_ranges(mask.colours, tolerance))
        ranges, of_range = np.unique(first * (COLOURS + 1) + end, return_inverse=True)
        # One number for each use, in the order of slots, then ranges, then variants: to sort these is quicker, and takes
        # less memory, than to order several arrays.
        numbers = np.empty(self.variants * rows.size, np.int64)
        filled = 0
        y, x = np.divmod(mask.positions[rows], grid.width)
        shifts = offsets(xy_shift)
        for variant in range(self.variants):
            mirrored, shift = divmod(variant, len(shifts))
            dx, dy = shifts[shift]
            moved_x, moved_y = x + dx, y + dy
            inside = np.flatnonzero((moved_x >= 0) & (moved_x < grid.width) & (moved_y >= 0) & (moved_y < grid.height))
            if mirrored:  # shifted first, then mirrored
                moved_x = grid.width - 1 - moved_x
            slots = grid.slots((moved_y * grid.width + moved_x)[inside], depths[inside])
            numbers[filled : filled + inside.size] = (slots * ranges.size + of_range[inside]) * self.variants + variant
            filled += inside.size
        numbers = numbers[:filled]
        numbers.sort()
        self.variants_of = (numbers % self.variants).astype(np.uint8)
        """Of each use, its variant."""
        numbers //= self.variants
        starts = _run_starts(numbers)
        self.uses = np.diff(starts, append=numbers.size).astype(np.uint8)
        """Of each lookup, how many uses it has, at most one of each variant; they lie one after the other."""
        slots, of_range = np.divmod(numbers[starts], max(1, ranges.size))
        first, end = np.divmod(ranges, COLOURS + 1)
        self.first = (first << IMAGE_BITS).astype(np.uint32)[of_range]
        """Of each lookup, the least value of an entry that matches."""
        self.end = (end << IMAGE_BITS).astype(np.uint32)[of_range]
        """Of each lookup, the value that is too large."""
        self.cells = (slots % CELLS).astype(np.uint8)
        """Of each lookup, in which cell it looks."""
        slots //= CELLS
        starts = _run_starts(slots)
        self.of_block = np.repeat(np.arange(starts.size, dtype=np.int32), np.diff(starts, append=slots.size))
        """Of each lookup, which of `blocks` it looks in for bright colours, rising."""
        blocks = slots[starts]
        self.halves = 2 if data_threshold < BRIGHT else 1
        """2: each lookup looks for dim colours too, in the block as far behind in `blocks` as there are bright ones."""
        self.blocks = np.concatenate([blocks + half * (grid.blocks // 2) for half in range(self.halves)])
        """Numbers of the blocks that are needed, rising."""

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        arrays = (self.blocks, self.of_block, self.cells, self.first, self.end, self.uses, self.variants_of)
        return sum(array.nbytes for array in arrays)


def count_variants(xy_shift: int, *, mirror: bool) -> int:
    """Return in how many ways a mask is laid on an image."""
    return (2 if mirror else 1) * len(offsets(xy_shift))


def _split_ranges(
    grid: Grid, rows: NDArray[np.intp], first: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Cut ranges of colours where those of blocks end; return row, first, end and the range of depth of each part."""
    depths = np.searchsorted(grid.edges, first, side="right") - 1
    parts = np.searchsorted(grid.edges, end - 1, side="right") - depths
    of = np.repeat(np.arange(rows.size), parts)
    depths = depths[of] + np.arange(of.size) - (np.cumsum(parts) - parts)[of]
    return rows[of], np.maximum(first[of], grid.edges[depths]), np.minimum(end[of], grid.edges[depths + 1]), depths


def _run_starts(values: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where each run of equal values starts."""
    new = np.ones(values.size, bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
