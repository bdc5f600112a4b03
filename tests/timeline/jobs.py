"""A job with everything in it that a timeline shows."""

from __future__ import annotations

from typing import Any

from skyburst.contracts.records import BatchRecord, Delivery, Failure, JobRecord
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import BatchState, JobState

DONE, FAILED, RUNNING, PENDING = BatchState.DONE, BatchState.FAILED, BatchState.RUNNING, BatchState.PENDING


def a_job(**fields: Any) -> JobRecord:
    """A job of ten batches that ran from 1000 to 1020."""
    analysis = {"name": "x", "version": "1.0", "blueprint": {"resources": {"memory_mb": 512}}}
    plan = {"items": 95, "batch_size": 10, "batches": 10, "levels": 2, "fan_out": 5}
    defaults: dict[str, Any] = {
        "created_at": 999.0, "finished_at": 1020.0, "plan": plan, "runs": 1, "run_began": {"at": 1000.5}, "reason": "<b>all done",
    }  # fmt: skip
    return JobRecord("job-1", {"analysis": "x"}, analysis, {}, JobState.SUCCEEDED, **{**defaults, **fields})


def a_batch(number: int, started_at: float, seconds: float, **fields: Any) -> BatchRecord:
    """A batch that was sent two seconds before it started, one of them a cold start."""
    defaults = {"state": DONE, "attempt": 1, "delivery": Delivery(number % 2, started_at - 2.0, 1.0)}
    return BatchRecord(number, started_at=started_at, seconds=seconds, **{**defaults, **fields})


def batches() -> list[BatchRecord]:
    """Eight that are alike, a straggler and one that failed."""
    alike = [a_batch(number, 1004.0, 2.0 + number / 100) for number in range(8)]
    straggler = a_batch(8, 1004.0, 12.0, attempt=2, log=("/aws/lambda/w:stream", 1, 2), peak_memory_mb=80.5)
    failed = a_batch(9, 1004.0, 2.0, state=FAILED, failures=[Failure("ValueError", "<i>no</i>")])
    return [*alike, straggler, failed]


def spans() -> list[Span]:
    """The parts of the engine."""
    return [
        Span(Part.PLAN, "work", 1, 1000.0, 1000.5, cold_s=0.5),
        Span(Part.MANAGER, "0-0-10", 1, 1001.5, 1002.0, 0, 1001.0, 0.25),
        Span(Part.MANAGER, "1-0-5", 1, 1002.5, 1003.0, 1, 1002.0),
        Span(Part.MANAGER, "1-5-10", 1, 1002.5, 1002.75, 1, 1002.0),
        Span(Part.WATCH, "1000500", 1, 1000.5, 1017.0),
        Span(Part.GROUP, "0-0", 1, 1018.0, 1018.5, 0, 1018.0),
        Span(Part.STAGE, "0-3", 1, 1018.75, 1019.0, 0, 1018.5),
        Span(Part.COMBINE, "all", 1, 1017.5, 1019.5),
    ]
