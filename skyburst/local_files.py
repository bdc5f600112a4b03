"""Files of this machine, written whole or not at all, read from anywhere in them, and deleted.

Imports nothing but the standard library: workers read and write local files at once.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from skyburst.errors import StorageError, StorageFull, is_disk_full

Range = tuple[int, int]
"""Half-open, in bytes."""


class Parts(NamedTuple):
    """Ranges of the bytes of a file."""

    data: memoryview
    """Has all of them; what lies between is not defined."""
    starts: list[int]
    """Where each of them starts in `data`, in the order in which they were asked for."""


def write_whole(path: Path, data: bytes | Path) -> None:
    """Write a file, over an older one, so that nobody sees half of it; its folder is made when it is missing.

    Args:
        path: of the file.
        data: its bytes, or the path of a file that has them.

    Raises:
        StorageFull, StorageError: when it cannot be written; then the older one is as it was.
    """
    unfinished = path.parent / f".{secrets.token_hex(8)}"  # hidden from who lists the folder
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(unfinished, "xb") as file:
                if isinstance(data, Path):
                    with open(data, "rb") as source:
                        shutil.copyfileobj(source, file, 1 << 20)
                else:
                    file.write(data)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull(f"the disk of {path} is full: free some space and try again") from error
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error


def delete(path: Path) -> None:
    """Delete a file; one that is not there is no error, and a folder is no file.

    Raises:
        StorageError: when it cannot be deleted.
    """
    try:
        if path.is_file():
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be deleted: {error.strerror}") from error


def open_regular(path: str | os.PathLike[str], *, buffering: int = -1) -> BinaryIO:
    """A file for reading bytes. Pipes, sockets and devices are none: who opens them may wait for ever.

    Raises:
        IsADirectoryError: when it is a folder.
        FileNotFoundError: when there is none, or what is there is no file.
        OSError: when it cannot be read.
    """
    file = open(path, "rb", buffering=buffering, opener=_at_once)  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FileNotFoundError(errno.ENOENT, "is no file but a pipe, a socket or a device", os.fspath(path))
    return file


def _at_once(path: str, flags: int) -> int:
    """Open, without waiting for who writes into a pipe. Of a socket and of a device without a driver, that there is none."""
    try:
        return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise FileNotFoundError(errno.ENOENT, "is no file but a socket or a device", path) from error
        raise


def map_ranges(path: Path, ranges: Sequence[Range]) -> Parts:
    """Ranges of the bytes of a file: mapped, so that what the system has in memory is not copied.

    Raises:
        OSError: when it cannot be read.
        StorageError: when a range lies beyond its end.
    """
    with open_regular(path, buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for wanted in ranges:
            check_range(str(path), size, wanted)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if hasattr(mapped, "madvise"):
        for start, end in ranges:  # has the system read them, at once, where it did not yet
            page = start - start % mmap.PAGESIZE
            mapped.madvise(mmap.MADV_WILLNEED, page, end - page)
    return Parts(memoryview(mapped), [start for start, _ in ranges])


def check_range(where: str, size: int, wanted: Range) -> Range:
    """The range, when it lies in a file, or an object, of so many bytes.

    Raises:
        StorageError: when it does not.
    """
    if wanted[1] > size:
        raise StorageError(
            f"{where} has {size:,} bytes, and those from {wanted[0]:,} to {wanted[1]:,} were to be read: "
            "it was cut short, or is not the file that it should be"
        )
    return wanted
