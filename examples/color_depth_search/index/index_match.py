"""Pixel match over an index: the scores of all images of a shard at once, the same as of the images themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..masks import Mask
from .colour_numbers import BRIGHT
from .counting import best_counts
from .grid import Grid
from .lookups import Lookups
from .shard import Blocks, Shard

KEPT_BYTES = 256 << 20
"""Lookups of masks that are kept for the next shard; those of further masks are made again."""
READ_BYTES = 256 << 20
"""Of a shard, that masks have in memory together."""


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
        self._grid = Grid(masks[0].width, masks[0].height)
        self._threshold, self._tolerance, self._xy_shift, self._mirror = data_threshold, tolerance, xy_shift, mirror
        self._kept: dict[int, Lookups] = {}
        self._kept_bytes = 0
        # A negative mask without pixels has no share that could be subtracted.
        self._negative = self._prepare(negative) if negative is not None and negative.pixels else None

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
        for group in self._groups(shard):
            every = [*group.values(), *([self._negative] if self._negative else [])]
            blocks = np.unique(np.concatenate([lookups.blocks for lookups in every]))
            read = shard.read(blocks)
            against = self._best(self._negative, blocks, read, shard) if self._negative else None
            for number, lookups in group.items():
                yield number, self._scores(lookups, self._best(lookups, blocks, read, shard), against)

    def _groups(self, shard: Shard) -> Iterator[dict[int, Lookups]]:
        """The masks, so many at a time that what they read together fits into memory."""
        group: dict[int, Lookups] = {}
        reads = np.zeros(self._grid.blocks, bool)
        sizes = np.zeros(self._grid.blocks, np.int64)
        sizes[shard.directory.blocks] = shard.directory.sizes
        for number, mask in enumerate(self._masks):
            lookups = self._lookups(number, mask)
            reads[lookups.blocks] = True
            if group and int(sizes[reads].sum()) > READ_BYTES:
                yield group
                group = {}
                reads[:] = False
                reads[lookups.blocks] = True
            group[number] = lookups
        yield group

    def _lookups(self, number: int, mask: Mask) -> Lookups:
        if number in self._kept:
            return self._kept[number]
        lookups = self._prepare(mask)
        if self._kept_bytes + lookups.size_bytes <= KEPT_BYTES:
            self._kept_bytes += lookups.size_bytes
            self._kept[number] = lookups
        return lookups

    def _prepare(self, mask: Mask) -> Lookups:
        return Lookups(
            mask, self._grid, self._tolerance,
            data_threshold=self._threshold, xy_shift=self._xy_shift, mirror=self._mirror,
        )  # fmt: skip

    def _best(self, lookups: Lookups, blocks: NDArray[np.int64], read: Blocks, shard: Shard) -> NDArray[np.int64]:
        rows = np.searchsorted(blocks, lookups.blocks)
        # What is read is above the threshold of the shard, and above that of bright colours when only those are read.
        above = max(shard.header.threshold, BRIGHT) if self._threshold >= BRIGHT else shard.header.threshold
        threshold = self._threshold if self._threshold > above else None
        return best_counts(lookups, read, rows, shard.header.images, threshold)

    def _scores(self, lookups: Lookups, best: NDArray[np.int64], against: NDArray[np.int64] | None) -> Scores:
        """As `PixelMatch` scores one image, operation by operation, so that not even the last bit differs."""
        ratios = best / lookups.size
        pixels = best
        if against is not None and self._negative is not None:
            ratios -= against / self._negative.size
            share = lookups.size / self._negative.size
            pixels = np.floor(best - against * share + 0.5).astype(np.int64)
        if not self._mirror:
            return Scores(pixels[0], ratios[0], np.zeros(best.shape[1], bool))
        mirrored = ratios[1] > ratios[0]
        return Scores(np.where(mirrored, pixels[1], pixels[0]), np.where(mirrored, ratios[1], ratios[0]), mirrored)
