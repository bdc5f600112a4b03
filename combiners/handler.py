"""Entry point of the functions that list items and combine partial results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("combiner")
combiner = CombinerFunction(Deployed.from_environment(), Path(__file__).parent.parent / "analysis")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """List the items of a job, or combine its partial results and end it."""
    about(logger, event)
    with traced("combiner", event):
        answer = combiner.handle(event)
    logger.info("done", extra={"state": answer.get("state"), "reason": answer.get("reason")})
    return answer
