"""Entry point of the function that tells that jobs have ended."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.notifying import Mailing, Notifier
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("notify")
notifier = Notifier(Deployed.from_environment(), Mailing.from_environment())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Tell whom the job of an event of EventBridge names."""
    detail = event["detail"]
    about(logger, detail)
    with traced("notify", detail):
        told = notifier.tell(detail["job"], detail["run"])
    counts = {state: sum(entry["state"] == state for entry in told) for state in ("sent", "failed")}
    logger.info("told", extra=counts)
    return counts
