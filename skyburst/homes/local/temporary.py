"""Folders for temporary files, such as those of worker processes: a process that is killed cannot remove its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

PREFIX = "skyburst-worker-"


class TemporaryFolder:
    """A folder for one worker process, in `TMPDIR` if that is set; who makes one removes those of makers that are no more.

    It is locked as long as its maker lives, however that ends, which tells others that it is in use.

    Args:
        scratch: folder of the home for temporary files, where there may be more room than where the system has them.
        prefix: of its name. Those of other prefixes are left alone.
        end: what else to do about a folder that is left, before it is removed.
    """

    def __init__(self, scratch: str, *, prefix: str = PREFIX, end: Callable[[str], None] | None = None) -> None:
        base = os.environ.get("TMPDIR") or scratch
        _sweep(Path(base), prefix, end)
        while True:
            self.path = tempfile.mkdtemp(prefix=prefix, dir=base)
            try:
                self._descriptor = os.open(self.path, os.O_RDONLY)
            except FileNotFoundError:  # somebody swept it before it was opened
                continue
            if _lock(self._descriptor) is not False and Path(self.path).is_dir():
                return
            os.close(self._descriptor)  # somebody swept it before it was locked

    def remove(self) -> None:
        """Remove it with all that is in it; what cannot be removed is no reason to end a job."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._descriptor)


def _sweep(base: Path, prefix: str, end: Callable[[str], None] | None) -> None:
    """Remove the folders that nobody has locked."""
    for left in base.glob(f"{prefix}*"):
        try:
            descriptor = os.open(left, os.O_RDONLY)
        except OSError:  # somebody removed it meanwhile, or it is another user's
            continue
        if _lock(descriptor):
            if end is not None:
                end(str(left))
            shutil.rmtree(left, ignore_errors=True)
        os.close(descriptor)


def _lock(descriptor: int) -> bool | None:
    """Lock a folder: whether nobody else has; None where the file system knows no locks, and nothing is swept."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
