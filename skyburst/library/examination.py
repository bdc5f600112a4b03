"""Describe many files in several processes, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import NamedTuple

from skyburst.contracts import values
from skyburst.errors import InvalidAnalysis
from skyburst.library.description import Describe, Description
from skyburst.library.in_processes import in_processes

LoadDescribe = Callable[[], Describe]
"""Gives the describe function. A process that is started anew calls it, so it can be sent there by name: a
`functools.partial` of a function that can be imported."""


class Examined(NamedTuple):
    """A file that was read."""

    path: Path
    size: int = 0
    """Bytes."""
    modified_ns: int = 0
    """Time of its last change before it was read."""
    sha256: str = ""
    """Hexadecimal; empty when the file is no item."""
    description: Description | None = None
    """None when the file is no item, or has the checksum that was asked about."""
    problem: str = ""
    """Why it cannot be used."""


def examine(describe: Describe, path: Path, known: str | None) -> Examined:
    """Describe a file, unless it has the known SHA-256.

    Raises:
        InvalidAnalysis: when the describe function fails in another way than it should.
    """
    try:
        status = path.stat()
        if known is not None and _sha256(path) == known:
            return Examined(path, status.st_size, status.st_mtime_ns, known)
        description = describe(path)
        if description is None:
            return Examined(path)
        values.check(description.metadata, "metadata")
        values.check(description.properties, "properties")
        return Examined(path, status.st_size, status.st_mtime_ns, _sha256(path), description)
    except (ValueError, OSError) as error:
        return Examined(path, problem=str(error) or type(error).__name__)
    except Exception as error:
        raise InvalidAnalysis(f"describing {path} failed: {type(error).__name__}: {error}") from error


def examine_all(load: LoadDescribe, files: Iterable[tuple[Path, str | None]], processes: int) -> Generator[Examined]:
    """Examine files, each with the SHA-256 that it is known by; results come in the order of the files.

    Raises:
        InvalidAnalysis: as `examine`.
        InvalidLibrary: when a process was killed.
    """
    return in_processes(load, _examine, files, processes)


def _examine(describe: Describe, file: tuple[Path, str | None]) -> Examined:
    return examine(describe, *file)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
