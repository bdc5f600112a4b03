"""Entry point of the manager's function: splits a range of batches among managers or workers."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.brief import Briefs
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.manager import manage
from skyburst.homes.aws.telemetry import about, logger_of, measure, traced

deployed = Deployed.from_environment()
logger = logger_of("manager")
briefs = Briefs(deployed.objects)
client = deployed.client("lambda", tries=1)


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Start the children of a node of the tree."""
    about(logger, event)
    with traced("manager", event) as annotate:
        seconds = context.get_remaining_time_in_millis() / 1_000
        started = manage(event, briefs, deployed.objects, client, seconds=seconds)
        annotate(analysis=briefs.get(event["job"], event["run"]).analysis["name"])
    for node, reason in started.unsent:
        logger.warning(
            "not started: the watcher will send it", extra={"batches": [node.first, node.last], "reason": reason}
        )
    counts = {"UnsentChildren": len(started.unsent), "ThrottledInvokes": started.throttled}
    measure(counts, deployed.prefix)
    facts = {"batches": event["last"] - event["first"], "unsent": len(started.unsent), "throttled": started.throttled}
    logger.info("split", extra=facts)
    return {"unsent": len(started.unsent)}
