"""What the entry points of all functions that run batches do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from skyburst.homes.aws.telemetry import about
from skyburst.homes.aws.worker import Invocation, NotRun

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from skyburst.contracts.records import Outcome


class RunsBatches(Protocol):
    """One environment of a function that runs batches."""

    def run(self, invocation: Invocation) -> Outcome | NotRun:
        """Run the batch of an invocation, or say why it is not to be run."""


def run_batch(worker: RunsBatches, logger: Logger, event: dict[str, Any], context: Any) -> Outcome | NotRun:
    """Have `worker` run the batch of a Lambda event, and log what became of it."""
    about(logger, event)
    log = f"{context.log_group_name}:{context.log_stream_name}"
    seconds = context.get_remaining_time_in_millis() / 1_000
    outcome = worker.run(Invocation(event, seconds, log, context.aws_request_id))
    if isinstance(outcome, NotRun):
        logger.info("not run", extra={"reason": outcome.reason})
        return outcome
    facts: dict[str, Any] = {"items": outcome.items, "seconds": round(outcome.seconds, 3)}
    if outcome.peak_memory_mb:  # not known of a function of somebody else
        facts["peak_memory_mb"] = round(outcome.peak_memory_mb)
    if outcome.failure is None:
        logger.info("done", extra={**facts, "bytes": outcome.size})
    else:
        logger.warning("failed", extra={**facts, "kind": outcome.failure.kind, "reason": outcome.failure.message})
    return outcome


def answer(outcome: Outcome | NotRun) -> dict[str, Any]:
    """What the function returns; nobody waits for it, it is for people who call the function by hand."""
    return {"batch": outcome.batch_id, "failed": not isinstance(outcome, NotRun) and outcome.failure is not None}
