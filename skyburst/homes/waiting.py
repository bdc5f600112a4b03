"""Wait for the end of a job, at any home."""

from __future__ import annotations

import time
from collections.abc import Callable

from skyburst.contracts.records import Progress
from skyburst.contracts.states import JobState
from skyburst.engine.finish import counted
from skyburst.engine.watch import with_estimate
from skyburst.errors import JobInterrupted
from skyburst.homes.home import Home, OnProgress

UNDRIVEN_S = 5.0
"""A job that nothing has driven for so long is taken for interrupted."""


def progress_of(home: Home, job_id: str) -> Progress:
    """Batches and items done, failed and running, counted without reading results; of a job that has ended, as it ended."""
    job = home.table.job(job_id)
    progress = counted(home.table, job)
    if job.run_began is None or not (job.state.finished or home.is_driven(job_id)):
        return progress
    began = job.run_began
    elapsed_s = (job.finished_at or time.time()) - began["at"]
    return with_estimate(progress, items_before=began["items"], batches_before=began["batches"], elapsed_s=elapsed_s)


def wait(
    home: Home,
    job_id: str,
    *,
    timeout: float | None = None,
    on_progress: OnProgress | None = None,
    each_look: Callable[[], None] = lambda: None,
) -> JobState:
    """Wait for the end of a job.

    Args:
        home: of the job.
        job_id: which one.
        timeout: seconds to wait at most; None for as long as it takes.
        on_progress: called with each look at the job.
        each_look: called before each look.

    Raises:
        TimeoutError: when the job goes on longer.
        JobInterrupted: when nothing drives the job any more.
    """
    start = seen_driven = time.monotonic()
    while True:
        each_look()
        looked = time.monotonic()
        state = home.table.job(job_id).state
        if on_progress:
            on_progress(progress_of(home, job_id))
        if state.finished:
            return state
        now = time.monotonic()
        if home.is_driven(job_id):
            seen_driven = now
        elif now - seen_driven > UNDRIVEN_S:
            raise JobInterrupted(
                f"job {job_id} is {state}, but {home.gone}: `skyburst resume {job_id}{home.option}` goes on",
                job_id=job_id,
            )
        if timeout is not None and now - start > timeout:
            raise TimeoutError(f"job {job_id} is still {state} after {timeout:g} s")
        # Counting a very large job takes time: at most a tenth of it.
        time.sleep(max(home.poll_s, 10 * (time.monotonic() - looked)))


def attend(home: Home, job_id: str, on_progress: OnProgress | None = None) -> JobState:
    """Wait for the end of a job that goes on in the background; Ctrl-C ends the job, a second one only the waiting.

    Raises:
        JobInterrupted: when nothing drives the job any more.
    """
    from skyburst.homes.local.interrupts import Interrupts

    with Interrupts() as interrupts:
        asked = False

        def cancel_if_asked() -> None:
            nonlocal asked
            if interrupts.requested and not asked:
                asked = True
                home.cancel(job_id)

        return wait(home, job_id, on_progress=on_progress, each_look=cancel_if_asked)
