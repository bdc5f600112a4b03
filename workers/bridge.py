"""Entry point of the function that hands batches on to workers of burst-compute."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.bridge import BridgeWorker
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, logger_of
from skyburst.homes.aws.worker import Invocation, NotRun

logger = logger_of("bridge")
worker = BridgeWorker(Deployed.from_environment())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Have a foreign worker run one batch."""
    about(logger, event)
    log = f"{context.log_group_name}:{context.log_stream_name}"
    seconds = context.get_remaining_time_in_millis() / 1_000
    outcome = worker.run(Invocation(event, seconds, log, context.aws_request_id))
    if isinstance(outcome, NotRun):
        logger.info("not run", extra={"reason": outcome.reason})
        return {"batch": outcome.batch_id, "failed": False}
    facts = {"items": outcome.items, "seconds": round(outcome.seconds, 3)}
    if outcome.failure is None:
        logger.info("done", extra=facts)
    else:
        logger.warning("failed", extra={**facts, "kind": outcome.failure.kind, "reason": outcome.failure.message})
    return {"batch": outcome.batch_id, "failed": outcome.failure is not None}
