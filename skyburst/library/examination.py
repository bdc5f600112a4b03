"""Describe many files in several processes, in order."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

from skyburst.contracts import values
from skyburst.errors import InvalidAnalysis, InvalidLibrary
from skyburst.library.description import Describe, Description

LoadDescribe = Callable[[], Describe]
"""Gives the describe function. A process that is started anew calls it, so it can be sent there by name: a
`functools.partial` of a function that can be imported."""
WAITING_PER_PROCESS = 8
FILES_WORTH_A_PROCESS = 16


class Examined(NamedTuple):
    """A file that was read."""

    path: Path
    size: int = 0
    """Bytes."""
    modified_ns: int = 0
    """Time of its last change before it was read."""
    sha256: str = ""
    """Hexadecimal; empty when the file is no item."""
    description: Description | None = None
    """None when the file is no item, or has the checksum that was asked about."""
    problem: str = ""
    """Why it cannot be used."""


def examine(describe: Describe, path: Path, known: str | None) -> Examined:
    """Describe a file, unless it has the known SHA-256.

    Raises:
        InvalidAnalysis: when the describe function fails in another way than it should.
    """
    try:
        status = path.stat()
        if known is not None and _sha256(path) == known:
            return Examined(path, status.st_size, status.st_mtime_ns, known)
        description = describe(path)
        if description is None:
            return Examined(path)
        values.check(description.metadata, "metadata")
        values.check(description.properties, "properties")
        return Examined(path, status.st_size, status.st_mtime_ns, _sha256(path), description)
    except (ValueError, OSError) as error:
        return Examined(path, problem=str(error) or type(error).__name__)
    except Exception as error:
        raise InvalidAnalysis(f"describing {path} failed: {type(error).__name__}: {error}") from error


def examine_all(load: LoadDescribe, files: Iterable[tuple[Path, str | None]], processes: int) -> Generator[Examined]:
    """Examine files, each with the SHA-256 that it is known by; results come in the order of the files.

    Raises:
        InvalidAnalysis: as `examine`.
        InvalidLibrary: when a process was killed.
    """
    describe = load()
    if processes == 1:
        for path, known in files:
            yield examine(describe, path, known)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start, (load,))
    waiting: deque[Future[Examined]] = deque()
    try:
        for path, known in files:
            waiting.append(pool.submit(_examine, path, known))
            if len(waiting) >= processes * WAITING_PER_PROCESS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise InvalidLibrary(
            "a process that describes files was killed, perhaps because the memory was used up: "
            "build again with fewer processes; the files that are done will not be done again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def processes_for(files: int) -> int:
    """As many processes as there are processors for this one, fewer for few files."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, files // FILES_WORTH_A_PROCESS))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_describe: Describe


def _start(load: LoadDescribe) -> None:
    """Prepare a process of the pool."""
    global _describe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _describe = load()


def _end_with_parent() -> None:
    """End when the parent is killed: holding both ends of its pipe, a pool's process would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _examine(path: Path, known: str | None) -> Examined:
    return examine(_describe, path, known)
