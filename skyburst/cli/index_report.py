"""What commands say of the index of a library."""

from __future__ import annotations

import shlex
from typing import Any

from skyburst.cli import text
from skyburst.errors import InvalidLibrary
from skyburst.library import Library, LibraryIndex, read_index


def index_text(index: LibraryIndex, library: Library, location: str) -> str:
    """What an index is, and whether it fits the library, in one line.

    Args:
        index: of the library.
        library: its present version.
        location: of the library, as it was given.
    """
    properties = [f"{key} {value}" for key, value in index.properties.items()]
    known = ", ".join([f"version {index.library_version}", text.size(index.size_bytes), *properties])
    return known if index.fits(library) else f"{known}; out of date: {_remedy(location)}"


def index_document(index: LibraryIndex, library: Library) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "version": index.library_version, "size_bytes": index.size_bytes, "properties": index.properties,
        "up_to_date": index.fits(library),
    }  # fmt: skip


def changed_index(library: Library, location: str) -> tuple[list[str], dict[str, Any] | None]:
    """What a command that changed a library says of its index: nothing, when there is none or it fits; and as JSON."""
    try:
        index = read_index(library.location)
    except InvalidLibrary as error:
        return [text.printable(str(error))], {"problem": str(error)}
    if index is None:
        return [], None
    outdated = f"its index is of version {index.library_version}, out of date: {_remedy(location)}"
    return [] if index.fits(library) else [outdated], index_document(index, library)


def _remedy(location: str) -> str:
    return f"`skyburst library index {shlex.quote(location)}` brings it up to date"
