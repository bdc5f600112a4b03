"""Lines of `items.jsonl`: a header, then one for each item."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeVar

import msgspec

from skyburst.contracts import values
from skyburst.library.description import Description


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line of a journal."""

    format: int
    analysis: str


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An item, as it is in the manifest. Keys are relative to the library."""

    id: str
    """Name of the file without its last suffix; unique among the items that are not removed."""
    file: str
    key: str
    size_bytes: int
    sha256: str
    """Of the file, hexadecimal."""
    thumbnail: str | None
    """Key of the thumbnail."""
    metadata: dict[str, Any]
    variants: dict[str, str] = {}
    """Keys of the variants by their names; in the manifest only, and only if there are some."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item that was added: one line."""

    item: Item
    properties: dict[str, Any]
    thumbnail_bytes: int = 0
    thumbnail_sha256: str | None = None

    @classmethod
    def of(cls, item: Item, description: Description) -> Entry:
        """The line of an item that was described so."""
        thumbnail = description.thumbnail
        return cls(
            item=item,
            properties=description.properties,
            thumbnail_bytes=len(thumbnail or b""),
            thumbnail_sha256=None if thumbnail is None else hashlib.sha256(thumbnail).hexdigest(),
        )

    def files(self) -> list[tuple[str, int, str | None]]:
        """Key, bytes and SHA-256 of each of its files."""
        files: list[tuple[str, int, str | None]] = [(self.item.key, self.item.size_bytes, self.item.sha256)]
        if self.item.thumbnail:
            files.append((self.item.thumbnail, self.thumbnail_bytes, self.thumbnail_sha256))
        return files


class DamagedLine(Exception):
    """Raised when a line of a journal is torn or damaged."""


def decode_line(line: bytes) -> Entry:
    """An item's line. Raises DamagedLine."""
    return decode_as(line, Entry)


def read_entries(file: BinaryIO) -> Iterator[tuple[int, Entry | None]]:
    """The journal's items with the positions where their lines end; None for a line that is damaged."""
    end = 0
    for line in file:
        start, end = end, end + len(line)
        if start == 0:
            continue
        try:
            yield end, decode_line(line)
        except DamagedLine:
            yield end, None


Line = TypeVar("Line", Header, Entry)


def decode_as(line: bytes, kind: type[Line]) -> Line:
    """A line of a kind. Raises DamagedLine when it is torn or damaged."""
    if not line.endswith(b"\n"):
        raise DamagedLine("it has no end")
    try:
        return msgspec.convert(values.decode(line), kind)
    except ValueError as error:
        raise DamagedLine(str(error)) from error
