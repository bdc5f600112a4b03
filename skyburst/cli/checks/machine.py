"""Checks of the interpreter and of the machine."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import Iterator

from skyburst._version import __version__
from skyburst.cli import text
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.errors import InvalidJob
from skyburst.homes.local.home import WORKERS_VARIABLE, LocalHome

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35, 0)
"""`?1` parameters, upserts and json functions are older; this is what the tests have seen."""
WORKER_MB = 2_048
"""Memory of a worker when a blueprint does not say."""


def check_python() -> Iterator[Finding]:
    """Whether the interpreter is new enough."""
    found = (
        f"{platform.python_implementation()} {platform.python_version()} in {sys.executable}; skyburst {__version__}"
    )
    good = sys.version_info >= OLDEST_PYTHON
    remedy = "" if good else f": skyburst needs {'.'.join(map(str, OLDEST_PYTHON))} or newer"
    yield Finding("Python", Verdict.GOOD if good else Verdict.BAD, found + remedy)


def check_sqlite() -> Iterator[Finding]:
    """Whether SQLite is new enough for the task table."""
    good = sqlite3.sqlite_version_info >= OLDEST_SQLITE
    remedy = "" if good else f": {'.'.join(map(str, OLDEST_SQLITE))} or newer is needed; use a newer Python"
    yield Finding("SQLite", Verdict.GOOD if good else Verdict.BAD, sqlite3.sqlite_version + remedy)


def check_workers(home: LocalHome) -> Iterator[Finding]:
    """How many workers there would be, and whether there is memory for them."""
    import psutil

    memory = psutil.virtual_memory()
    try:
        workers = home.workers(WORKER_MB)
    except InvalidJob as error:
        yield Finding("workers", Verdict.BAD, str(error))
        return
    found = (
        f"{text.counted(workers, 'worker')} of {WORKER_MB:,} MiB (set {WORKERS_VARIABLE} to change that); "
        f"{text.size(memory.available)} of {text.size(memory.total)} memory are free"
    )
    if memory.available < WORKER_MB * 2**20:
        yield Finding("workers", Verdict.DOUBTFUL, f"{found}: end other programs before large jobs")
    else:
        yield Finding("workers", Verdict.GOOD, found)
