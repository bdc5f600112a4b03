"""Entry point of the function that has combiners of burst-compute combine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skyburst.homes.aws.bridge import BridgeCombiner
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("bridge")
combiner = BridgeCombiner(Deployed.from_environment(), Path(__file__).parent.parent)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Have a foreign combiner combine, and end the job."""
    about(logger, event)
    with traced("bridge", event):
        answer = combiner.run(event, context.get_remaining_time_in_millis() / 1_000)
    logger.info("done", extra={"state": answer.get("state"), "reason": answer.get("reason")})
    return answer
