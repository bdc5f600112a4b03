"""Files of this machine, made objects that functions can read: under their content's digest, so that each is uploaded once."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from skyburst.errors import InvalidItems, InvalidJob
from skyburst.folders import NO_FILES, is_junk, open_folder
from skyburst.objects import ObjectStore, check_key

Given = TypeVar("Given")
Made = TypeVar("Made")
Count = Callable[[int, int], None]
Showing = Callable[[str], AbstractContextManager[Count]]
"""Given what is counted, shows (done, total) while it is entered."""
MOST_BYTES = 20 * 2**30
"""Of a folder that is uploaded for a job; a larger one is uploaded once, by whoever looks after it."""
MOST_FILES = 500_000
"""In such a folder."""
LIBRARY = "library.json"
AT_ONCE = 16
NOT_IN_URLS = re.compile(r"[^A-Za-z0-9._-]")


class _Local(NamedTuple):
    """A file of this machine, as it was before it was read."""

    path: Path
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> _Local:
        """As it is now."""
        found = path.stat()
        return cls(path, found.st_size, found.st_mtime_ns)


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


def not_shown(_what: str) -> AbstractContextManager[Count]:
    """Uploads that nobody watches."""
    return nullcontext(_silent)


class Uploads:
    """Uploads files and folders, libraries among them, to one bucket."""

    def __init__(self, objects: ObjectStore, showing: Showing = not_shown) -> None:
        self._objects = objects
        self._showing = showing

    def upload(self, where: str, path: Path) -> str:
        """The URL of a file or folder, which is uploaded unless it is there.

        Of a folder, everything in it is uploaded, hidden files too, but for what systems leave behind (`is_junk`), and nothing
        outside of it. A library has nothing hidden that is read.

        Args:
            where: what names it, such as `parameters.mask`, for errors.
            path: of the file or folder.

        Raises:
            InvalidJob: when it cannot be uploaded, with the remedy.
        """
        try:
            if path.is_file():
                file = _Local.of(path)
                prefix = f"uploads/{_sha256(file)}"
                self._store(prefix, {check_key(path.name): file})
                return f"{self._objects.location}/{prefix}/{path.name}"
            files = self._files(where, path)
            prefix = f"uploads/{self._sha256_of_all(files)}/{_plain(path)}"
            self._store(prefix, files)
            return f"{self._objects.location}/{prefix}"
        except (OSError, InvalidItems) as error:
            raise InvalidJob(f"{where} is {path}, which cannot be uploaded: {error}") from error

    def _files(self, where: str, folder: Path) -> dict[str, _Local]:
        """The files of a folder by name, when they are not too many."""
        files: dict[str, _Local] = {}
        size = 0
        is_library = (folder / LIBRARY).is_file()
        for file in open_folder(folder).files(hidden=not is_library):
            if is_junk(file.name):
                continue
            files[check_key(file.name)] = _Local.of(Path(file.location))
            size += file.size
            if size > MOST_BYTES or len(files) > MOST_FILES:
                known = "libraries" if is_library else "inputs"
                target = f"{self._objects.location}/{known}/{_plain(folder)}"
                raise InvalidJob(
                    f"{where} is the folder {folder}, and folders of more than {MOST_BYTES // 2**30} GiB or {MOST_FILES:,} "
                    f"files are uploaded once, with `aws s3 sync {shlex.quote(str(folder))} {target}`, and named by {target}"
                )
        return files

    def _store(self, prefix: str, files: dict[str, _Local]) -> None:
        """Store those files that are not there; objects are stored whole or not at all, so their size tells."""
        if not files:
            self._objects.put(f"{prefix}/{NO_FILES}", b"")
            return
        there = {info.key: info.size for info in self._objects.list(f"{prefix}/")}
        wanted = [
            (f"{prefix}/{name}", file) for name, file in files.items() if there.get(f"{prefix}/{name}") != file.size
        ]
        for _ in self._each("files uploaded", partial(_put, self._objects), wanted):
            continue

    def _sha256_of_all(self, files: dict[str, _Local]) -> str:
        """Of the names and contents of files."""
        digest = hashlib.sha256()
        for name, content in zip(files, self._each("files read", _sha256, files.values()), strict=True):
            digest.update(f"{name}\0{content}\n".encode())
        return digest.hexdigest()

    def _each(self, what: str, function: Callable[[Given], Made], entries: Iterable[Given]) -> Iterator[Made]:
        """What a function makes of each entry, many at a time, with the count shown."""
        entries = list(entries)
        if not entries:
            return
        with self._showing(what) as count, ThreadPoolExecutor(AT_ONCE, "upload") as pool:
            count(0, len(entries))
            for done, made in enumerate(pool.map(function, entries), start=1):
                yield made
                count(done, len(entries))


def _put(objects: ObjectStore, entry: tuple[str, _Local]) -> None:
    key, file = entry
    objects.put(key, file.path)
    if _Local.of(file.path) != file:  # what is stored may not be what its key says
        objects.delete([key])
        raise InvalidJob(f"{file.path} was changed while it was uploaded: run the job again when it is complete")


def _sha256(file: _Local) -> str:
    with open(file.path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _plain(path: Path) -> str:
    """A folder's name as any URL can have it."""
    return NOT_IN_URLS.sub("_", path.resolve().name) or "folder"
