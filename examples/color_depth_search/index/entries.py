"""What a shard holds, in the order in which it is stored, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import number_colours
from .grid import CELLS, Grid

IMAGE_BITS = 14
MOST_IMAGES = 1 << IMAGE_BITS
"""Images of a shard, at most: what is left of 32 bits beside a colour."""
KEPT = 60_000_000
"""Entries kept in memory, of 8 bytes; more are sorted and put aside in files."""
BLOCKS_AT_ONCE = 256
_SLOT = 32


class Entries:
    """Pixels of images, each `slot << 32 | colour << 14 | image`: sorted, they are in the order of the blocks.

    Args:
        grid: of the images.
        threshold: pixels with a channel above this have an entry.
        folder: for what does not fit into memory.
        kept: entries in memory at most; at least the pixels of an image.
    """

    def __init__(self, grid: Grid, threshold: int, folder: Path, *, kept: int = KEPT) -> None:
        self._grid, self._threshold, self._folder = grid, threshold, folder
        self._kept = np.empty(kept, np.uint64)  # takes memory only where it is written
        self._used = 0
        self._files: list[Path] = []

    def add(self, image: int, pixels: NDArray[np.uint8]) -> None:
        """Add an image (height, width, 3), which has a number below `MOST_IMAGES` in the shard."""
        positions, colours = number_colours(pixels, self._threshold)
        if self._used + positions.size > self._kept.size:
            self._put_aside()
        new = self._kept[self._used : self._used + positions.size]
        new[:] = self._grid.slots_of(positions, colours)
        new <<= np.uint64(_SLOT - IMAGE_BITS)
        new |= colours
        new <<= np.uint64(IMAGE_BITS)
        new |= np.uint64(image)
        self._used += positions.size

    def blocks(self) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.uint32]]]:
        """Yield `block, cells, values` of each block that is not empty, in their order; call it once.

        Of each entry the cell of its pixel, rising, and its value `colour << 14 | image`, rising for each cell.
        """
        runs = self._sorted_runs()
        ends = [0] * len(runs)
        for first in range(0, self._grid.blocks, BLOCKS_AT_ONCE):
            limit = np.uint64(((first + BLOCKS_AT_ONCE) * CELLS) << _SLOT)
            starts, ends = ends, [int(np.searchsorted(run, limit)) for run in runs]
            parts = [run[start:end] for run, start, end in zip(runs, starts, ends, strict=True) if end > start]
            if not parts:
                continue
            entries = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
            slots = (entries >> np.uint64(_SLOT)).astype(np.int64)
            cells, values = (slots % CELLS).astype(np.uint8), entries.astype(np.uint32)
            numbers = slots // CELLS
            bounds = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1)).tolist()
            for start, end in pairwise(bounds):
                yield int(numbers[start]), cells[start:end], values[start:end]

    def _sorted_runs(self) -> list[NDArray[np.uint64]]:
        if not self._files:
            kept = self._kept[: self._used]
            kept.sort()
            return [kept]
        self._put_aside()
        self._kept = self._kept[:0]
        return [np.memmap(file, np.uint64, "r") for file in self._files]

    def _put_aside(self) -> None:
        if not self._used:
            return
        file = self._folder / f"entries-{len(self._files)}"
        kept = self._kept[: self._used]
        kept.sort()
        with open(file, "wb") as out:  # not tofile(), which may not notice that the disk is full
            out.write(kept.data)
        self._files.append(file)
        self._used = 0
