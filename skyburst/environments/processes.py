"""The processes of a command: which they are, what they use, and their end.

Where the system lets a process adopt the orphans below it (Linux), all that a command started is found, whatever it does.
Elsewhere (macOS) that is its process group and what was seen below it; what leaves both between two looks is not found.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from typing import NamedTuple

import psutil

ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of Linux."""
MB = 2**20
LOOK_S = 0.02


class Use(NamedTuple):
    """What all processes of a command use."""

    memory_mb: float
    """Resident memory, in MiB. Memory that several share counts once where that has to be known."""
    cpu_s: float
    """Processor seconds, of those that still run."""


def adopt_orphans() -> bool:
    """Have this process become the parent of what its descendants leave behind; whether the system can."""
    if sys.platform != "linux":
        return False
    done: int = ctypes.CDLL(None, use_errno=True).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    return done == 0


class Processes:
    """All processes of the command that this process started as the leader of a group, its session included."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._seen: dict[int, psutil.Process] = {}
        self.others: set[int] = set()
        """Processes of this process' own, which do not count."""

    def members(self) -> list[psutil.Process]:
        """The processes that are alive: those below this one, and those that were once seen there."""
        below = psutil.Process().children(recursive=True)
        found = {process.pid: process for process in below if process.pid not in self.others}
        for pid, process in self._seen.items():
            if pid not in found and process.is_running():  # which compares when it was created, too
                found[pid] = process
        self._seen = {pid: process for pid, process in found.items() if _lives(process)}
        return list(self._seen.values())

    def use(self, limit_mb: float) -> Use:
        """What they use. Pages that several share are looked into only when they may matter: that takes time."""
        members = self.members()
        memory_mb = cpu_s = 0.0
        for process in members:
            with contextlib.suppress(psutil.Error), process.oneshot():
                memory_mb += process.memory_info().rss / MB
                times = process.cpu_times()
                cpu_s += times.user + times.system
        if memory_mb > limit_mb:
            memory_mb = sum(_own_memory(process) for process in members) / MB
        return Use(memory_mb, cpu_s)

    def signal(self, number: int) -> None:
        """Send a signal to all of them."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it is gone, or macOS says so of zombies
            os.killpg(self._leader, number)
        for process in self.members():
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)

    def kill(self, within_s: float) -> int:
        """Kill all of them, and what they start meanwhile; how many there are still after so many seconds."""
        until = time.monotonic() + within_s
        while True:
            self.signal(signal.SIGKILL)
            reap()
            left = len(self.members())
            if not left or time.monotonic() > until:
                return left
            time.sleep(LOOK_S)


def reap() -> dict[int, int]:
    """Take notice of the children of this process that have ended: exit codes by process, negative for signals."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            ended[pid] = os.waitstatus_to_exitcode(status)
    return ended


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _own_memory(process: psutil.Process) -> float:
    """Bytes, of shared pages the part that is its own; where the system does not say so, those that only it has."""
    try:
        full = process.memory_full_info()
    except psutil.AccessDenied:
        try:
            return float(process.memory_info().rss)
        except psutil.Error:
            return 0.0
    except psutil.Error:
        return 0.0
    return float(getattr(full, "pss", full.uss))
