"""The files of a folder that a library is built from."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import InvalidItems
from skyburst.objects import check_key


class Refused(NamedTuple):
    """A file that could not be used."""

    path: str
    reason: str


def list_files(folder: Path) -> tuple[list[Path], list[Refused]]:
    """All files under a folder in the order of their paths, and what looks like one and cannot be read.

    Names that start with a dot are left out. Links to files are followed. Links to folders are not, because
    they can lead in circles; they are named instead.
    """
    files: list[Path] = []
    refused: list[Refused] = []

    def unreadable(error: OSError) -> None:
        refused.append(Refused(str(error.filename), f"the folder cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            path = Path(parent, name)
            if path.is_symlink():
                refused.append(Refused(str(path), f"is a link to a folder: build from {path.resolve()} as well"))
        for name in names:
            if name.startswith("."):
                continue
            path = Path(parent, name)
            reason = _reason_against(path)
            if reason:
                refused.append(Refused(str(path), reason))
            else:
                files.append(path)
    return sorted(files), refused


def _reason_against(path: Path) -> str | None:
    """Why a file cannot be an item, whatever is in it. Does not open it: a pipe would never answer."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return f"is a link to {path.readlink()}, which does not exist"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(mode):
        return "is not a file but a device, pipe or socket"
    try:
        check_key(path.name)
    except InvalidItems as error:
        return f"its name cannot be stored: {error}"
    return None
