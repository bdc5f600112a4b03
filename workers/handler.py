"""Entry point of the functions that run batches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from skyburst.engine.work import limit_memory
from skyburst.homes.aws.deployed import ANALYSIS, Deployed
from skyburst.homes.aws.entry import answer, run_batch
from skyburst.homes.aws.telemetry import first_time, logger_of, measure_batch
from skyburst.homes.aws.worker import NotRun, WorkerFunction

logger = logger_of("worker")
limit_memory(int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]))
deployed = Deployed.from_environment()
worker = WorkerFunction(deployed, Path(__file__).parent.parent / "analysis")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run one batch."""
    outcome = run_batch(worker, logger, event, context)
    if not isinstance(outcome, NotRun):
        measure_batch(deployed.prefix, os.environ[ANALYSIS], outcome, cold=first_time())
    return answer(outcome)
