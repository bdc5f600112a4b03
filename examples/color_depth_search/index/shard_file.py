"""The two files of a shard: its entries, and the directory that says where each block of them lies.

A block is stored as the values of its entries, `colour << 14 | image` (uint32), in the order of their cells and, for
each cell, rising; and then what says which cell each belongs to: of up to 511 entries, the cell of each (uint8, with
zeros up to a multiple of four bytes); of more, the number of entries of each of the 256 cells (uint16). All numbers
are little-endian.

The directory is a line of JSON, then the numbers of the blocks that are not empty, how many entries each has, and the
CRC-32 of each as it is stored (uint32 each), and last the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .grid import CELLS

FORMAT = 1
FEW = 512
"""Of so many entries or more, a block has the number of each cell; of fewer, the cell of each entry."""
_U32 = np.dtype("<u4")


class IndexDamaged(Exception):
    """Raised when a file of an index is not as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a shard is."""

    format: int = FORMAT
    width: int
    height: int
    """Of all images, in pixels."""
    threshold: int
    """Pixels with a channel above this have an entry."""
    first: int
    """Number of the library's item that is image 0 of the shard."""
    images: int
    """Items from there on, those that were removed before included."""
    entries: int
    size_bytes: int
    """Of the file of entries."""


class Directory:
    """Where the blocks of a shard lie in its file of entries."""

    def __init__(
        self, header: Header, blocks: NDArray[np.uint32], counts: NDArray[np.uint32], checksums: NDArray[np.uint32]
    ) -> None:
        self.header = header
        self.blocks = blocks
        """Numbers of those that are not empty, rising."""
        self.counts = counts.astype(np.int64)
        """Entries of each."""
        self.checksums = checksums
        self.sizes = stored_bytes(self.counts)
        """Bytes of each."""
        self.offsets = np.cumsum(self.sizes) - self.sizes
        """Where each starts."""

    def encode(self) -> bytes:
        """As the bytes of its file."""
        line = json.dumps(asdict(self.header)).encode() + b"\n"
        arrays = (self.blocks, self.counts, self.checksums)
        data = line + b"".join(array.astype(_U32).tobytes() for array in arrays)
        return data + hashlib.sha256(data).digest()

    @classmethod
    def decode(cls, data: bytes) -> Directory:
        """Raises IndexDamaged."""
        body, digest = data[:-32], data[-32:]
        if hashlib.sha256(body).digest() != digest:
            raise IndexDamaged("its directory does not have the checksum that it was written with")
        line, _, arrays = body.partition(b"\n")
        fields = json.loads(line)
        if fields["format"] != FORMAT:
            raise IndexDamaged(f"it has the format {fields['format']!r}, and this version reads {FORMAT}")
        blocks, counts, checksums = np.frombuffer(arrays, _U32).reshape(3, -1)
        return cls(Header(**fields), blocks, counts, checksums)

    def check(self, at: int, stored: memoryview | bytes) -> None:
        """Raise IndexDamaged unless block number `at` of those that are not empty is stored so."""
        if zlib.crc32(stored) != self.checksums[at]:
            raise IndexDamaged(f"block {self.blocks[at]} does not have the checksum that it was written with")


def stored_bytes(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bytes that blocks of so many entries take."""
    return 4 * counts + np.where(counts < FEW, -(-counts // 4) * 4, 2 * CELLS)


def write_entries(
    file: Path, blocks: Iterable[tuple[int, NDArray[np.uint8], NDArray[np.uint32]]], *,
    size: tuple[int, int], threshold: int, first: int, images: int,
) -> Directory:  # fmt: skip
    """Write the file of entries of a shard, and return its directory.

    Args:
        file: to write.
        blocks: `block, cells, values` of each that is not empty, as `Entries.blocks` yields them.
        size: width and height of the images in pixels.
        threshold: above which pixels have an entry.
        first: number of the item that is image 0.
        images: how many there are.
    """
    numbers: list[int] = []
    counts: list[int] = []
    checksums: list[int] = []
    with file.open("wb") as out:
        for number, cells, values in blocks:
            stored = values.astype(_U32).tobytes() + _stored_cells(cells)
            out.write(stored)
            numbers.append(number)
            counts.append(values.size)
            checksums.append(zlib.crc32(stored))
        size_bytes = out.tell()
    header = Header(
        width=size[0], height=size[1], threshold=threshold, first=first, images=images, entries=sum(counts),
        size_bytes=size_bytes,
    )  # fmt: skip
    return Directory(header, *(np.array(column, np.uint32) for column in (numbers, counts, checksums)))


def _stored_cells(cells: NDArray[np.uint8]) -> bytes:
    if cells.size < FEW:
        return cells.tobytes() + bytes(-cells.size % 4)
    return np.bincount(cells, minlength=CELLS).astype("<u2").tobytes()
