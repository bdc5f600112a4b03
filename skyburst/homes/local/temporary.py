"""Folders for the temporary files of worker processes: a process that is killed cannot remove its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "skyburst-worker-"


def make_folder(scratch: str) -> str:
    """Make a folder for one worker process, in `TMPDIR` if that is set, and remove what others left that are no more.

    Args:
        scratch: folder of the home for temporary files, where there may be more room than where the system has them.
    """
    base = Path(os.environ.get("TMPDIR") or scratch)
    for left in base.glob(f"{PREFIX}*"):
        driver = left.name.removeprefix(PREFIX).partition("-")[0]
        if driver.isdigit() and not _runs(int(driver)):
            remove_folder(str(left))
    return tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base)


def remove_folder(folder: str) -> None:
    """Remove such a folder; what cannot be removed, or was already, is no reason to end a job."""
    shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    with contextlib.suppress(PermissionError):  # then it is somebody else's
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
