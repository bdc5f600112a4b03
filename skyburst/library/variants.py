"""Variants: further files of items, made of the items' files for workers. Each kind has a name, such as `gradient`.

A list of a library's variants has a line of JSON for each item, in the order of their numbers: `null` where there are none.
It is apart from `items.jsonl`, whose lines never change, because variants may be made long after the items were added.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Self

import msgspec

from skyburst.contracts import values
from skyburst.errors import ObjectNotFound
from skyburst.library.lines import Item
from skyburst.objects import ObjectStore


class VariantFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One variant of an item."""

    key: str
    """Relative to the library."""
    size_bytes: int
    sha256: str
    """Of the file, hexadecimal."""


class ItemVariants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All variants of an item."""

    of: str
    """SHA-256 of the item's file, hexadecimal."""
    files: dict[str, VariantFile]
    """By the names of the kinds."""


class ListFile(msgspec.Struct, frozen=True):
    """Where the list of a library's variants is. A list that a library has does not change; there are new ones."""

    key: str
    size_bytes: int
    sha256: str


def with_variants(item: Item, variants: ItemVariants | None) -> Item:
    """The item as it is in the manifest, with the keys of its variants."""
    if variants is None:
        return item
    return msgspec.structs.replace(item, variants={name: file.key for name, file in variants.files.items()})


def read_variants(objects: ObjectStore, listed: ListFile | None) -> Iterator[ItemVariants | None]:
    """What each item has, in the order of their numbers, without an end; nothing where the list is missing or damaged."""
    return chain(_read(objects, listed) if listed else (), repeat(None))


def _read(objects: ObjectStore, listed: ListFile) -> Iterator[ItemVariants | None]:
    try:
        with objects.open(listed.key) as file:
            for line in file:
                yield _decode(line)
    except (ObjectNotFound, ValueError):
        return  # verification tells of it, and workers do without


class VariantsList:
    """A list in a folder, looked up by the numbers of items. Keeps positions in memory, not the lines."""

    def __init__(self, path: Path | None, *, writable: bool = False) -> None:
        """Open a list up to its first line that is torn; None is an empty one.

        Args:
            path: of the list; made when it is to be written.
            writable: lines can be added and dropped.
        """
        self._positions = array("Q")
        self._end = 0
        mode = "r+b" if path is not None and path.exists() else "w+b"
        self._file = path.open(mode if writable else "rb") if path is not None and (writable or path.exists()) else None
        for line in self._file or ():
            try:
                _decode(line)
            except ValueError:
                break
            self._positions.append(self._end)
            self._end += len(line)

    def __len__(self) -> int:
        return len(self._positions)

    def get(self, number: int) -> ItemVariants | None:
        """What the item of a number has."""
        if self._file is None or number >= len(self):
            return None
        self._file.seek(self._positions[number])
        return _decode(self._file.readline())

    def append(self, variants: ItemVariants | None) -> None:
        """Note what the next item has."""
        assert self._file is not None
        data = values.encode(msgspec.to_builtins(variants)) + b"\n"
        self._file.seek(self._end)
        self._file.write(data)
        self._file.flush()
        self._positions.append(self._end)
        self._end += len(data)

    def cut(self, count: int) -> None:
        """Keep so many lines."""
        assert self._file is not None
        if count < len(self):
            self._end = self._positions[count]
            del self._positions[count:]
        self._file.truncate(self._end)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _decode(line: bytes) -> ItemVariants | None:
    """A line. Raises ValueError when it is torn or damaged."""
    if not line.endswith(b"\n"):
        raise ValueError("it has no end")
    return msgspec.convert(values.decode(line), ItemVariants | None)
