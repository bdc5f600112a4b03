"""Pixel match over an index: the scores of all images of a shard at once, the same as of the images themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..masks import Mask
from .colour_numbers import BRIGHT
from .counting import count_matches, pieces
from .grid import CELLS, Grid
from .lookups import Lookups, count_variants
from .shard import LARGEST_GAP, Shard
from .shard_file import FEW, Directory

# In memory at a time, whatever is searched for, are the lookups that are kept, those of a group of parts of masks and of the
# part after it; and either what finding the lookups of a part takes, or what a group reads and what counting takes. Together
# these are about 620 MB at most, of the 1,024 MiB that a worker has.
PART = 1 << 19
"""Pixels times variants of a part of a mask, which is prepared and counted for itself. It takes about 100 bytes of memory
for each to find its lookups."""
_FOR_RANGES = 4
"""So many variants more, as finding the colours that match a pixel takes memory too."""
KEPT_BYTES = 256 << 20
"""Lookups that are kept for the next shard; further ones are made again."""
GROUP_BYTES = 64 << 20
"""Lookups of a group of parts beside those that are kept."""
READ_BYTES = 256 << 20
"""Of a shard, that a group has in memory together, with what it takes to read it."""
_BLOCK_BYTES = 5 * 8 * CELLS
"""What reading takes for each block: where the values of its cells start and end, and the arrays that this is made of."""
_ENTRY_BYTES = 40
"""What reading takes for each entry of the blocks that have few."""
_NEGATIVE = -1
"""Number of the negative mask; the others are numbered from 0."""

Group = list[tuple[int, Lookups]]
"""Lookups of parts of masks, which read together, each with the number of its mask."""


class Scores(NamedTuple):
    """The scores of one mask, an entry for each image of a shard; see `pixel_match.Score`."""

    matching_pixels: NDArray[np.int64]
    matching_ratio: NDArray[np.float64]
    mirrored: NDArray[np.bool_]


class IndexMatch:
    """Masks prepared to be compared with the images of shards; the counterpart of `PixelMatch`."""

    def __init__(
        self,
        masks: Sequence[Mask],
        *,
        data_threshold: int,
        tolerance: float,
        xy_shift: int = 0,
        mirror: bool = False,
        negative: Mask | None = None,
    ) -> None:
        """Prepare masks of one size; the arguments are those of `PixelMatch`."""
        self._masks = masks
        # A negative mask without pixels has no share that could be subtracted.
        self._negative = negative if negative is not None and negative.pixels else None
        self._grid = Grid(masks[0].width, masks[0].height)
        self._threshold, self._tolerance, self._xy_shift, self._mirror = data_threshold, tolerance, xy_shift, mirror
        self._pixels = max(1, PART // (count_variants(xy_shift, mirror=mirror) + _FOR_RANGES))
        self._kept: dict[tuple[int, int], Lookups] = {}
        self._kept_bytes = 0

    def scores(self, shard: Shard) -> Iterator[tuple[int, Scores]]:
        """Yield the number of each mask and its scores.

        Masks share what is read.

        Raises:
            ValueError: if the images have another size, or the shard lacks pixels above the threshold.
            IndexDamaged: if the shard is not as it was written.
        """
        header = shard.header
        if (header.width, header.height) != (self._grid.width, self._grid.height):
            raise ValueError(f"the index is of images of {header.width} x {header.height} pixels")
        if header.threshold > self._threshold:
            raise ValueError(
                f"the index has pixels above {header.threshold}, and data_threshold is {self._threshold}: "
                "build it with a lower threshold"
            )
        against: NDArray[np.int64] | None = None
        for number, counted in groupby(self._counts(shard), key=itemgetter(0)):
            counts = reduce(np.add, (counts for _, counts in counted))
            best = counts.reshape(2 if self._mirror else 1, -1, shard.header.images).max(axis=1)
            if number == _NEGATIVE:
                against = best
            else:
                yield number, self._scores(self._masks[number], best, against)

    def _counts(self, shard: Shard) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The number of each mask, the negative one first, and what some of its pixels match in some of the blocks.

        The second, (variants, images), adds up to the matches of the mask.
        """
        for group in self._groups(shard):
            wanted = np.zeros(shard.directory.blocks.size, bool)
            for _, lookups in group:
                wanted[_find(shard.directory, lookups)] = True
            found = np.flatnonzero(wanted)
            # Only a part that is alone in its group can need more than one read.
            reads = list(pieces(_read_bytes(shard.directory, found), READ_BYTES))
            for read in reads or [slice(0)]:
                yield from self._counts_in(shard, shard.directory.blocks[found[read]].astype(np.int64), group)

    def _counts_in(
        self, shard: Shard, blocks: NDArray[np.int64], group: Group
    ) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """What a group matches in some blocks."""
        read = shard.read(blocks)
        rows = np.full(self._grid.blocks, -1, np.intp)
        rows[blocks] = np.arange(blocks.size)
        # What is read is above the threshold of the shard, and above that of bright colours when only those are read.
        above = max(shard.header.threshold, BRIGHT) if self._threshold >= BRIGHT else shard.header.threshold
        threshold = self._threshold if self._threshold > above else None
        for number, lookups in group:
            yield number, count_matches(lookups, read, rows[lookups.blocks], shard.header.images, threshold)

    def _groups(self, shard: Shard) -> Iterator[Group]:
        """The lookups of all parts, so many at a time that they and what they read fit into memory."""
        group: Group = []
        group_bytes = 0
        wanted = np.zeros(shard.directory.blocks.size, bool)
        for number, first, part in self._parts():
            lookups, made_bytes = self._lookups(number, first, part)
            found = _find(shard.directory, lookups)
            wanted[found] = True
            group_bytes += made_bytes
            if group and (
                group_bytes > GROUP_BYTES
                or int(_read_bytes(shard.directory, np.flatnonzero(wanted)).sum()) > READ_BYTES
            ):
                yield group
                group.clear()  # before more are made: whoever took it holds this list still
                group_bytes = made_bytes
                wanted[:] = False
                wanted[found] = True
            group.append((number, lookups))
        yield group

    def _parts(self) -> Iterator[tuple[int, int, Mask]]:
        """The number of each mask, the negative one first, and its parts: the first pixel of each, and its pixels."""
        negative = [(_NEGATIVE, self._negative)] if self._negative else []
        for number, mask in [*negative, *enumerate(self._masks)]:
            for first in range(0, max(1, mask.pixels), self._pixels):
                some = slice(first, first + self._pixels)
                yield number, first, replace(mask, positions=mask.positions[some], colours=mask.colours[some])

    def _lookups(self, number: int, first: int, part: Mask) -> tuple[Lookups, int]:
        """The lookups of a part, and the bytes that they take unless they are kept."""
        kept = self._kept.get((number, first))
        if kept:
            return kept, 0
        lookups = Lookups(
            part, self._grid, self._tolerance,
            data_threshold=self._threshold, xy_shift=self._xy_shift, mirror=self._mirror,
        )  # fmt: skip
        if self._kept_bytes + lookups.size_bytes > KEPT_BYTES:
            return lookups, lookups.size_bytes
        self._kept_bytes += lookups.size_bytes
        self._kept[number, first] = lookups
        return lookups, 0

    def _scores(self, mask: Mask, best: NDArray[np.int64], against: NDArray[np.int64] | None) -> Scores:
        """As `PixelMatch` scores one image, operation by operation, so that not even the last bit differs."""
        ratios = best / mask.pixels
        pixels = best
        if against is not None and self._negative is not None:
            ratios -= against / self._negative.pixels
            share = mask.pixels / self._negative.pixels
            pixels = np.floor(best - against * share + 0.5).astype(np.int64)
        if not self._mirror:
            return Scores(pixels[0], ratios[0], np.zeros(best.shape[1], bool))
        mirrored = ratios[1] > ratios[0]
        return Scores(np.where(mirrored, pixels[1], pixels[0]), np.where(mirrored, ratios[1], ratios[0]), mirrored)


def _find(directory: Directory, lookups: Lookups) -> NDArray[np.intp]:
    """Return which blocks of a directory are looked in."""
    found = np.searchsorted(directory.blocks, lookups.blocks)
    there = found < directory.blocks.size
    there[there] = directory.blocks[found[there]] == lookups.blocks[there]
    return found[there]


def _read_bytes(directory: Directory, found: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the memory that it takes to read each of some blocks of a directory, after the ones before it."""
    offsets, sizes, counts = directory.offsets[found], directory.sizes[found], directory.counts[found]
    needed = sizes + _BLOCK_BYTES + np.where(counts < FEW, _ENTRY_BYTES * counts, 0)
    gaps = offsets[1:] - (offsets + sizes)[:-1]
    needed[1:] += np.where(gaps <= LARGEST_GAP, gaps, 0)
    return needed
