"""Entry point of the function that deletes what is due of jobs that ask for it."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.retaining import Keeper
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("retain")
keeper = Keeper(
    Deployed.from_environment(),
    [f"s3://{bucket}" for bucket in json.loads(os.environ["SKYBURST_SUBMISSION_BUCKETS"]).values()],
)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Delete what is due; an event with `now`, seconds since the epoch, asks for what is due then, and none later than now."""
    about(logger, event)
    with traced("retain", event):
        counts = keeper.run(min(time.time(), event.get("now", time.time())))
    logger.info("retained", extra=counts)
    return counts
