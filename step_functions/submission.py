"""Entry point of the function that receives submissions and follows their jobs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from skyburst.errors import InvalidSubmission
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.events import JOB_CHANGE
from skyburst.homes.aws.submissions import Submissions
from skyburst.homes.aws.telemetry import about, logger_of, traced
from skyburst.submissions.gate import Gates

logger = logger_of("submission")
deployed = Deployed.from_environment()
submissions = Submissions(
    deployed,
    json.loads((Path(__file__).parent.parent / "registry.json").read_text(encoding="utf-8")),
    {bucket: analysis for analysis, bucket in json.loads(os.environ["SKYBURST_SUBMISSION_BUCKETS"]).items()},
    machine=os.environ["SKYBURST_SUBMISSION_MACHINE"],
    jobs=os.environ["SKYBURST_JOB_MACHINE"],
    gate=Gates(deployed.gate),
    inputs=json.loads(os.environ["SKYBURST_INPUT_BUCKETS"]),
)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Start the execution of an upload, or of a job that was resumed, that EventBridge tells of; or do one step of one."""
    if event.get("detail-type") == JOB_CHANGE:
        answer = submissions.resumed(event)
        logger.info("resumed", extra={"job": event["detail"]["job"], **answer})
        return answer
    if "detail-type" in event:
        answer = submissions.begin(event)
        logger.info("uploaded", extra={"object": event["detail"]["object"]["key"], **answer})
        return answer
    given = event["given"]
    about(logger, {"job": given.get("job"), "group": given.get("group"), "task": event["task"]})
    with traced("submission", {"job": given.get("job")}) as annotate:
        answer = _answer(event["task"], given, event)
        annotate(state=answer.get("state", "gone"))
    facts = {"bucket": answer["bucket"], "submission": answer.get("name"), "state": answer.get("state")}
    logger.info("submission", extra=facts)
    return answer


def _answer(task: str, given: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    match task:
        case "receive":
            return submissions.receive(given)
        case "turn":
            return submissions.turn(given)
        case "failed":
            return submissions.failed(given, event["error"], event["cause"])
        case other:
            raise InvalidSubmission(f"there is no task {other!r}: expected 'receive', 'turn' or 'failed'")
