"""The results of a dataset, delivered as objects: files of any size, whatever their command did with their folder."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import InvalidItems
from skyburst.objects import check_key
from skyburst.ports import Objects


class Delivered(NamedTuple):
    """A file that is an object now."""

    name: str
    """Relative to the folder of results, with `/`."""
    size: int
    """Bytes."""
    sha256: str


class Refused(NamedTuple):
    """What was not delivered."""

    name: str
    reason: str


def deliver(folder: Path, objects: Objects, prefix: str) -> Iterator[Delivered | Refused]:
    """Store the files of a folder under a key prefix, and remove them, one by one; what cannot be delivered is named.

    A link to a file in the folder is delivered as that file, once more; one that leads somewhere else is refused.

    Raises:
        StorageError: when a file cannot be stored.
    """
    if folder.is_symlink() or not folder.is_dir():  # a link could lead to all that there is on the machine
        yield Refused(".", "the command removed the folder, or put something else in its place")
        return
    root = folder.resolve()
    links = []
    for name, path, mode in _walk(root, ""):
        if stat.S_ISLNK(mode):
            links.append((name, path))
        elif not stat.S_ISREG(mode):
            yield Refused(_shown(name), "it is not a file")
    found: list[tuple[str, Path, bool]] = []
    for name, path in links:  # before what they lead to is removed
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(root):
            yield Refused(_shown(name), "it is a link that leads out of the folder of results")
        elif not target.is_file():
            yield Refused(_shown(name), "it is a link to a folder, or to nothing")
        else:
            found.append((name, target, False))
    found += [(name, path, True) for name, path, mode in _walk(root, "") if stat.S_ISREG(mode)]
    for name, path, own in found:
        try:
            key = check_key(f"{prefix}{name}")
        except InvalidItems as error:
            yield Refused(_shown(name), f"its name cannot be one of an object: {error}")
            continue
        try:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = os.fstat(file.fileno()).st_size
        except PermissionError:
            yield Refused(_shown(name), "it may not be read")
            continue
        objects.put(key, path)
        if own:  # a second copy of all results may not fit
            path.unlink()
        yield Delivered(name, size, digest)


def _walk(folder: Path, start: str) -> Iterator[tuple[str, Path, int]]:
    """Everything in a folder and below it but folders, in order of names; links are not followed."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except PermissionError:
        folder.chmod(0o700)  # the command's own, which it closed
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            yield from _walk(folder / entry.name, f"{start}{entry.name}/")
        else:
            yield f"{start}{entry.name}", folder / entry.name, mode


def _shown(name: str) -> str:
    """A name that a line of a log can hold: with question marks for what is not valid Unicode, or not to be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
