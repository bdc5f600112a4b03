"""Call a function of an analysis with many things in several processes, in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from skyburst.errors import InvalidLibrary

WAITING_PER_PROCESS = 8
FILES_WORTH_A_PROCESS = 16

Function = TypeVar("Function")
Given = TypeVar("Given")
Answer = TypeVar("Answer")


def in_processes(
    load: Callable[[], Function], call: Callable[[Function, Given], Answer], inputs: Iterable[Given], processes: int
) -> Generator[Answer]:
    """Yield `call(load(), given)` for each input, in the order of the inputs.

    Args:
        load: gives the function of the analysis. Called once in each process, so it must be possible to send it there by
            name: a `functools.partial` of a function that can be imported.
        call: of a module, for the same reason.
        inputs: taken as they are needed.
        processes: with one, all is done in this one.

    Raises:
        InvalidLibrary: when a process was killed.
    """
    function = load()
    if processes == 1:
        for given in inputs:
            yield call(function, given)
        return
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _start, (load,))
    waiting: deque[Future[Answer]] = deque()
    try:
        for given in inputs:
            waiting.append(pool.submit(_call, call, given))
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


_function: Any


def _start(load: Callable[[], Any]) -> None:
    """Prepare a process of the pool."""
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the pool
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _function = load()


def _end_with_parent() -> None:
    """End when the parent is killed: holding both ends of its pipe, a pool's process would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _call(call: Callable[[Any, Given], Answer], given: Given) -> Answer:
    return call(_function, given)
