"""Runs one command: starts its supervisor, reads what it writes as it is written, and says how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from skyburst.environments.lines import Lines
from skyburst.environments.log import ERR, OUT
from skyburst.environments.supervisor import Order

PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
READ_BYTES = 1 << 16
TICK_S = 0.25
UNWATCHED = "what watches its command was killed, and the command with it"
DRAIN_S = 2.0
"""What keeps a command's output open after its end is waited for so long."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int | None
    """Negative: the signal that ended it. None: nobody saw it."""
    reason: str | None
    """`TIMED_OUT`, `OUT_OF_MEMORY` or `CANCELLED` when it was ended; None when it ended by itself."""
    seconds: float
    cpu_s: float = 0.0
    """Processor seconds of all its processes, as far as they were seen."""
    peak_memory_mb: float = 0.0
    left: int = 0
    """Processes that could not be ended."""
    refused: str | None = None
    """Why it could not be started."""
    unwatched: bool = False
    """Somebody killed its supervisor, and it was ended too."""


class Watching(Protocol):
    """Is told what a command does while it runs; must return at once."""

    def line(self, stream: str, text: str) -> None:
        """A line of `out` or `err`."""

    def use(self, cpu_percent: float, memory_mb: float, peak_memory_mb: float) -> None:
        """What all its processes use."""

    def ending(self, reason: str) -> None:
        """It is being ended."""

    def tick(self) -> None:
        """Some time has passed."""


def run_command(order: Order, watching: Watching, ending: Callable[[], bool]) -> Ended:
    """Run a command to its end.

    Args:
        order: what, and its limits.
        watching: is told what it does.
        ending: asked now and then whether it is to be ended.
    """
    run = _Run(order, watching)
    try:
        return run.wait(ending)
    finally:
        run.close()


class _Run:
    """One command and its supervisor."""

    def __init__(self, order: Order, watching: Watching) -> None:
        self._watching = watching
        self._began = time.monotonic()
        self._ended: Ended | None = None
        self._leader: int | None = None
        self._asked = False
        control, self._control = os.pipe()
        self._events, events = os.pipe()
        try:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-P", "-m", "skyburst.environments.supervisor", str(control), str(events)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(control, events),
                start_new_session=True, env=_variables(),
            )  # fmt: skip
        finally:
            os.close(control)
            os.close(events)
        self._tell(json.dumps(asdict(order)).encode() + b"\n")
        assert self._supervisor.stdout
        assert self._supervisor.stderr
        self._selector = selectors.DefaultSelector()
        self._lines = {OUT: Lines(), ERR: Lines()}
        for name, file in ((OUT, self._supervisor.stdout), (ERR, self._supervisor.stderr)):
            self._selector.register(file.fileno(), selectors.EVENT_READ, name)
        self._selector.register(self._events, selectors.EVENT_READ, None)
        self._event_text = b""

    def wait(self, ending: Callable[[], bool]) -> Ended:
        """Read until the command has ended and all that it wrote is read."""
        drained_at: float | None = None
        ticked = 0.0
        while self._selector.get_map():
            for key, _ in self._selector.select(TICK_S):
                self._read(key.fd, key.data)
            now = time.monotonic()
            if now - ticked >= TICK_S:
                ticked = now
                self._tick(now, ending)
            if self._events_over:
                drained_at = drained_at or now + DRAIN_S
                if now > drained_at:
                    break
        for name, lines in self._lines.items():
            self._hand_on(name, lines.end())
        if self._ended is None:  # somebody killed the supervisor
            self._kill_group()
            seconds = time.monotonic() - self._began
            return Ended(None, None, seconds, refused=UNWATCHED, unwatched=True)
        return self._ended

    @property
    def _events_over(self) -> bool:
        return self._events not in self._selector.get_map()

    def close(self) -> None:
        """Let the supervisor go, which ends the command if it still runs."""
        self._selector.close()
        os.close(self._control)
        os.close(self._events)
        for file in (self._supervisor.stdout, self._supervisor.stderr):
            assert file
            file.close()
        self._supervisor.wait()

    def _tick(self, now: float, ending: Callable[[], bool]) -> None:
        for name, lines in self._lines.items():
            self._hand_on(name, lines.waited(now))
        self._watching.tick()
        if not self._asked and ending():
            self._asked = True
            self._tell(b"end\n")

    def _read(self, descriptor: int, stream: str | None) -> None:
        data = os.read(descriptor, READ_BYTES)
        if not data:
            self._selector.unregister(descriptor)
        elif stream is None:
            *texts, self._event_text = (self._event_text + data).split(b"\n")
            for text in texts:
                self._hear(json.loads(text))
        else:
            self._hand_on(stream, self._lines[stream].feed(data, time.monotonic()))

    def _hear(self, event: dict[str, Any]) -> None:
        """What the supervisor says."""
        (what, value), = event.items()  # fmt: skip
        if what == "started":
            self._leader = value
        elif what == "use":
            self._watching.use(*value)
        elif what == "ending":
            self._watching.ending(value)
        elif what == "ended":
            self._ended = Ended(**value)
        elif what == "refused":
            self._ended = Ended(None, None, 0.0, refused=f"its command cannot be started: {value}")

    def _hand_on(self, stream: str, lines: list[str]) -> None:
        for line in lines:
            self._watching.line(stream, line)

    def _tell(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended, which its events say
            while data:
                data = data[os.write(self._control, data) :]

    def _kill_group(self) -> None:
        if self._leader is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader, signal.SIGKILL)


def _variables() -> dict[str, str]:
    """Of the supervisor, which needs to find this package and nothing else."""
    paths = [PACKAGE_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
