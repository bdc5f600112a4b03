"""Entry point of the functions that run batches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from skyburst.engine.work import limit_memory
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, logger_of
from skyburst.homes.aws.worker import Invocation, WorkerFunction

logger = logger_of("worker")
limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
worker = WorkerFunction(Deployed.from_environment(), Path(__file__).parent / "analysis")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run one batch."""
    about(logger, event)
    log = f"{context.log_group_name}:{context.log_stream_name}"
    outcome = worker.run(Invocation(event, context.get_remaining_time_in_millis() / 1_000, log))
    facts = {
        "items": outcome.items,
        "seconds": round(outcome.seconds, 3),
        "peak_memory_mb": round(outcome.peak_memory_mb),
    }
    if outcome.failure is None:
        logger.info("done", extra={**facts, "bytes": outcome.size})
    else:
        logger.warning("failed", extra={**facts, "kind": outcome.failure.kind, "reason": outcome.failure.message})
    return {"batch": outcome.batch_id, "failed": outcome.failure is not None}
