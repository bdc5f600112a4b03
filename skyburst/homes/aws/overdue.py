"""What has outlived its purpose: jobs of AWS Batch whose job is over, and instances of developers whose time has passed. Pure.

The engine ends what it started. This is for what it could not: because it failed itself, or was never told.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SETTLE_S = 600.0
"""The engine has so long to do what it must, before this takes something for forgotten."""
WAIT_S = 14 * 86_400.0
"""The longest that a job of AWS Batch waits for an instance: what finds none in that time never will."""
DEVELOP_S = 8 * 3_600.0
"""The lifetime of an instance of a developer that says nothing of its own."""


class BatchJob(NamedTuple):
    """A job of AWS Batch that has not ended."""

    id: str
    job: str | None
    """The job that it works for; None of one that says nothing of that, which somebody else submitted."""
    run: int
    """Of that job."""
    created_at: float
    """Seconds since the epoch, as all times here."""
    started_at: float | None
    """Of the attempt that runs; None while it waits, and of an array."""
    timeout_s: float | None
    """Of an attempt."""
    found_instance: bool = False
    """Of an array: whether any of its children has begun, so that it does not wait in vain, however long it takes."""


class Instance(NamedTuple):
    """An instance of a developer that has not been terminated."""

    id: str
    launched_at: float
    until: float | None
    """When its lifetime ends."""


class Standing(NamedTuple):
    """How the job stands that something works for."""

    state: str
    run: int
    """The one that it is at."""
    over_at: float | None
    """When it ended; None while it goes on."""
    driven: bool
    """Whether the execution that has it runs."""


def why_end_job(found: BatchJob, standing: Standing | None, now: float) -> str | None:
    """Why a job of AWS Batch is to be ended; None when it is not.

    Args:
        found: the job of AWS Batch.
        standing: of the job that it works for; None when there is no such job.
        now: the time.
    """
    if found.job is None:
        return None
    if now - found.created_at < SETTLE_S:
        return None
    if standing is None:
        return f"its job {found.job} does not exist"
    if standing.over_at is not None:
        if now - standing.over_at < SETTLE_S:
            return None
        return f"its job {found.job} has ended {standing.state}"
    if standing.run > found.run:
        return f"it is of run {found.run} of its job {found.job}, which is at run {standing.run}"
    if not standing.driven:
        return f"the execution that drove its job {found.job} is gone"
    if found.started_at is not None and found.timeout_s is not None:
        late_s = now - found.started_at - found.timeout_s
        return f"it has run for {late_s / 60:,.0f} minutes more than it may" if late_s > SETTLE_S else None
    if found.found_instance or found.started_at is not None or found.timeout_s is None:
        return None
    if now - found.created_at > WAIT_S + found.timeout_s:
        return f"it has waited since {math.floor((now - found.created_at) / 86_400)} days, and found no instance"
    return None


def why_end_instance(found: Instance, now: float) -> str | None:
    """Why an instance of a developer is to be terminated; None when it is not."""
    if found.until is not None:
        return "its lifetime has passed" if now > found.until else None
    if now - found.launched_at > DEVELOP_S:
        return f"it has no lifetime of its own, and has run for {(now - found.launched_at) / 3_600:.0f} hours"
    return None
