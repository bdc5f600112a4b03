"""Files of this machine, made objects that functions can read: under their content's digest, so that each is uploaded once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from skyburst.errors import InvalidJob
from skyburst.objects import ObjectStore

Count = Callable[[int, int], None]
Showing = Callable[[str], AbstractContextManager[Count]]
"""Given what is counted, shows (done, total) while it is entered."""
MOST_BYTES = 20 * 2**30
"""Of a library that is uploaded for a job; a larger one is uploaded once, by whoever looks after it."""
LIBRARY = "library.json"
AT_ONCE = 16
NOT_IN_URLS = re.compile(r"[^A-Za-z0-9._-]")


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


def not_shown(_what: str) -> AbstractContextManager[Count]:
    """Uploads that nobody watches."""
    return nullcontext(_silent)


class Uploads:
    """Uploads files and built libraries to one bucket."""

    def __init__(self, objects: ObjectStore, showing: Showing = not_shown) -> None:
        self._objects = objects
        self._showing = showing

    def upload(self, where: str, path: Path) -> str:
        """The URL of a file, or of a built library, which is uploaded unless it is there.

        Args:
            where: what names it, such as `parameters.mask`, for errors.
            path: of the file or folder.

        Raises:
            InvalidJob: when it cannot be uploaded, with the remedy.
        """
        if path.is_file():
            prefix = f"uploads/{_sha256(path)}"
            self._store(prefix, {path.name: path})
            return f"{self._objects.location}/{prefix}/{path.name}"
        if not (path / LIBRARY).is_file():
            raise InvalidJob(
                f"{where} is the folder {path}: a job on AWS reads files and built libraries; "
                f"`skyburst library build {path} LIBRARY` makes one of a folder of images, and LIBRARY is uploaded by itself. "
                f"Other folders: `aws s3 sync {path} {self._objects.location}/inputs/{_plain(path)}`, and give that URL"
            )
        files = {file.relative_to(path).as_posix(): file for file in sorted(path.rglob("*")) if file.is_file()}
        size = sum(file.stat().st_size for file in files.values())
        if size > MOST_BYTES:
            target = f"{self._objects.location}/libraries/{_plain(path)}"
            raise InvalidJob(
                f"{where} is the library {path} of {size / 2**30:.0f} GiB: libraries over {MOST_BYTES // 2**30} GiB are uploaded "
                f"once, with `aws s3 sync {path} {target}`, and named by {target}"
            )
        prefix = f"uploads/{_sha256_of_all(files)}/{_plain(path)}"
        self._store(prefix, files)
        return f"{self._objects.location}/{prefix}"

    def _store(self, prefix: str, files: dict[str, Path]) -> None:
        """Store those files that are not there; objects are stored whole or not at all, so their size tells."""
        there = {info.key: info.size for info in self._objects.list(f"{prefix}/")}
        wanted = [
            (f"{prefix}/{name}", file)
            for name, file in files.items()
            if there.get(f"{prefix}/{name}") != file.stat().st_size
        ]
        if not wanted:
            return
        with self._showing("files uploaded") as count, ThreadPoolExecutor(AT_ONCE, "upload") as pool:
            count(0, len(wanted))
            for done, _ in enumerate(pool.map(partial(_put, self._objects), wanted), start=1):
                count(done, len(wanted))


def _put(objects: ObjectStore, entry: tuple[str, Path]) -> None:
    objects.put(*entry)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_of_all(files: dict[str, Path]) -> str:
    """Of the names and contents of files."""
    digest = hashlib.sha256()
    with ThreadPoolExecutor(AT_ONCE, "digest") as pool:
        for name, content in zip(files, pool.map(_sha256, files.values()), strict=True):
            digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _plain(path: Path) -> str:
    """A folder's name as any URL can have it."""
    return NOT_IN_URLS.sub("_", path.resolve().name) or "folder"
