"""`index/index.json` of a library: which version an index of it is of, and what its analysis keeps there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from skyburst.contracts import values
from skyburst.errors import InvalidLibrary, ObjectNotFound
from skyburst.folders import open_folder
from skyburst.library import layout
from skyburst.library.document import Library, digest_of

FORMAT = 1


class LibraryIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the index of a library; written by the analysis that builds it."""

    format: int = FORMAT
    library_version: int
    """Version of the library that it is of."""
    library_digest: str
    """SHA-256 of that version's list of items, hexadecimal."""
    size_bytes: int
    """Of its files together, as its analysis counts them."""
    properties: dict[str, Any]
    """What people are to know of it, such as a threshold; `skyburst library inspect` shows them."""
    content: dict[str, Any]
    """What its analysis keeps here, such as a list of its parts."""

    def fits(self, library: Library) -> bool:
        """True when it is of this version of the library."""
        return (self.library_version, self.library_digest) == (library.version, library.manifest.digest)


def write_index(library: Library, *, size_bytes: int, properties: dict[str, Any], content: dict[str, Any]) -> None:
    """Say what the index of this version of a library is, when all of its files are there: this puts it into use.

    Args:
        library: as it was opened.
        size_bytes: of its files together; small ones, such as lists, need not count.
        properties: JSON values that people are to know.
        content: JSON values that the analysis wants to read again.

    Raises:
        NotJson: when a property or the content is no JSON value.
        StorageError: when it cannot be written; then the index is the one it was.
    """
    values.check({"properties": properties, "content": content})
    index = LibraryIndex(
        library_version=library.version, library_digest=library.manifest.digest, size_bytes=size_bytes,
        properties=properties, content=content,
    )  # fmt: skip
    fields = msgspec.to_builtins(index)
    data = json.dumps({**fields, "sha256": digest_of(fields)}, indent=1).encode() + b"\n"
    open_folder(library.location).write(layout.INDEX, data)


def read_index(location: str | Path) -> LibraryIndex | None:
    """What the index of a library is, given the library's folder or URL; None when it has none.

    Raises:
        InvalidLibrary: when that cannot be read.
    """
    try:
        data = open_folder(location).read(layout.INDEX)
    except ObjectNotFound:
        return None
    try:
        fields = _decoded(data)
        if fields["format"] == FORMAT:
            return msgspec.convert(fields, LibraryIndex)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidLibrary(
            f"{layout.INDEX} of the library {location} is damaged ({error}): "
            f"`skyburst library index {location}` builds it again"
        ) from error
    raise InvalidLibrary(
        f"the index of the library {location} has the format {fields['format']!r}, and this version of skyburst reads "
        f"{FORMAT}: `skyburst library index {location}` builds it again"
    )


def _decoded(data: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = values.decode(data)
    if fields.pop("sha256") != digest_of(fields):
        raise ValueError("it does not have the checksum that it was written with")
    return fields
