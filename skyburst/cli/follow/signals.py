"""Notice Ctrl-C without handling it: the driver of a job does that."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading

ENDING = frozenset({signal.SIGINT, signal.SIGTERM})


class SignalWatch:
    """While entered, a pipe gets a byte for each signal that Python code handles; another thread reads it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._before: int | None = None
        self.seen = False
        """Whether a signal asked this program to end."""
        for end in (self._read, self._write):
            os.set_blocking(end, False)

    def __enter__(self) -> SignalWatch:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.set_wakeup_fd(self._before)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float) -> None:
        """Wait for a signal or for `wake`, so long at most."""
        select.select([self._read], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self.seen = self.seen or bool(ENDING.intersection(os.read(self._read, 64)))

    def wake(self) -> None:
        """Have `wait` return."""
        with contextlib.suppress(BlockingIOError):  # full: it returns anyway
            os.write(self._write, b"\0")
