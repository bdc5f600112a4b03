"""Jobs for tests of costs and budgets."""

from __future__ import annotations

from typing import Any

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState

STARTED = 1_795_000_000.0


def a_command_job(datasets: int, *, state: JobState = JobState.PENDING, seconds: float = 0.0, **spec: Any) -> JobRecord:
    """A job of an analysis that is a command, in environments of 64 processors for an hour at most."""
    document = {
        "blueprint": 1, "name": "demix", "version": "1.0.0", "command": ["bash", "run.sh"],
        "environment": {"vcpus": 64, "memory_mb": 100_000, "instance_types": ["m5"], "timeout_min": 60},
    }  # fmt: skip
    return _job(document, datasets, 1, state, seconds, spec)


def a_function_job(
    items: int, batch_size: int, *, state: JobState = JobState.PENDING, seconds: float = 0.0, **spec: Any
) -> JobRecord:
    """A job whose batches run in functions of 2,048 MiB, a hundred seconds at most."""
    document = {
        "blueprint": 1, "name": "squares", "version": "1.0.0", "worker": "code:work", "combiner": "code:total",
        "resources": {"memory_mb": 2048, "batch_timeout_s": 100, "attempts": 2},
    }  # fmt: skip
    return _job(document, items, batch_size, state, seconds, spec)


def _job(
    document: dict[str, Any], items: int, size: int, state: JobState, seconds: float, spec: dict[str, Any]
) -> JobRecord:
    blueprint = parse_blueprint(document, "the test")
    plan = {"items": items, "batch_size": size, "batches": -(-items // size), "levels": 1, "fan_out": 1}
    job = JobRecord(
        "job-1", {"analysis": blueprint.name, "batch_size": size, **spec},
        {"name": blueprint.name, "blueprint": blueprint.document()}, {}, state,
        created_at=STARTED, items={"range": [0, items]}, plan=plan,
    )  # fmt: skip
    if state.finished:
        job.started_at, job.finished_at = STARTED, STARTED + seconds
    return job
