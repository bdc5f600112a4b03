"""What a mask looks up in each shard: in which cells of which blocks, between which colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..masks import Mask, offsets
from .colour_numbers import BRIGHT, COLOURS, matching_ranges
from .entries import IMAGE_BITS
from .grid import CELLS, Grid


class Lookups:
    """The lookups of one mask, the same for all shards of an index.

    A pixel of the mask, moved by a shift and maybe mirrored, looks in one place of the images for the colours that match
    its own. Neighbours of nearly the same colour look for the same in the same place: each such thing is looked up once
    and counted for all of them. The *variant* of a lookup is the number of its shift, after those that are not mirrored
    those that are.
    """

    def __init__(
        self, mask: Mask, grid: Grid, tolerance: float, *, data_threshold: int, xy_shift: int, mirror: bool
    ) -> None:
        self.size = mask.pixels
        """Pixels of the mask."""
        shifts = offsets(xy_shift)
        self.orientations = 2 if mirror else 1
        self.variants = self.orientations * len(shifts)
        rows, first, end = matching_ranges(mask.colours, tolerance)
        ranges, of_range = np.unique(first * (COLOURS + 1) + end, return_inverse=True)
        y, x = np.divmod(mask.positions[rows], grid.width)
        places: list[NDArray[np.int64]] = []
        wanted: list[NDArray[np.intp]] = []
        variants: list[NDArray[np.uint8]] = []
        for mirrored in range(self.orientations):
            for number, (dx, dy) in enumerate(shifts):
                moved_x, moved_y = x + dx, y + dy
                inside = (moved_x >= 0) & (moved_x < grid.width) & (moved_y >= 0) & (moved_y < grid.height)
                if mirrored:  # shifted first, then mirrored
                    moved_x = grid.width - 1 - moved_x
                places.append((moved_y * grid.width + moved_x)[inside])
                wanted.append(of_range[inside])
                variants.append(np.full(places[-1].size, mirrored * len(shifts) + number, np.uint8))
        unique, of_unique = np.unique(
            np.concatenate(places) * ranges.size + np.concatenate(wanted), return_inverse=True
        )
        place, range_ = np.divmod(unique, max(1, ranges.size))
        first, end = np.divmod(ranges, COLOURS + 1)
        bounds = first[range_], end[range_]
        self._split(grid, place, *bounds, of_unique, np.concatenate(variants), with_dim=data_threshold < BRIGHT)

    def _split(
        self, grid: Grid, places: NDArray[np.int64], first: NDArray[np.int64], end: NDArray[np.int64],
        lookups: NDArray[np.intp], variants: NDArray[np.uint8], *, with_dim: bool,
    ) -> None:  # fmt: skip
        """Cut the ranges of colours where those of blocks end, and put all in the order of the blocks."""
        depth = np.searchsorted(grid.edges, first, side="right") - 1
        parts = np.searchsorted(grid.edges, end - 1, side="right") - depth
        starts = np.cumsum(parts) - parts
        of = np.repeat(np.arange(places.size), parts)
        depths = depth[of] + np.arange(of.size) - starts[of]
        first = np.maximum(first[of], grid.edges[depths])
        end = np.minimum(end[of], grid.edges[depths + 1])
        slots = grid.slots(places[of], depths)
        uses = parts[lookups]
        within = np.arange(int(uses.sum())) - np.repeat(np.cumsum(uses) - uses, uses)
        used = np.repeat(starts[lookups], uses) + within
        variants = np.repeat(variants, uses)
        if with_dim:
            slots = np.concatenate([slots, grid.slots(places[of], depths, dim=True)])
            used = np.concatenate([used, used + first.size])
            first, end, variants = np.tile(first, 2), np.tile(end, 2), np.tile(variants, 2)
        order = np.argsort(slots, kind="stable")
        slots = slots[order]
        self.blocks, of_block = np.unique(slots // CELLS, return_inverse=True)
        """Numbers of the blocks that are needed, rising."""
        self.of_block = of_block.astype(np.int32)
        """Of each lookup, which of `blocks` it looks in."""
        self.cells = (slots % CELLS).astype(np.uint8)
        """Of each lookup, in which cell."""
        self.first = (first[order] << IMAGE_BITS).astype(np.uint32)
        """Of each lookup, the least value of an entry that matches."""
        self.end = (end[order] << IMAGE_BITS).astype(np.uint32)
        """Of each lookup, the value that is too large."""
        place = np.empty(order.size, np.int32)
        place[order] = np.arange(order.size, dtype=np.int32)
        self.lookups = place[used]
        """Of each use, which lookup it is of."""
        self.variants_of = variants
        """Of each use, its variant."""

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        arrays = (self.blocks, self.of_block, self.cells, self.first, self.end, self.lookups, self.variants_of)
        return sum(array.nbytes for array in arrays)
