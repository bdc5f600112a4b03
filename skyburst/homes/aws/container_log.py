"""The log of a container: what is written to it, and its group and stream, which the agent of ECS tells."""

from __future__ import annotations

import json
import logging
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

METADATA = "ECS_CONTAINER_METADATA_URI_V4"
"""Variable that the agent of ECS sets; the address is on the machine itself."""
TIMEOUT_S = 2.0


def log_to_container() -> None:
    """Write what the engine says to standard error, which is the container's log; of libraries warnings only."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="skyburst: %(message)s")
    logging.getLogger("skyburst").setLevel(logging.INFO)


def metadata_address(variables: Mapping[str, str] = os.environ) -> str | None:
    """Where the agent of ECS tells this container about itself; None where there is none."""
    address = variables.get(METADATA)
    return address if address and address.startswith(("http://", "https://")) else None


def own_log() -> str:
    """`LOG GROUP:LOG STREAM` of this container; empty where nobody tells, and then the batch has no log to show."""
    address = metadata_address()
    if address is None:
        return ""
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310 - checked there
            options = json.load(answer).get("LogOptions") or {}
    except (OSError, urllib.error.URLError, ValueError):
        return ""
    group, stream = options.get("awslogs-group"), options.get("awslogs-stream")
    return f"{group}:{stream}" if group and stream else ""
