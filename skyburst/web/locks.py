"""Locks of files that several hold together, or one alone: between threads and between programs."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_S = 0.05


@contextmanager
def held(path: Path, *, alone: bool, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file, which is made; given back at the end of the program, too.

    Args:
        path: of the file, in a folder that is there.
        alone: whether nobody else holds it meanwhile.
        wait_s: how long others are waited for, seconds.

    Raises:
        BlockingIOError: when others hold it for longer.
        FileNotFoundError: when there is no such folder.
    """
    end = time.monotonic() + wait_s
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK_S)
        yield
    finally:
        os.close(descriptor)
