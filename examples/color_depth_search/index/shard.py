"""Reading a shard: the blocks that masks touch, in few large reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skyburst import Folder
from skyburst.errors import StorageError

from .grid import CELLS
from .shard_file import FEW, Directory, IndexDamaged

LARGEST_GAP = 256 * 1024
"""Bytes between two blocks that are read along rather than asked for in another read: about what a bucket sends while
it finds an object."""


class Traffic(NamedTuple):
    """What was read."""

    requests: int
    bytes: int


class Blocks(NamedTuple):
    """Some blocks of a shard, in memory."""

    values: NDArray[np.uint32]
    """What was read; the values of blocks among other bytes."""
    starts: NDArray[np.int64]
    """(blocks, CELLS): where the values of each cell start in `values`."""
    ends: NDArray[np.int64]
    """(blocks, CELLS): where they end."""


class Shard:
    """A shard of an index in a folder or bucket.

    Raises:
        IndexDamaged: also its functions.
        ObjectNotFound: when it is not there.
        StorageError: when it cannot be read now, as when a bucket asks to slow down: that is no damage.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder, self._name = folder, name
        data = folder.read(directory_name(name))
        self.directory = Directory.decode(data)
        self.header = self.directory.header
        self.traffic = Traffic(1, len(data))

    def read(self, blocks: NDArray[np.int64]) -> Blocks:
        """Read blocks, given by their numbers, rising; those that are empty have no values."""
        directory = self.directory
        found = np.searchsorted(directory.blocks, blocks)
        there = found < directory.blocks.size
        there[there] = directory.blocks[found[there]] == blocks[there]
        found = found[there]
        starts = np.zeros((blocks.size, CELLS), np.int64)
        ends = starts.copy()
        if not found.size:
            return Blocks(np.empty(0, np.uint32), starts, ends)
        buffer, offsets = self._read_merged(directory.offsets[found], directory.sizes[found])
        for at, offset in zip(found.tolist(), offsets.tolist(), strict=True):
            directory.check(at, buffer[offset : offset + int(directory.sizes[at])])
        values = np.frombuffer(buffer, "<u4", count=len(buffer) // 4)
        counts = _cell_counts(np.frombuffer(buffer, np.uint8), offsets, directory.counts[found])
        ends[there] = np.cumsum(counts, axis=1) + offsets[:, None] // 4
        starts[there] = ends[there] - counts
        return Blocks(values, starts, ends)

    def check_size(self) -> None:
        """Read the last byte."""
        end = self.header.size_bytes
        with self._shortness_is_damage():
            self._folder.read_ranges(entries_name(self._name), [(max(0, end - 1), end)])

    def verify(self) -> None:
        """Read all blocks and compare their checksums."""
        some = 4096
        blocks = self.directory.blocks.astype(np.int64)
        for start in range(0, blocks.size, some):
            self.read(blocks[start : start + some])

    def _read_merged(
        self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> tuple[memoryview, NDArray[np.int64]]:
        """Read parts of the file, together where they lie near each other; where each part starts in what was read."""
        ends = offsets + sizes
        first = np.flatnonzero(np.concatenate([[True], offsets[1:] - ends[:-1] > LARGEST_GAP]))
        last = np.append(first[1:], offsets.size) - 1
        ranges = list(zip(offsets[first].tolist(), ends[last].tolist(), strict=True))
        with self._shortness_is_damage():
            parts = self._folder.read_together(entries_name(self._name), ranges)
        lengths = sum(end - start for start, end in ranges)
        self.traffic = Traffic(self.traffic.requests + len(ranges), self.traffic.bytes + lengths)
        moved = np.repeat(np.array(parts.starts) - offsets[first], last - first + 1)
        return parts.data, offsets + moved

    @contextmanager
    def _shortness_is_damage(self) -> Iterator[None]:
        """Raise IndexDamaged when the file of entries cannot be read because it was cut short."""
        try:
            yield
        except StorageError as error:
            with self._folder.open(entries_name(self._name)) as file:
                size = file.seek(0, os.SEEK_END)
            if size < self.header.size_bytes:
                raise IndexDamaged(str(error)) from error
            raise


def entries_name(name: str) -> str:
    """Name of the file of entries of a shard."""
    return f"{name}.entries"


def directory_name(name: str) -> str:
    """Name of the directory of a shard."""
    return f"{name}.directory"


def _cell_counts(stored: NDArray[np.uint8], offsets: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (blocks, CELLS): how many values each cell of blocks has that start at `offsets` of what was read."""
    result = np.empty((counts.size, CELLS), np.int64)
    many = np.flatnonzero(counts >= FEW)
    halves = stored[: stored.size // 2 * 2].view("<u2")
    result[many] = halves[((offsets + 4 * counts)[many] // 2)[:, None] + np.arange(CELLS)]
    few = np.flatnonzero(counts < FEW)
    block = np.repeat(np.arange(few.size), counts[few])
    within = np.arange(block.size) - np.repeat(np.cumsum(counts[few]) - counts[few], counts[few])
    cells = stored[np.repeat((offsets + 4 * counts)[few], counts[few]) + within]
    result[few] = np.bincount(block * CELLS + cells, minlength=few.size * CELLS).reshape(-1, CELLS)
    return result
