"""Entry point of the function behind API Gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mangum import Mangum

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.telemetry import logger_of
from skyburst.web.aws.answers import Answers
from skyburst.web.aws.app import make_deployed_app
from skyburst.web.aws.clients import signing_client

TEXTS = ["text/", "application/json", "application/problem+json"]
"""What is no binary data, unless it is compressed."""
logger = logger_of("api")
registry = json.loads((Path(__file__).parents[2] / "registry.json").read_text(encoding="utf-8"))
deployed = Deployed.from_environment()
app: Any = make_deployed_app(deployed, registry)  # each of the two libraries has types of its own for an application
adapter = Mangum(app, lifespan="off", text_mime_types=TEXTS)
answers = Answers(signing_client(), deployed.bucket)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of API Gateway, in its payload format 2.0."""
    logger.append_keys(request=event["requestContext"].get("requestId"))
    return answers.fitting(event, adapter(event, context))
