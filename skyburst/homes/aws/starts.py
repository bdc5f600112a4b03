"""When an invocation of a function began, and how much of the delay before it was the start of its environment."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from skyburst.contracts.spans import Part, Span

LONGEST_S = 10.0
"""An environment that took longer to start was started ahead, for a later invocation."""
START_TICKS = 21
"""Field of `/proc/self/stat`: when the process started, in clock ticks since the machine did."""

_imported_at = time.time()
_invoked = False


class Start(NamedTuple):
    """The begin of an invocation."""

    at: float
    """Seconds since the epoch."""
    sent_at: float | None
    """When it was sent; None when nothing is known of that."""
    cold_s: float
    """Seconds before it in which this process had to start; 0 when it was up."""

    def span(self, part: Part, name: str, run: int, *, level: int = 0) -> Span:
        """What was done since then."""
        return Span(part, name, run, self.at, time.time(), level, self.sent_at, self.cold_s)


def begin(sent_at: float | None = None) -> Start:
    """To be called first in an invocation.

    Args:
        sent_at: when the invocation was sent, seconds since the epoch; what was done before it was not waited for.
    """
    global _invoked
    now = time.time()
    cold_s = 0.0
    if not _invoked:
        _invoked = True
        cold_s = min(LONGEST_S, max(0.0, now - max(_process_started_at(), sent_at or 0.0)))
    return Start(now, sent_at, cold_s)


def _process_started_at() -> float:
    """Seconds since the epoch; where no system tells, when this module was imported."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return _imported_at
    fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    ticks = int(fields[START_TICKS - 2])  # after the name, which is the second field
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - age
