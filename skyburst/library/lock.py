"""One program at a time changes a library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from skyburst.errors import LibraryBusy, StorageError, StorageFull, is_disk_full
from skyburst.library import layout


@contextmanager
def only_writer(folder: Path, *, again: str, make: bool = False) -> Iterator[None]:
    """Hold the library's lock, which the system releases however this program ends.

    Args:
        folder: of the library.
        again: what to do once a full disk has space.
        make: the folder when it does not exist.

    Raises:
        LibraryBusy: when another program holds it.
        StorageError: when the folder cannot be written.
        StorageFull: when the disk is full.
    """
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / layout.LOCK, timeout=0):
            yield
    except Timeout as error:
        raise LibraryBusy(
            f"another program is building or changing the library {folder}: wait until it has ended"
        ) from error
    except (OSError, StorageFull) as error:
        if isinstance(error, OSError) and not is_disk_full(error):
            raise StorageError(f"the library {folder} cannot be written: {error}") from error
        raise StorageFull(f"the disk of the library {folder} is full: free some space and {again}") from error
