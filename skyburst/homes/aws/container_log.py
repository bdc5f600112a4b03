"""Where a container writes: the group and the stream of its log, which the agent of ECS tells."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request

METADATA = "ECS_CONTAINER_METADATA_URI_V4"
"""Variable that the agent of ECS sets; the address is on the machine itself."""
TIMEOUT_S = 2.0


def own_log() -> str:
    """`LOG GROUP:LOG STREAM` of this container; empty where nobody tells, and then the batch has no log to show."""
    address = os.environ.get(METADATA)
    if not address or not address.startswith(("http://", "https://")):
        return ""
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310 - checked above
            options = json.load(answer).get("LogOptions") or {}
    except (OSError, urllib.error.URLError, ValueError):
        return ""
    group, stream = options.get("awslogs-group"), options.get("awslogs-stream")
    return f"{group}:{stream}" if group and stream else ""
