"""The supervisor: a small process between a worker and a command, which outlives neither.

Run as `python -m skyburst.environments.supervisor CONTROL EVENTS`, two inherited file descriptors, with the standard output
and standard error that the command is to have. Reads one JSON object from the first (`Order`), then lines: `end` ends the
command. At the end of file the worker is gone, however it ended, and the command is ended too. Writes JSON objects to the
second, one a line: `started`, `use`, `ending`, and at last `ended`, or `refused` when the command cannot be started.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyburst.environments.processes import Processes, adopt_orphans, reap

LOOK_S = 0.25
"""Between looks at the memory of the command, once it has run for a while."""
FIRST_LOOK_S = 0.01
"""From its start to the first look; each further one is twice as late, so that short commands are seen, too."""
ORPHAN_GRACE_S = 2.0
"""A command whose worker is gone has so long: what it does then reaches nobody."""
KILLING_S = 10.0
HELPER_S = 60.0
RSS_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10
MOST_LIKELY_KILLED = "1000"
"""When the machine runs out of memory, the system is to end the command, not what watches it."""

TIMED_OUT, OUT_OF_MEMORY, CANCELLED = "TIMED_OUT", "OUT_OF_MEMORY", "CANCELLED"


@dataclass(slots=True, kw_only=True)
class Order:
    """What is to be run, and how long."""

    command: list[str]
    folder: str
    """That it begins in."""
    variables: dict[str, str]
    """All of its environment."""
    timeout_s: float
    memory_mb: float
    """MiB; of all its processes together."""
    grace_s: float = 10.0
    """Seconds from SIGTERM to SIGKILL."""
    every_s: float = 1.0
    """Seconds between two reports of what it uses."""
    watched: bool = True
    """Whether its processes are below this one; those of a container are not, and the engine bounds their memory."""
    stop: list[str] = field(default_factory=list)
    """Run when the command is to end, where a signal does not reach all of it: of a container."""
    oom: list[str] = field(default_factory=list)
    """Prints `true` when the command ended for lack of memory, where this process cannot see that."""
    remove: list[str] = field(default_factory=list)
    """Run when it has ended."""


class Supervisor:
    """Runs one command to its end."""

    def __init__(self, order: Order, control: int, events: int) -> None:
        self._order = order
        self._control: int | None = control
        self._events = events
        self._began = time.monotonic()
        self._exit_code: int | None = None
        self._reason: str | None = None
        self._kill_at: float | None = None
        self._cpu_s = self._peak_mb = 0.0
        self._looked = self._told = self._began
        self._pause_s = FIRST_LOOK_S
        self._told_cpu_s = 0.0

    def run(self) -> None:
        """Start the command, and return when nothing of it is left."""
        order = self._order
        try:
            leader = subprocess.Popen(
                order.command, cwd=order.folder, env=order.variables, stdin=subprocess.DEVNULL, start_new_session=True,
                preexec_fn=_offer_to_be_killed,  # noqa: PLW1509 - this process has one thread
            )  # fmt: skip
        except (OSError, ValueError) as error:
            self._tell("refused", why_not_started(error, order.command[0]))
            return
        leader.returncode = 0  # it is reaped with all others
        self._leader = leader.pid
        self._processes = Processes(self._leader)
        self._tell("started", self._leader)
        nowhere = os.open(os.devnull, os.O_WRONLY)  # the command's ends alone keep its output open
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        while self._exit_code is None:
            self._wait(self._pause_s)
            self._exit_code = reap().get(self._leader)
            self._look()
        self._finish()

    def _wait(self, seconds: float) -> None:
        """Wait for an order, for the end of a child, or so long."""
        descriptors = [WOKEN, *([self._control] if self._control is not None else [])]
        readable, _, _ = select.select(descriptors, [], [], seconds)
        if WOKEN in readable:
            os.read(WOKEN, 4096)
        if self._control in readable:
            assert self._control is not None
            if os.read(self._control, 4096):
                self._end(CANCELLED, self._order.grace_s)
            else:
                self._control = None
                self._end(CANCELLED, min(ORPHAN_GRACE_S, self._order.grace_s))

    def _look(self) -> None:
        """Look at time and memory, and report what is used now and then."""
        now = time.monotonic()
        if self._kill_at is not None and now >= self._kill_at:
            self._processes.signal(signal.SIGKILL)
        if now - self._began > self._order.timeout_s:
            self._end(TIMED_OUT, self._order.grace_s)
        if now - self._looked < self._pause_s / 2:  # woken by a child that ended, of which there may be very many
            return
        self._looked = now
        self._pause_s = min(LOOK_S, 2 * self._pause_s)
        if not self._order.watched:
            return
        use = self._processes.use(self._order.memory_mb)
        self._peak_mb = max(self._peak_mb, use.memory_mb)
        self._cpu_s = max(self._cpu_s, use.cpu_s)
        if now - self._told >= self._order.every_s:
            percent = 100 * max(0.0, use.cpu_s - self._told_cpu_s) / (now - self._told)
            self._told, self._told_cpu_s = now, use.cpu_s
            self._tell("use", [round(percent, 1), round(use.memory_mb, 1), round(self._peak_mb, 1)])
        if use.memory_mb > self._order.memory_mb:
            self._end(OUT_OF_MEMORY, 0.0)
            self._processes.signal(signal.SIGKILL)

    def _end(self, reason: str, grace_s: float) -> None:
        """Begin to end the command; a further reason to end it only makes that sooner."""
        kill_at = time.monotonic() + grace_s
        self._kill_at = kill_at if self._kill_at is None else min(self._kill_at, kill_at)
        if self._reason is not None or self._exit_code is not None:
            return
        self._reason = reason
        self._tell("ending", reason)
        if self._order.stop:
            with contextlib.suppress(OSError):
                stopping = subprocess.Popen(self._order.stop, stdin=subprocess.DEVNULL, start_new_session=True)
                stopping.returncode = 0  # it is reaped with all others
                self._processes.others.add(stopping.pid)
        self._processes.signal(signal.SIGTERM)
        self._processes.signal(signal.SIGCONT)  # one that is stopped hears nothing else

    def _finish(self) -> None:
        """End what the command left running, and report."""
        seconds = time.monotonic() - self._began
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._order.grace_s
            self._processes.signal(signal.SIGTERM)
        while self._processes.members() and time.monotonic() < self._kill_at:
            self._wait(LOOK_S / 5)
            reap()
        left = self._processes.kill(KILLING_S)
        if self._order.oom and self._reason is None and _answer(self._order.oom) == "true":
            self._reason = OUT_OF_MEMORY
        if self._order.remove:
            _answer(self._order.remove)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # also of those that ended between two looks
        peak_mb = used.ru_maxrss / RSS_UNITS_PER_MB
        own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_UNITS_PER_MB
        if peak_mb > own_mb or not self._peak_mb:  # one that was seen may have less than this one, forked
            self._peak_mb = max(self._peak_mb, peak_mb)
        cpu_s = max(self._cpu_s, used.ru_utime + used.ru_stime)
        if not self._order.watched:  # these are of the program of the container engine
            cpu_s = self._peak_mb = 0.0
        ended = {
            "exit_code": self._exit_code,
            "reason": self._reason,
            "seconds": seconds,
            "cpu_s": cpu_s,
            "peak_memory_mb": round(self._peak_mb, 1),
            "left": left,
        }
        self._tell("ended", ended)

    def _tell(self, what: str, value: Any) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            os.write(self._events, json.dumps({what: value}).encode() + b"\n")


def why_not_started(error: Exception, program: str) -> str:
    """Why a program cannot be started, with the remedy.

    Args:
        error: of the system.
        program: first word of the command: a file of the analysis as its path.
    """
    code, path = getattr(error, "errno", None), Path(program)
    before = f'put its interpreter before it, such as command = ["bash", "{path.name}"]'
    if code == errno.EACCES and path.is_dir():
        return f"{program} is a folder: name a program in it"
    if code == errno.EACCES:
        return f"{program} is not executable: `chmod +x` makes it so, or {before}"
    if code == errno.ENOEXEC:
        return f"{program} is no program of this machine, and no first line such as #!/bin/bash names an interpreter: {before}"
    if code == errno.ENOENT and path.exists():
        return f"the interpreter that the first line of {program} names is not there: install it, or {before}"
    if code == errno.ENOENT:
        return (
            f"there is no program {program!r} in the folder of the analysis or on the search path: correct command in its "
            "blueprint, install it, or name an image that has it"
        )
    return str(error)


def _go_on(*_: object) -> None:
    """Do nothing about a signal: it ends by what its worker does. Were it ignored, it would be so in the command too."""


def _offer_to_be_killed() -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(MOST_LIKELY_KILLED)


def _answer(command: list[str]) -> str:
    """What a program of the container engine prints; empty when it does not answer."""
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HELPER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip()


def _read_order(control: int) -> Order | None:
    """The order; None when whoever was to give it is gone."""
    text = b""
    while not text.endswith(b"\n"):
        more = os.read(control, 1 << 16)
        if not more:
            return None
        text += more
    return Order(**json.loads(text))


WOKEN, _WAKING = -1, -1


def main(arguments: list[str]) -> None:
    """Entry point."""
    global WOKEN, _WAKING
    control, events = (int(argument) for argument in arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _go_on)
    order = _read_order(control)
    if order is None:
        return
    adopt_orphans()
    WOKEN, _WAKING = os.pipe()
    for descriptor in (WOKEN, _WAKING):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(_WAKING, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    Supervisor(order, control, events).run()


if __name__ == "__main__":
    main(sys.argv[1:])
