"""Runs a command as a whole, and tells what it took."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Took(NamedTuple):
    """What a command and all processes below it took."""

    wall_s: float
    core_s: float
    """Time on processors, of all its processes together."""
    peak_mb: float
    """Of the process with the largest resident set."""
    output: str
    """What it wrote to standard output."""


def measure(command: Sequence[str], variables: dict[str, str], log: Path) -> Took:
    """Run a command to its end.

    Args:
        command: to run.
        variables: of its environment, besides those that there are.
        log: file for its standard error.

    Raises:
        RuntimeError: when it fails, with the end of what it said.
    """
    out = log.with_suffix(".out")
    with open(log, "wb") as errors, open(out, "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env={**os.environ, **variables})
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return Took(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read_text())
