"""Deployed zips as folders: unpacked once for each content, never outside the folder they are for."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from skyburst.errors import Invalid
from skyburst.local_cloud.limits import UNZIPPED


class Archive(NamedTuple):
    """A zip."""

    digest: str
    """Of its bytes."""
    data: bytes


class Unpacked:
    """A folder of unpacked zips. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def of(self, archives: Sequence[Archive]) -> Path:
        """The folder with the files of these zips, the later ones over the earlier."""
        digest = hashlib.sha256("\n".join(archive.digest for archive in archives).encode()).hexdigest()[:24]
        target = self._folder / digest
        with self._lock:
            if not target.exists():
                part = target.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
                for archive in archives:
                    unpack(archive.data, part)
                part.rename(target)
        return target


def unpack(archive: bytes, folder: Path) -> None:
    """Write the files of a zip below a folder, with their permissions. Raises Invalid when one would leave it."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        entries = opened.infolist()
        size = sum(entry.file_size for entry in entries)
        if size > UNZIPPED:
            raise Invalid(f"a deployed zip has {size} bytes of files; Lambda takes {UNZIPPED} at most")
        for entry in entries:
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
                raise Invalid(f"a deployed zip has the path {entry.filename!r}, which leaves its folder")
            target = folder / path
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            with opened.open(entry) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            if mode := (entry.external_attr >> 16) & 0o777:
                os.chmod(target, mode | 0o400)  # noqa: PTH101 -- a file that was just written
