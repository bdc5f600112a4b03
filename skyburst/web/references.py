"""What parameters name by `upload:ID` and `library:ID` instead of by a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

UPLOAD, LIBRARY = "upload:", "library:"


def resolved(
    parameters: Mapping[str, Any], upload: Callable[[str], str], library: Callable[[str], str]
) -> dict[str, Any]:
    """Parameters with the locations of what they name.

    Args:
        parameters: as they were given.
        upload: the location of a complete upload.
        library: the location of a library.
    """

    def of(value: Any) -> Any:
        if isinstance(value, str) and value.startswith(UPLOAD):
            return upload(value.removeprefix(UPLOAD))
        if isinstance(value, str) and value.startswith(LIBRARY):
            return library(value.removeprefix(LIBRARY))
        if isinstance(value, list):
            return [of(entry) for entry in value]
        return value

    return {name: of(value) for name, value in parameters.items()}
