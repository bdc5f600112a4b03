"""Watch: decide what happens to batches that failed or went silent, and how a job ends. Pure functions; `now` is an argument."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from skyburst.contracts.records import BatchRecord, Failure, Missing, Progress
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.plan import Plan

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
HOPELESS = 10
"""A job of which so many batches failed and none is done is stopped."""
NEVER_RETRIED = frozenset({"NotJson", "CommandFailed", "InvalidItems", "ObjectNotFound", "StorageDenied"})
"""Kinds of failures that the same function on the same batch will meet again."""
FINAL_IN_ENVIRONMENTS = NEVER_RETRIED | {"TimedOut", "OutOfMemory"}
"""The same in an environment, where an attempt may take days, and has all the time and memory that there is for it."""
NOT_SENT = "not run: the job ended before it was sent"
STOPPED = "stopped: the job ended while it ran"
MOST_REASONS = 1_000
"""Ranges of missing batches whose reasons are told in full; of further failures only the kind is."""


def retry_delay(job_id: str, batch_id: int, attempt: int) -> float:
    """Seconds before the attempt after this one: doubling, with jitter that differs between batches but not between runs."""
    delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (attempt - 1))
    seed = hashlib.blake2b(f"{job_id}/{batch_id}/{attempt}".encode(), digest_size=4).digest()
    return delay * (0.75 + 0.5 * int.from_bytes(seed) / 2**32)


def state_after(failure: Failure, attempt: int, attempts: int, *, environment: bool = False) -> BatchState:
    """What a failed attempt leaves its batch in: PENDING for another one, LOST for one whose worker is gone, or FAILED.

    Args:
        failure: how it failed.
        attempt: which it was, from 1.
        attempts: that there may be.
        environment: whether it ran in an environment.
    """
    if attempt >= attempts or failure.kind in (FINAL_IN_ENVIRONMENTS if environment else NEVER_RETRIED):
        return BatchState.FAILED
    return BatchState.LOST if failure.kind == "Killed" else BatchState.PENDING


def too_many_failed(failed: int, batches: int, tolerated_percent: float) -> bool:
    """True when the tolerated share can no longer be kept."""
    return round(failed * 100 - batches * tolerated_percent, 6) > 0  # 1,000 * 64.1 is a little less than 64,100


def hopeless(*, done: int, failed: int, batches: int, tolerated_percent: float) -> bool:
    """True when batch after batch fails and none is done: it is the analysis, and running the rest would only cost."""
    return done == 0 and failed >= HOPELESS and too_many_failed(failed, batches, tolerated_percent)


def final_state(
    *, batches: int, done: int, failed: int, tolerated_percent: float, cancelled: bool, timed_out: bool
) -> tuple[JobState, str]:
    """How a job whose batches have ended ends, and why in one sentence."""
    summary = f"{done:,} of {batches:,} batches are done"
    if done == batches:
        return JobState.SUCCEEDED, "its one batch is done" if batches == 1 else f"all {batches:,} batches are done"
    if cancelled:
        return JobState.CANCELLED, f"cancelled: {summary}"
    if timed_out:
        return JobState.TIMED_OUT, f"its time ran out: {summary}"
    if done and not too_many_failed(batches - done, batches, tolerated_percent):
        return JobState.PARTIAL, f"{summary}, {failed:,} failed, and {tolerated_percent:g} % may"
    if failed == batches:
        return JobState.FAILED, "its one batch failed" if batches == 1 else f"all {batches:,} batches failed"
    if not done:
        return JobState.FAILED, f"{failed:,} of its batches failed, and none is done: {summary}"
    return JobState.FAILED, f"{failed:,} of its batches failed and {tolerated_percent:g} % may: {summary}"


def with_item_errors(item_errors: int, items: int, reason: str) -> tuple[JobState, str]:
    """How a job whose batches are all done ends when items could not be used: FAILED when that was so for each one."""
    if item_errors >= items:
        return JobState.FAILED, f"none of its {items:,} items could be used"
    return JobState.SUCCEEDED, f"{reason}, but {item_errors:,} of {items:,} items could not be used"


def missing(plan: Plan, recorded: Iterable[BatchRecord]) -> Iterator[Missing]:
    """Ranges of batches that have no partial result, with the reason of each.

    Args:
        plan: of the job.
        recorded: all batches of which something was recorded, in order.
    """
    gap: Missing | None = None
    told = 0
    for first, last, whole_reason in _gaps(plan, recorded):
        start, end = plan.items_of(first)[0], plan.items_of(last)[1]
        brief = told >= MOST_REASONS and whole_reason not in (NOT_SENT, STOPPED)
        reason = whole_reason.partition(": ")[0] if brief else whole_reason
        if gap and gap.last + 1 == first and gap.reason == reason:
            gap = gap._replace(last=last, end=end)
            continue
        if gap:
            yield gap
        gap = Missing(first, last, start, end, reason)
        told += 1
    if gap:
        yield gap


def _gaps(plan: Plan, recorded: Iterable[BatchRecord]) -> Iterator[tuple[int, int, str]]:
    """First and last batch and reason of what is missing, one batch or one unrecorded range at a time."""
    expected = 0
    for batch in recorded:
        if expected < batch.batch_id:
            yield expected, batch.batch_id - 1, NOT_SENT
        expected = batch.batch_id + 1
        if batch.state is not BatchState.DONE:
            yield batch.batch_id, batch.batch_id, reason_of(batch)
    if expected < plan.batches:
        yield expected, plan.batches - 1, NOT_SENT


def reason_of(batch: BatchRecord) -> str:
    """Why a batch has no partial result, one sentence."""
    if not batch.failures:
        return NOT_SENT if batch.started_at is None else STOPPED
    failure = batch.failures[-1]
    times = f" (attempt {len(batch.failures)})" if len(batch.failures) > 1 else ""
    return f"{failure.kind}: {failure.message}{times}"


def with_estimate(progress: Progress, *, items_before: int, batches_before: int, elapsed_s: float) -> Progress:
    """Progress with rate and time left, from what was done in this run alone."""
    fresh = progress.items_done - items_before
    ended = progress.done + progress.failed - batches_before
    rate = fresh / elapsed_s if elapsed_s > 0 else 0.0
    remaining = progress.batches - progress.done - progress.failed
    left = remaining * elapsed_s / ended if ended > 0 and not progress.state.finished else None
    return replace(progress, elapsed_s=elapsed_s, items_per_s=rate, seconds_left=left)
