"""Entry point of the function that looks, on a schedule, whether the deployment is as its template says."""

from __future__ import annotations

from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.drift import find_drift
from skyburst.homes.aws.telemetry import logger_of, measure

deployed = Deployed.from_environment()
logger = logger_of("drift")


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Compare, and tell what drifted."""
    found = find_drift(deployed.client("cloudformation"), deployed.prefix)
    measure({"DriftedResources": len(found.drifted)}, deployed.prefix)
    for resource in found.drifted:
        logger.warning(
            "drifted", extra={"resource": resource.physical_id, "differs": [one.words for one in resource.properties]}
        )
    if found.drifted:
        deployed.events.drift(found.document())
    logger.info("compared", extra={"checked": found.checked, "drifted": len(found.drifted)})
    return found.document()
