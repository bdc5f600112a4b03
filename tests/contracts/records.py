"""Jobs and outcomes for the contract tests of task tables."""

from __future__ import annotations

from typing import Any

from skyburst.contracts.records import Claim, Delivery, Failure, JobRecord, Outcome
from skyburst.contracts.states import JobState


def a_job(job_id: str = "job-1", *, batches: int = 0, state: JobState = JobState.PENDING, **spec: Any) -> JobRecord:
    plan = {"items": batches * 10, "batch_size": 10, "batches": batches, "levels": 1, "fan_out": max(1, batches)}
    document = {"analysis": "x", **spec}
    return JobRecord(job_id, document, {"name": "x"}, {}, state, created_at=1.5, plan=plan if batches else None)


def an_outcome(batch_id: int, payload: bytes | None = b"v1", **fields: Any) -> Outcome:
    """A partial result, by the first attempt unless said otherwise."""
    defaults: dict[str, Any] = {
        "batch_id": batch_id,
        "attempt": 1,
        "items": 10,
        "payload": payload,
        "reference": None,
        "size": len(payload or b""),
        "item_errors": None,
        "started_at": 100.0,
        "seconds": 0.25,
        "peak_memory_mb": 30.5,
        "log": None,
        "failure": None,
        "delivery": Delivery(3, 98.5, 0.75),
    }
    return Outcome(**{**defaults, **fields})


def a_failure(batch_id: int, message: str = "told to fail", **fields: Any) -> Outcome:
    return an_outcome(batch_id, None, failure=Failure("ValueError", message, "Traceback ..."), **fields)


def a_claim(batch_id: int, attempt: int = 1) -> Claim:
    return Claim(batch_id, attempt, 50.0 + attempt, 350.0 + attempt)
