"""Runs the groups of a second stage, each in another environment of the combiner's function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from skyburst.contracts.records import Failure
from skyburst.engine.stage import StageFailed, TaskGroup, may_run_again, placed
from skyburst.engine.watch import retry_delay
from skyburst.homes.aws.answers import FunctionFailed

SHARE = 0.9
"""Of the time that one call of the combiner may take: when the tasks are to be done. The rest is for what comes after."""
Ask = Callable[[TaskGroup, int], Any]
"""Has the tasks of a group run, as an attempt of this number; why that failed, if it did. Raises FunctionFailed."""


def run_groups(
    ask: Ask, groups: Sequence[TaskGroup], *, job_id: str, attempts: int, until: float, at_once: int
) -> None:
    """Run all groups, each again as often as it may when it failed.

    Args:
        ask: runs one.
        groups: at least one.
        job_id: of the job.
        attempts: at a group.
        until: seconds since the epoch, when all are to be done.
        at_once: groups that are run at the same time.

    Raises:
        StageFailed: as soon as one has failed for good, or when the time is up. Then nothing is waited for that still runs.
    """
    over = threading.Event()
    given_s = until - time.time()

    def run(group: TaskGroup) -> None:
        attempt = 1
        while not over.is_set():
            failure = _failure_of(ask, group, attempt)
            if failure is None:
                return
            if not may_run_again(failure, attempt, attempts):
                raise StageFailed(failure)
            over.wait(retry_delay(job_id, group.number, attempt))
            attempt += 1

    pool = ThreadPoolExecutor(at_once, "tasks")
    try:
        running = [pool.submit(run, group) for group in groups]
        ended, late = wait(running, timeout=given_s, return_when=FIRST_EXCEPTION)
        for future in running:
            if future in ended:
                future.result()
        if late:
            first = next(group for group, future in zip(groups, running, strict=True) if future in late)
            raise StageFailed(placed(_too_late(len(late), len(groups), given_s), first))
    finally:
        over.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _failure_of(ask: Ask, group: TaskGroup, attempt: int) -> Failure | None:
    """Why an attempt at a group failed, and at which task; None when it did not."""
    try:
        told = ask(group, attempt)
    except FunctionFailed as error:
        return placed(error.failure, group)
    return Failure(*told) if told else None


def _too_late(late: int, groups: int, given_s: float) -> Failure:
    return Failure(
        "TimedOut",
        f"{late:,} of {groups:,} groups of tasks had not ended after the {given_s:.0f} s that were left for them: make tasks "
        "shorter or fewer, or give `combiner_timeout_s` in [resources] more, up to 900 s",
    )
