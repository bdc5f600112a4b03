"""Entry point of the function that tells pages of changes of jobs."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.live import Live
from skyburst.homes.aws.telemetry import about, logger_of

logger = logger_of("live")
live = Live.from_environment(Deployed.from_environment())


def handler(event: dict[str, Any], _context: Any) -> dict[str, bool]:
    """Tell what EventBridge says of a job."""
    detail = event["detail"]
    about(logger, detail)
    told = live.tell(detail)
    logger.info("told" if told else "nobody listens", extra={"state": detail.get("state")})
    return {"told": told}
