"""Work: run the developer's function on one batch and store what it found."""

from __future__ import annotations

import importlib
import inspect
import os
import resource
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import skyburst
from skyburst.analysis import Batch, Context, Ending, Place, Worker
from skyburst.contracts.records import Failure, Outcome
from skyburst.errors import (
    DatasetEnded,
    NotJson,
    ObjectNotFound,
    SkyburstError,
    StorageDenied,
    StorageFull,
    is_disk_full,
)
from skyburst.manifest import ItemReader
from skyburst.ports import Objects
from skyburst.stored import INLINE_BYTES, StoredValue, store_value, store_yielded

LONGEST_TRACEBACK = 20_000
PACKAGE = f"{Path(skyburst.__file__).parent}{os.sep}"
SHIPPED = f"{PACKAGE}_shipped{os.sep}"
IMPORT_SYSTEM = f"{Path(importlib.__file__).parent}{os.sep}"
CLEAR = (NotJson, DatasetEnded, ObjectNotFound, StorageDenied)
"""Errors whose message says it all; so does that of each error of ours through which no code of the developer's runs."""
RSS_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10
"""`ru_maxrss` is in bytes on macOS and in KiB elsewhere."""


class Task(NamedTuple):
    """One batch, sent to a worker."""

    batch_id: int
    attempt: int
    start: int
    end: int
    timeout_s: float


@dataclass(slots=True)
class Bench:
    """What a worker process keeps at hand for all batches of a job."""

    job_id: str
    worker: Worker
    parameters: dict[str, Any]
    items: ItemReader
    objects: Objects
    prefix: str
    """Key prefix of the job's objects."""
    scratch: Path
    """Folder for temporary files, on the disk of the objects."""
    token: str
    """Differs between worker processes, so that a batch delivered twice writes two objects."""
    kept: dict[str, Any] = field(default_factory=dict)
    inline_bytes: int = INLINE_BYTES
    """Longer partial results become objects."""
    setup: dict[str, Any] | None = None
    """Of the job's environments, where it runs in some."""
    ending: Ending = field(default_factory=Ending)
    """Says whether a command is to be ended."""


def work(bench: Bench, task: Task) -> Outcome:
    """Run one batch. Whatever the developer's function does, short of ending the process, comes back as an outcome."""
    started_at = time.time()
    clock = time.monotonic()
    place = Place(bench.objects, bench.prefix, bench.setup, bench.ending)
    library = bench.items.library(task.start)
    context = Context(bench.job_id, task.attempt, clock + task.timeout_s, library, bench.kept, place=place)
    stored: StoredValue | None = None
    reference = failure = None
    try:
        batch = Batch(
            task.batch_id,
            task.start,
            task.end,
            bench.items.read(task.start, task.end),
            bench.parameters,
            context,
        )
        found = bench.worker.function(batch)
        store = store_yielded if inspect.isgenerator(found) else store_value
        stored = store(found, bench.scratch, bench.inline_bytes)
        if stored.path is not None:
            reference = f"{bench.prefix}partials/{task.batch_id:08d}-{task.attempt}-{bench.token}"
            _move(bench.objects, reference, stored.path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is the batch's, and it is kept
        failure = describe(error)
        stored = reference = None
    if context.item_errors_not_kept:
        context.item_errors.append(
            {
                "item": None,
                "error": f"and {context.item_errors_not_kept} more",
                "count": context.item_errors_not_kept,
            }
        )
    return Outcome(
        task.batch_id,
        task.attempt,
        task.end - task.start,
        stored.payload if stored else None,
        reference,
        stored.size if stored else 0,
        context.item_errors or None,
        started_at,
        time.monotonic() - clock,
        peak_memory_mb(),
        None,
        failure,
    )


def describe(error: BaseException) -> Failure:
    """An error as a failure: its kind, its message and the developer's part of its traceback."""
    trace = error.__traceback__
    while trace and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))
        message = str(error) or type(error).__name__
    except Exception as unprintable:  # noqa: BLE001 - an exception whose own text raises must not end the worker
        text, message = (
            "",
            f"{type(error).__name__} (its message cannot be shown: {type(unprintable).__name__})",
        )
    if isinstance(error, CLEAR) or (trace is None and isinstance(error, SkyburstError)):
        text = error.tail if isinstance(error, DatasetEnded) else ""
    kind = type(error).__name__
    if isinstance(error, StorageFull):
        kind = StorageFull.__name__
    elif is_disk_full(error):
        kind = StorageFull.__name__
        message = f"the worker's disk is full: free some space and resume the job ({message})"
    elif isinstance(error, MemoryError):
        kind = "OutOfMemory"
        message = f"the worker ran out of memory (peak {peak_memory_mb():,.0f} MiB)"
    exit_code = getattr(error, "exit_code", None)  # of a command
    return Failure(kind, message[:2_000], text[-LONGEST_TRACEBACK:], exit_code if isinstance(exit_code, int) else None)


def _is_ours(file: str) -> bool:
    """True for the engine's code and for the import system; False for analyses, those that are shipped too."""
    if file.startswith(("<frozen importlib", IMPORT_SYSTEM)):
        return True
    return file.startswith(PACKAGE) and not file.startswith(SHIPPED)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RSS_UNITS_PER_MB


def limit_memory(memory_mb: int) -> None:
    """Have allocations beyond the limit fail with MemoryError, which has a traceback, rather than end the process."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory_mb * 2**20
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _move(objects: Objects, key: str, path: Path) -> None:
    try:
        objects.put(key, path)
    finally:
        path.unlink(missing_ok=True)
