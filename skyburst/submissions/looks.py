"""What a job's datasets are like at this moment: what their environments tell, and what the task table knows better. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyburst.contracts.records import BatchRecord, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.watch import reason_of

OF_JOBS = {JobState.CANCELLED: "CANCELLED", JobState.TIMED_OUT: "TIMED_OUT"}
ENDED = (BatchState.DONE, BatchState.FAILED)


def is_final(job: JobRecord, batch: BatchRecord | None) -> bool:
    """Whether nothing more happens to a dataset: it has ended, or its job has."""
    return job.state.finished or (batch is not None and batch.state in ENDED)


def look(job: JobRecord, batch: BatchRecord | None, told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A dataset's document.

    Args:
        job: its job.
        batch: what the task table has of it.
        told: what its environment told; None when it told nothing, as a worker that is a function does not.

    Returns:
        In the form in which environments tell it; None while it has not started.
    """
    final = is_final(job, batch)
    if told is not None and (told.get("state") == "RUNNING") is not final:
        return dict(told)
    if not final:
        # One that was over and runs again: its machine was taken away before that could be recorded.
        if told is None and (batch is None or batch.started_at is None):
            return None
        return {
            **_of_batch(batch),
            **(told or {}),
            "state": "RUNNING",
            "finished_at": None,
            "exit_code": None,
            "reason": "",
        }
    found = {**_of_batch(batch), **(told or {})}
    found.pop("files", None)  # as it did not come to tell them
    if batch is not None and batch.state is BatchState.DONE:
        return {**found, "state": "SUCCEEDED", "exit_code": found.get("exit_code", 0)}
    reason = reason_of(batch) if batch is not None and batch.failures else ""
    state = OF_JOBS.get(job.state, "FAILED") if batch is None or batch.state is not BatchState.FAILED else "FAILED"
    reason = reason or f"{'stopped' if told else 'not run'}: its job is {job.state}: {job.reason}"
    ended = found.get("finished_at") or job.finished_at
    return {**found, "state": state, "reason": reason, "finished_at": ended, "exit_code": found.get("exit_code")}


def _of_batch(batch: BatchRecord | None) -> dict[str, Any]:
    if batch is None or batch.started_at is None:
        return {}
    ended = None if batch.seconds is None else batch.started_at + batch.seconds
    return {"started_at": batch.started_at, "finished_at": ended, "memory_mb": batch.peak_memory_mb}
