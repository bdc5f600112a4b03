"""Runs the real program, with pipes or in a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import PATIENCE_S

PROGRAM = [sys.executable, "-P", "-c", "from skyburst.cli.main import main; main()"]
REPOSITORY = str(Path(__file__).resolve().parents[2])
CTRL_C = b"\x03"
TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def environment(**more: str) -> dict[str, str]:
    """Of the program: finds skyburst wherever it runs, and has two workers at most."""
    path = os.pathsep.join(filter(None, [REPOSITORY, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "SKYBURST_WORKERS": "2", "COLUMNS": "100", **more}


def skyburst(*arguments: object, folder: Path, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, with pipes."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder, env=environment(**more), input=given, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip


class Terminal:
    """The program in a pseudo-terminal of its own."""

    def __init__(self, *arguments: object, folder: Path, columns: int = 100, **more: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        variables = environment(**{"TERM": "xterm-256color", **more})
        variables.pop("COLUMNS")
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *PROGRAM, *map(str, arguments)],
            cwd=folder, env=variables, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()

    @property
    def text(self) -> str:
        """Everything that was drawn so far, without colours and cursor movements."""
        return ESCAPES.sub(b"", self._seen).decode(errors="replace")

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def hang_up(self) -> None:
        """Close the terminal, as its window's button does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def until(self, pattern: str) -> re.Match[str]:
        """Read until the pattern was drawn."""
        for _ in self._reads():
            if found := re.search(pattern, self.text):
                return found
        raise AssertionError(f"{pattern!r} was not drawn in:\n{self.text}")

    def ended(self) -> int:
        """Read to the end; the exit code."""
        for _ in self._reads():
            pass
        return self.process.wait(PATIENCE_S)

    def _reads(self) -> Iterator[None]:
        deadline = time.monotonic() + PATIENCE_S
        yield
        while time.monotonic() < deadline:
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            with contextlib.suppress(OSError):  # EIO: the other end was closed
                data = os.read(self._master, 65536)
                if data:
                    self._seen += data
                    yield
                    continue
            return
        raise AssertionError(f"the program did not end:\n{self.text}")
