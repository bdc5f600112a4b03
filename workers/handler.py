"""Entry point of the functions that run batches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from skyburst.engine.work import limit_memory
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, first_time, logger_of, measure_batch
from skyburst.homes.aws.worker import Invocation, NotRun, WorkerFunction

logger = logger_of("worker")
limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
deployed = Deployed.from_environment()
worker = WorkerFunction(deployed, Path(__file__).parent / "analysis")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run one batch."""
    about(logger, event)
    log = f"{context.log_group_name}:{context.log_stream_name}"
    seconds = context.get_remaining_time_in_millis() / 1_000
    outcome = worker.run(Invocation(event, seconds, log, context.aws_request_id))
    if isinstance(outcome, NotRun):
        logger.info("not run", extra={"reason": outcome.reason})
        return {"batch": outcome.batch_id, "failed": False}
    facts = {
        "items": outcome.items,
        "seconds": round(outcome.seconds, 3),
        "peak_memory_mb": round(outcome.peak_memory_mb),
    }
    measure_batch(deployed.prefix, os.environ["SKYBURST_ANALYSIS"], outcome, cold=first_time())
    if outcome.failure is None:
        logger.info("done", extra={**facts, "bytes": outcome.size})
    else:
        logger.warning("failed", extra={**facts, "kind": outcome.failure.kind, "reason": outcome.failure.message})
    return {"batch": outcome.batch_id, "failed": outcome.failure is not None}
