"""What parameters and items name by `upload:ID` and `library:ID` instead of by a path."""

from __future__ import annotations

from collections.abc import Callable
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
