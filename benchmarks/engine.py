"""What the engine costs: a function that does nothing, mapped by Skyburst and by others, side by side in one run.

    python benchmarks/engine.py [--batches 100 1000 10000] [--limit SECONDS] [--workers N]

Each contender runs in a process of its own, one at a time, with a state folder and a home folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

CONTENDERS = ("skyburst", "ProcessPoolExecutor", "joblib", "Dask distributed", "Lithops localhost")
LARGE = ((50, 5_000_000), (200, 5_000_000), (1_000, 10_000), (10_000, 10_000))
"""Batches, and bytes that each returns."""
REPEATS = 3
LONG_S = 20.0
"""A measurement that takes longer is not repeated."""


class Measured(NamedTuple):
    """Medians of a contender's runs."""

    seconds: float
    driver_mb: float
    largest_child_mb: float


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description="What the engine costs, beside others.")
    parser.add_argument("--batches", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one run of one contender")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, {given.workers} workers")
    packages = ("skyburst", "joblib", "distributed", "lithops")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages))
    print(f"the whole call: import, start, map, collect, stop; median of {REPEATS} where it is short\n")
    memory = compare(given.batches, given.workers, given.limit)
    print("\nmemory of skyburst at these numbers of batches")
    for batches, measured in memory.items():
        print(f"  {batches:>6,} batches   {memory_of(measured)}")
    print("\nmemory of skyburst with large partial results")
    for batches, size in LARGE:
        measured = measure("skyburst, large results", given.limit, batches, given.workers, size)
        print(f"  {batches:>6,} batches of {size / 1e6:g} MB   {memory_of(measured)}", flush=True)


def compare(numbers: list[int], workers: int, limit_s: float) -> dict[int, Measured | None]:
    """Print the table of all contenders; skyburst's own figures by number of batches."""
    own: dict[int, Measured | None] = {}
    print(f"{'batches':>8}  {'':20}{'seconds':>10}{'x skyburst':>12}")
    for batches in [1, *numbers]:
        for name in CONTENDERS:
            measured = measure(name, limit_s, batches, workers)
            if name == "skyburst":
                own[batches] = measured
            seconds = f"{measured.seconds:10.2f}" if measured else f"{f'over {limit_s:g}':>10}"
            base = own[batches]
            ratio = f"{measured.seconds / base.seconds:11.2f}x" if measured and base else f"{'':12}"
            print(f"{batches:>8,}  {name:20}{seconds}{ratio}", flush=True)
        print()
    return own


def measure(name: str, limit_s: float, *numbers: int) -> Measured | None:
    """Medians of some runs, or None when one takes longer than the limit.

    Raises:
        RuntimeError: when the contender fails.
    """
    runs: list[Measured] = []
    while len(runs) < REPEATS and not (runs and runs[0].seconds > LONG_S):
        run = measure_once(name, limit_s, *numbers)
        if run is None:
            return None
        runs.append(run)
    return Measured(*(statistics.median(column) for column in zip(*runs, strict=True)))


def measure_once(name: str, limit_s: float, *numbers: int) -> Measured | None:
    """One run in a process of its own; None when it takes longer than the limit."""
    with tempfile.TemporaryDirectory(prefix="skyburst-bench-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("contenders.py")), name, *map(str, numbers)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "SKYBURST_HOME": f"{folder}/skyburst", "HOME": folder, "TMPDIR": folder},
            start_new_session=True,  # so that it can be ended with all its workers
        )
        try:
            output, errors = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None
    if process.returncode:
        raise RuntimeError(f"{name} {numbers} failed:\n{errors}")
    return Measured(**json.loads(output.splitlines()[-1]))


def memory_of(measured: Measured | None) -> str:
    """Peak memory in words."""
    if measured is None:
        return "took too long"
    return f"driver {measured.driver_mb:4.0f} MiB, largest worker or combiner {measured.largest_child_mb:4.0f} MiB"


if __name__ == "__main__":
    main()
