"""Entry point of the function that plans jobs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from skyburst.errors import InvalidJob
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import settled
from skyburst.homes.aws.following import AwsFollowing
from skyburst.homes.aws.planner import Planner
from skyburst.homes.aws.telemetry import about, logger_of, traced
from skyburst.homes.aws.unfinished import EXECUTION_CHANGE, end_failed, end_unfinished

logger = logger_of("plan")
registry = json.loads((Path(__file__).parent.parent / "registry.json").read_text(encoding="utf-8"))
children = os.environ.get("SKYBURST_CHILDREN")
executions = os.environ["SKYBURST_EXECUTIONS"]
deployed = Deployed.from_environment()
planner = Planner(deployed, registry, int(children) if children else None, executions)
following = AwsFollowing(deployed, planner, executions.replace(":execution:", ":stateMachine:").rstrip(":"))


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Make the job of an execution, go on with one whose items are listed, look at another's, settle one that has ended, start
    what follows it, or end one.

    Besides its tasks, it is handed what EventBridge says of an execution that did not succeed.
    """
    if event.get("detail-type") == EXECUTION_CHANGE:
        event = {"task": "ended", "execution": event["detail"]["name"], "detail": event["detail"]}
    about(logger, event)
    with traced("plan", {"job": event.get("execution"), **event}) as annotate:
        answer = _answer(event)
        annotate(job=answer["job"], run=answer["run"], state=answer["state"])
    logger.info("planned", extra={"state": answer["state"]})
    return answer


def _answer(event: dict[str, Any]) -> dict[str, Any]:
    match event["task"]:
        case "plan":
            return planner.plan(event["given"], event["execution"])
        case "listed":
            return planner.listed(event["job"], event["run"])
        case "look":
            return planner.look(event["seen"]["job"], event["seen"].get("wait_s", 0))
        case "failed" if "job" in event:
            return end_failed(deployed, event["job"], event["run"], event["error"], event["cause"])
        case "failed":  # the planner itself: whether there is a job is not known
            execution = {"name": event["execution"], "input": json.dumps(event["given"]), "status": "FAILED"}
            return end_unfinished(deployed, {**execution, "error": event["error"], "cause": event["cause"]})
        case "settle":
            return settled(deployed, event["job"], event["run"])
        case "follow":
            return following.follow(event["job"], event["run"], event.get("batches"))
        case "ended":
            return end_unfinished(deployed, event["detail"])
        case other:
            raise InvalidJob(
                f"the planner has no task {other!r}: expected 'plan', 'listed', 'look', 'settle', 'follow', 'failed' or 'ended'"
            )
