"""Entry point of the function that ends what has outlived its purpose."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.reaper import REAPED, UNREAPED, Reaper
from skyburst.homes.aws.telemetry import logger_of, measure

logger = logger_of("reaper")
deployed = Deployed.from_environment()
queues = json.loads((Path(__file__).parent.parent / "queues.json").read_text(encoding="utf-8"))


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Look once."""
    reaped = Reaper(deployed, queues, os.environ["SKYBURST_EXECUTIONS"]).look()
    measure({REAPED: len(reaped.ended), UNREAPED: len(reaped.failed)}, deployed.prefix)
    logger.info(
        "looked", extra={"environments": reaped.looked, "ended": len(reaped.ended), "failed": len(reaped.failed)}
    )
    return {"looked": reaped.looked, "ended": reaped.ended, "failed": reaped.failed}
