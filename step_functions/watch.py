"""Entry point of the function that watches jobs."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import about, logger_of, measure, traced
from skyburst.homes.aws.watcher import Watcher

deployed = Deployed.from_environment()
logger = logger_of("watch")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Look at a job for a while, and send what is due."""
    about(logger, event)
    with traced("watch", event) as annotate:
        watcher = Watcher(deployed, event["job"], event["run"])
        annotate(analysis=watcher.analysis)
        answer = watcher.call()
    of_deployment = {name: watcher.noted.pop(name, 0) for name in ("ThrottledInvokes", "UnsentChildren")}
    measure(of_deployment, deployed.prefix)
    measure(watcher.noted, deployed.prefix, analysis=watcher.analysis)
    logger.info("looked", extra={name: answer[name] for name in ("over", "cancelled", "timed_out", "wait_s")})
    return answer
