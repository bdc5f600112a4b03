"""Entry point of the function that checks many jobs before any is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.job_lists import JobLists
from skyburst.homes.aws.planner import Planner
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("prepare")
registry = json.loads((Path(__file__).parent.parent / "registry.json").read_text(encoding="utf-8"))
deployed = Deployed.from_environment()
lists = JobLists(deployed, Planner(deployed, registry))


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Check the jobs of a list, and write the manifest that the map reads."""
    about(logger, event)
    with traced("prepare", {"job": event["execution"]}) as annotate:
        answer = lists.prepare(event["given"], event["execution"])
        annotate(jobs_name=answer["name"])
    logger.info("prepared", extra={"jobs_name": answer["name"], "jobs": answer["jobs"]})
    return answer
