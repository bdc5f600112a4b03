"""Finish: how a job ends, and what is missing from its result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from skyburst.contracts.records import BatchRecord, JobRecord, Missing, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine import watch
from skyburst.engine.plan import Plan
from skyburst.ports import TaskTable

MOST_ITEM_ERRORS = 1_000
"""Item errors that a job keeps word by word; all are counted."""


COUNTED = ("batches", "done", "failed", "items", "items_done", "item_errors", "retries", "worker_seconds")
"""What the record of a job that has ended keeps of its counts, so that lists of jobs need not count batches."""


def kept(counts: Progress) -> dict[str, Any]:
    """What a job's outcome has of its counts."""
    return {name: getattr(counts, name) for name in COUNTED}


def counted(table: TaskTable, job: JobRecord) -> Progress:
    """How far a job is: of one that has ended, as its record says; of others, its batches are counted."""
    counts = (job.outcome or {}).get("counts") if job.state.finished else None
    return table.progress(job.job_id) if counts is None else Progress(job.state, **counts)


def snapshot(table: TaskTable, job_id: str, plan: Plan) -> tuple[Progress, dict[str, Any]]:
    """What is done, what is missing from the result and which items could not be used, read in bounded memory.

    The counts are of the same look as the missing batches: a worker may still record what it found.
    """
    counts = table.progress(job_id)
    item_errors: list[dict[str, Any]] = []
    if counts.done == plan.batches and not counts.item_errors:
        return counts, {"missing": [], "item_errors": item_errors, "files": None}
    seen = replace(counts, done=0, failed=0, running=0, items_done=0, item_errors=0)

    def counting() -> Iterator[BatchRecord]:
        for batch in table.batches(job_id):
            seen.item_errors += sum(entry.get("count", 1) for entry in batch.item_errors)
            if len(item_errors) < MOST_ITEM_ERRORS:
                item_errors.extend(batch.item_errors)
            if batch.state is BatchState.DONE:
                seen.done += 1
                seen.items_done += batch.items
            seen.failed += batch.state is BatchState.FAILED
            seen.running += batch.state is BatchState.RUNNING
            yield batch

    gaps = [list(gap) for gap in watch.missing(plan, counting())]
    return seen, {"missing": gaps, "item_errors": item_errors[:MOST_ITEM_ERRORS], "files": None}


def without(stored: Iterator[Stored], missing: Sequence[Missing]) -> Iterator[Stored]:
    """Partial results without those of batches that a snapshot calls missing: they came after it. Both are in order."""
    gaps = iter(missing)
    gap = next(gaps, None)
    for partial in stored:
        while gap is not None and gap.last < partial.batch_id:
            gap = next(gaps, None)
        if gap is None or partial.batch_id < gap.first:
            yield partial


def conclude(
    plan: Plan, counts: Progress, outcome: dict[str, Any], *, tolerated_percent: float, cancelled: bool, timed_out: bool
) -> tuple[JobState, str]:
    """How a job whose batches have ended ends, and why in one sentence, before its results are combined."""
    state, reason = watch.final_state(
        batches=plan.batches, done=counts.done, failed=counts.failed, tolerated_percent=tolerated_percent,
        cancelled=cancelled, timed_out=timed_out,
    )  # fmt: skip
    if counts.item_errors and state is JobState.SUCCEEDED:
        state, reason = watch.with_item_errors(counts.item_errors, plan.items, reason)
    if state is JobState.FAILED and outcome["missing"]:
        reason += f"; {_first_failure(outcome['missing'])}"
    return state, reason


def _first_failure(missing: list[list[Any]]) -> str:
    """The reason of the first batch that failed, rather than of those that were never sent."""
    for entry in missing:
        gap = Missing(*entry)
        if gap.reason != watch.NOT_SENT:
            return f"batch {gap.first}, items {gap.start}-{gap.end - 1}: {gap.reason}"
    return watch.NOT_SENT
