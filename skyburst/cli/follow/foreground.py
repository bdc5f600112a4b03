"""Run a job, or watch it, and show how it goes."""

from __future__ import annotations

from skyburst.cli.failures import Stopped
from skyburst.cli.follow.follower import Follower
from skyburst.cli.follow.view import choose_view
from skyburst.client import JobHandle
from skyburst.contracts.records import JobRecord
from skyburst.homes import waiting
from skyburst.homes.home import Home


def run_here(home: Home, job: JobRecord, *, quiet: bool) -> JobRecord:
    """Take a job to its end, and show it on standard error unless `quiet`.

    Raises:
        JobBusy: when another program drives it.
        Stopped: at the second Ctrl-C.
    """
    try:
        if quiet:
            return home.drive(job.job_id)
        with Follower(home, job, choose_view()) as follower:
            return home.drive(job.job_id, follower.update)
    except KeyboardInterrupt as interrupt:
        raise Stopped(f"stopped at once; `skyburst resume {job.job_id}{home.option}` goes on") from interrupt


def attend(home: Home, job: JobRecord, *, quiet: bool) -> JobRecord:
    """Wait for the end of a job that goes on in the background, and show it; Ctrl-C ends it.

    Raises:
        JobInterrupted: when nothing drives it any more.
        Stopped: at the second Ctrl-C.
    """
    try:
        if quiet:
            waiting.attend(home, job.job_id)
        else:
            with Follower(home, job, choose_view()) as follower:
                waiting.attend(home, job.job_id, follower.update)
    except KeyboardInterrupt as interrupt:
        raise Stopped(
            f"no longer watching; `skyburst watch {job.job_id}{home.option}` shows what becomes of the job"
        ) from interrupt
    return home.table.job(job.job_id)


def watch(home: Home, job: JobRecord, *, quiet: bool) -> JobRecord:
    """Wait for the end of a job that something else drives, and show it on standard error unless `quiet`.

    Raises:
        JobInterrupted: when nothing drives it any more.
        Stopped: at Ctrl-C.
    """
    handle = JobHandle(job.job_id, home)
    try:
        if quiet:
            handle.wait()
        else:
            with Follower(home, job, choose_view(), drives=False) as follower:
                handle.wait(on_progress=follower.update)
    except KeyboardInterrupt as interrupt:
        raise Stopped(
            f"no longer watching; the job goes on, and `skyburst cancel {job.job_id}{home.option}` ends it"
        ) from interrupt
    return handle.record()
