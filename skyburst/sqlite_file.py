"""SQLite files that several programs write at once: in write-ahead mode, synchronised to disk at every commit."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from skyburst.errors import StorageError, StorageFull, is_disk_full

BUSY_S = 30.0
"""Waited for another program that writes."""
LEAST_BYTES = 64 << 10
"""What the files beside a file take at least: its index of the write-ahead log has 32 KiB."""
PRIMARY = 0xFF
"""Of an error code of SQLite, the part that is not about details."""
Execute = Callable[..., sqlite3.Cursor]


@dataclass(frozen=True, slots=True)
class Layout:
    """What is in a file."""

    what: str
    """For people, such as `the task table`."""
    format: int
    """Its version, which `schema` sets as `user_version`."""
    schema: str
    """Makes it."""
    updates: Mapping[int, str] = field(default_factory=dict)
    """By the version of an older file: makes it one of the next version."""
    remedy: str = "free some space"
    """What to do when the disk is full."""
    mend: str = ""
    """What to do when the file is damaged."""


def open_file(path: Path, layout: Layout) -> sqlite3.Connection:
    """Open a file, made or brought up to date if need be. Raises StorageError."""
    with errors(path, layout):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, layout)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def errors(path: Path, layout: Layout) -> Iterator[None]:
    """Translate SQLite's errors into ours, at this edge only."""
    try:
        yield
    except sqlite3.Error as error:
        if _is_full(error, path):
            raise StorageFull(f"the disk of {path} is full: {layout.remedy}") from error
        damaged = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        mend = f": {layout.mend}" if damaged and layout.mend else ""
        raise StorageError(f"{layout.what} {path}: {error}{mend}") from error
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull(f"the disk of {path} is full: {layout.remedy}") from error
        raise StorageError(f"{layout.what} {path}: {error}") from error


def _is_full(error: sqlite3.Error, path: Path) -> bool:
    """Whether a full disk is the reason. Where SQLite cannot make the files beside its own, it says so of the disk only."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL or "disk is full" in str(error):
        return True
    if code is None or code & PRIMARY not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return False
    try:
        return shutil.disk_usage(path.parent).free < LEAST_BYTES
    except OSError:  # it is not there, and so not full
        return False


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[Execute]:
    """The only right to write, from the first look on; all of it is kept, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection.execute
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    version = _version(connection)
    if version not in (0, *layout.updates, layout.format):
        age = "a newer" if version > layout.format else "an older"
        raise StorageError(
            f"{path} was written by {age} skyburst (format {version}): use that one, or another state folder"
        )
    if version != layout.format:
        from filelock import FileLock

        # Two programs that create the file at once: switching to write-ahead mode does not wait for a busy file.
        with FileLock(path.with_suffix(".lock"), timeout=BUSY_S):
            version = _version(connection)
            if version == 0:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(layout.schema)
            while 0 < version < layout.format:
                connection.executescript(layout.updates[version])
                version += 1
    connection.execute("PRAGMA synchronous = FULL")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
