"""Structured logs and metrics of deployed functions: one line of JSON each, with the job, batch, level and lane in it."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger

NAMESPACE = "Skyburst"


def logger_of(service: str) -> Logger:
    """The logger of one function."""
    return Logger(service=service, location=None, lane=os.environ.get("SKYBURST_LANE"))


def about(logger: Logger, event: dict[str, Any]) -> None:
    """Have each line of this invocation say what it is about."""
    facts = {name: event.get(name) for name in ("job", "run", "batch", "attempt", "first", "last", "task", "group")}
    logger.append_keys(**facts, tree_level=event.get("level"))  # `level` is how grave a line is
