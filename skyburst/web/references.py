"""What parameters and items name by `upload:ID` and `library:ID` instead of by a path, and the way back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

UPLOAD, LIBRARY = "upload:", "library:"


def resolved(value: Any, upload: Callable[[str], str], library: Callable[[str], str]) -> Any:
    """A JSON value with the locations of what it names, however deep.

    Args:
        value: parameters or items as they were given.
        upload: the location of a complete upload.
        library: the location of a library.
    """
    if isinstance(value, str) and value.startswith(UPLOAD):
        return upload(value.removeprefix(UPLOAD))
    if isinstance(value, str) and value.startswith(LIBRARY):
        return library(value.removeprefix(LIBRARY))
    if isinstance(value, list):
        return [resolved(entry, upload, library) for entry in value]
    if isinstance(value, dict):
        return {name: resolved(entry, upload, library) for name, entry in value.items()}
    return value


def texts_in(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, with its JSON Pointer."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from texts_in(entry, f"{pointer}/{number}")
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from texts_in(entry, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")


def references_of(
    value: Any, upload: Callable[[str], str | None], library: Callable[[str], str | None], pointer: str = ""
) -> dict[str, str]:
    """What is named in a JSON value by its location, as the API is given it: `upload:ID` or `library:ID` by JSON Pointer.

    Args:
        value: parameters or items as a job has them.
        upload: the id of the upload that is at a location, if one is.
        library: the id of the library that is there.
        pointer: of the value.
    """
    found: dict[str, str] = {}
    for at, text in texts_in(value, pointer):
        if (upload_id := upload(text)) is not None:
            found[at] = f"{UPLOAD}{upload_id}"
        elif (library_id := library(text)) is not None:
            found[at] = f"{LIBRARY}{library_id}"
    return found
