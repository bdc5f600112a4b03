"""The files of a folder, on this machine or behind a URL, in the same words and the same order.

Imports nothing but the standard library until a URL is opened: workers read local files at once.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from skyburst import local_files
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.local_files import Parts, Range

NO_FILES = ".folder"
"""Hidden file that says of an empty folder in a bucket, where there are only files, that there is one."""
LEFT_BEHIND = frozenset({".DS_Store", ".git", NO_FILES})
NOT_THERE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
RESOURCE_FORK = "._"
"""What the names of files begin with that macOS leaves beside others, on disks that cannot hold all that it knows of a file."""


def is_junk(name: str) -> bool:
    """Whether a file is none of the data that it lies in, by its name: what systems and version control leave behind.

    Other hidden files are data, such as the `.zarray` of a Zarr store.

    Args:
        name: relative to the folder of the data, with `/`.
    """
    return any(part in LEFT_BEHIND or part.startswith(RESOURCE_FORK) for part in name.split("/"))


class FileInfo(NamedTuple):
    """A file of a folder."""

    name: str
    """Relative to the folder, with `/`: the same wherever the folder is."""
    size: int
    """Bytes."""
    location: str
    """Path or URL, as `context.read` takes it."""


class Folder(ABC):
    """The files of a folder on this machine or behind a URL, those of its subfolders included; made by `open_folder`.

    A single file is a folder of one. Names that start with a dot are left out, and so are links to folders and links
    that lead out of the folder.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        """Path or URL."""

    @property
    @abstractmethod
    def is_file(self) -> bool:
        """True for a single file."""

    @abstractmethod
    def files(self, *, hidden: bool = False) -> Iterator[FileInfo]:
        """The files in the order of their names, one by one.

        Args:
            hidden: whether those are there too whose names, or whose folders' names, start with a dot.

        Raises:
            InvalidItems: when there is no such folder or file.
        """

    def links_out(self) -> Iterator[str]:
        """Names of what is left out because it is a link to a folder, or one that leads out of this one or to nothing."""
        yield from ()

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file for reading bytes, which can seek. Raises ObjectNotFound."""

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises ObjectNotFound."""
        with self.open(name) as file:
            return file.read()

    def read_ranges(self, name: str, ranges: Sequence[Range]) -> list[memoryview]:
        """Half-open ranges of the bytes of a file, in the order given; those behind a URL are in flight together.

        Raises:
            ObjectNotFound: when there is no such file.
            StorageError: when a range lies beyond its end, as in a file that was cut short.
            InvalidItems: when a range ends before it starts.
        """
        parts = self.read_together(name, ranges)
        return [parts.data[at : at + end - start] for at, (start, end) in zip(parts.starts, ranges, strict=True)]

    def read_together(self, name: str, ranges: Sequence[Range]) -> Parts:
        """The same in one piece of memory, for what looks things up in all of them at once, such as arrays.

        Raises:
            ObjectNotFound, StorageError, InvalidItems: as `read_ranges`.
        """
        for start, end in ranges:
            if not 0 <= start <= end:
                raise InvalidItems(f"[{start}, {end}) of {name!r}: expected a range of bytes that ends after it starts")
        wanted = [(start, end) for start, end in ranges if start < end]
        found = self._parts(name, wanted) if wanted else Parts(memoryview(b""), [])
        starts = iter(found.starts)
        return Parts(found.data, [next(starts) if start < end else 0 for start, end in ranges])

    def write(self, name: str, data: bytes | Path) -> None:
        """Write a file, whole or not at all, over an older one; a path stands for the bytes of its file.

        A folder on this machine is made when it is missing.

        Raises:
            InvalidItems: when the name cannot be one of a file here, or the path is not that of a file.
            StorageError: when it cannot be written.
        """
        from skyburst.objects import check_key

        if self.is_file:
            raise InvalidItems(f"{name!r} cannot be written: {self.location} is a file, not a folder")
        if isinstance(data, Path) and not data.is_file():
            raise InvalidItems(f"{str(data)!r} cannot be written as {name!r}: it is not a file")
        self._write(check_key(name), data)

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; those that are not there are no error, and folders that are left empty stay.

        Raises:
            InvalidItems: when a name cannot be one of a file here; then nothing is deleted.
            StorageError: when one cannot be deleted; those before it are.
        """
        from skyburst.objects import check_key

        if isinstance(names, str):
            raise InvalidItems(f"{names!r} is one name: give a list of the names of the files to delete")
        if self.is_file:
            raise InvalidItems(f"nothing can be deleted in {self.location}: it is a file, not a folder")
        self._delete([check_key(name) for name in names])

    @abstractmethod
    def _parts(self, name: str, ranges: Sequence[Range]) -> Parts:
        """Ranges that have bytes."""

    @abstractmethod
    def _write(self, name: str, data: bytes | Path) -> None:
        """Write a file whose name every store can hold."""

    @abstractmethod
    def _delete(self, names: Sequence[str]) -> None:
        """Delete files of such names."""


def open_folder(location: str | os.PathLike[str]) -> Folder:
    """Open a folder, or a single file, given as a path or a URL such as `s3://bucket/folder`; reads nothing yet."""
    text = os.fspath(location)
    return _StoredFolder(text) if "://" in text else _LocalFolder(Path(text).resolve())


class _LocalFolder(Folder):
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self._root = root

    @property
    def is_file(self) -> bool:
        return self._root.is_file()

    def files(self, *, hidden: bool = False) -> Iterator[FileInfo]:
        if self.is_file:
            yield FileInfo(self._root.name, self._root.stat().st_size, self.location)
            return
        if not self._root.is_dir():
            raise InvalidItems(f"there is no file or folder {self.location}")
        for name, entry in self._walk(self._root, "", hidden):
            if entry.is_file() and self._within(entry):
                yield FileInfo(name, entry.stat().st_size, entry.path)

    def links_out(self) -> Iterator[str]:
        for name, entry in () if self.is_file else self._walk(self._root, "", hidden=True):
            if entry.is_symlink() and not (entry.is_file() and self._within(entry)):
                yield name

    def has(self, name: str) -> bool:
        try:
            return self._path(name).is_file()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return False
            raise

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        with self._named(name):
            return local_files.open_regular(self._path(name))

    def _parts(self, name: str, ranges: Sequence[Range]) -> Parts:
        with self._named(name):
            return local_files.map_ranges(self._path(name), ranges)

    def _write(self, name: str, data: bytes | Path) -> None:
        local_files.write_whole(self._path(name), data)

    def _delete(self, names: Sequence[str]) -> None:
        for path in [self._path(name) for name in names]:
            local_files.delete(path)

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Name a file that is not there."""
        try:
            yield
        except OSError as error:
            if not isinstance(error, NOT_THERE) and error.errno != errno.ENAMETOOLONG:
                raise
            raise ObjectNotFound(f"there is no file {name!r} in {self.location}") from error

    def _walk(self, folder: Path, start: str, hidden: bool) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Everything but folders, with its name."""
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if hidden or not entry.name.startswith(".")]
        for entry in sorted(found, key=_key):
            if _is_folder(entry):
                yield from self._walk(folder / entry.name, f"{start}{entry.name}/", hidden)
            else:
                yield start + entry.name, entry

    def _within(self, entry: os.DirEntry[str]) -> bool:
        return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(self._root)

    def _path(self, name: str) -> Path:
        if self.is_file:
            return self._root if name == self._root.name else self._root / name  # which does not exist
        if "\0" in name:
            raise InvalidItems(f"{name!r} cannot be the name of a file")
        path = self._root / name
        if name.startswith("/") or ".." in name.split("/") or not path.resolve().is_relative_to(self._root):
            raise InvalidItems(f"{name!r} leads out of the folder {self.location}")
        return path


class _StoredFolder(Folder):
    """A folder behind a URL."""

    def __init__(self, location: str) -> None:
        from skyburst.objects import open_store

        super().__init__(location.rstrip("/"))
        above, _, name = self.location.rpartition("/")
        at_the_top = above.endswith("/")  # s3://bucket
        self._store = open_store(self.location if at_the_top else above)
        self._name = "" if at_the_top else name

    @property
    def is_file(self) -> bool:
        return self._alone

    @cached_property
    def _alone(self) -> bool:
        return bool(self._name) and self._there(self._name)

    def files(self, *, hidden: bool = False) -> Iterator[FileInfo]:
        if self.is_file:
            yield FileInfo(self._name, self._store.size(self._name), self.location)
            return
        start = f"{self._name}/" if self._name else ""
        empty = True
        for info in self._store.list(start):
            empty = False
            name = info.key.removeprefix(start)
            if hidden or not any(part.startswith(".") for part in name.split("/")):
                yield FileInfo(name, info.size, f"{self.location}/{name}")
        if empty:
            raise InvalidItems(f"there is no file or folder {self.location}")

    def has(self, name: str) -> bool:
        return name == self._name if self.is_file else self._there(self._key(name))

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        return self._store.open(self._key(name))

    def read(self, name: str) -> bytes:
        return self._store.get(self._key(name))

    def _parts(self, name: str, ranges: Sequence[Range]) -> Parts:
        found = self._store.get_ranges(self._key(name), ranges)
        starts = list(accumulate((len(part) for part in found[:-1]), initial=0))
        return Parts(found[0] if len(found) == 1 else memoryview(b"".join(found)), starts)

    def _write(self, name: str, data: bytes | Path) -> None:
        self._store.put(self._key(name), data)

    def _delete(self, names: Sequence[str]) -> None:
        self._store.delete(self._key(name) for name in names)

    def _there(self, key: str) -> bool:
        try:
            self._store.size(key)
        except ObjectNotFound:
            return False
        return True

    def _key(self, name: str) -> str:
        if self.is_file:
            if name != self._name:
                raise ObjectNotFound(f"there is no file {name!r} in {self.location}")
            return name
        return f"{self._name}/{name}" if self._name else name


def _key(entry: os.DirEntry[str]) -> str:
    """As buckets order names, in which `/` is a letter like any other."""
    return f"{entry.name}/" if _is_folder(entry) else entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)
