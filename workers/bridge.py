"""Entry point of the function that hands batches on to workers of burst-compute."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.bridge import BridgeWorker
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.entry import answer, run_batch
from skyburst.homes.aws.telemetry import logger_of

logger = logger_of("bridge")
worker = BridgeWorker(Deployed.from_environment())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Have a foreign worker run one batch."""
    return answer(run_batch(worker, logger, event, context))
