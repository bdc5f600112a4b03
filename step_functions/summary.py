"""Entry point of the function that sums up how many jobs ended."""

from __future__ import annotations

import os
from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.job_lists import Summary
from skyburst.homes.aws.telemetry import about, logger_of, traced

logger = logger_of("summary")
summary = Summary(Deployed.from_environment(), os.environ["SKYBURST_EXECUTIONS"])


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Write the summary of a list of jobs."""
    about(logger, event)
    with traced("summary", {}) as annotate:
        annotate(jobs_name=event["name"])
        answer = summary.write(event["name"], event["jobs"], event["tolerated_failure_percent"])
    logger.info("summed up", extra={"jobs_name": event["name"], "state": answer["state"], "counts": answer["counts"]})
    return answer
