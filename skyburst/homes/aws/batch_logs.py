"""What one attempt at a batch wrote, out of the log stream of the environment that ran it.

An environment runs one invocation after the other, and Lambda writes a line before and after each. The times of lines alone do
not tell invocations apart: a line is stamped when it arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

MARGIN_MS = 120_000
"""Lines are looked for from so long before the batch began until so long after it ended."""
FIRST, LAST = "START RequestId: ", "END RequestId: "
PLATFORM = (FIRST, LAST, "REPORT RequestId: ", "INIT_START ", "XRAY TraceId: ")
"""What Lambda itself writes."""
OWN = '"service":"worker"'
"""In the line with which skyburst says how a batch ended, which the task table knows better."""


def lines_of(events: Iterable[dict[str, Any]], start_ms: int, end_ms: int) -> list[str]:
    """The lines of the invocation that was at work at that time.

    Args:
        events: `{"timestamp": milliseconds, "message": text}` of one stream, in order.
        start_ms: when the batch began, milliseconds since the epoch.
        end_ms: when it had ended; its invocation ends after that.
    """
    lines: list[tuple[int, str]] = []
    for event in events:
        at, message = int(event["timestamp"]), str(event["message"])
        if message.startswith(FIRST):
            lines = []
        elif message.startswith(LAST) and at >= end_ms:
            return [line for _, line in lines]
        elif not message.startswith(PLATFORM) and not (message.startswith('{"level"') and OWN in message):
            lines.append((at, message.rstrip("\n")))
    return [line for at, line in lines if at >= start_ms]  # the end has not arrived, or was never written


def events_of(client: Any, group: str, stream: str, start_ms: int, end_ms: int) -> Iterator[dict[str, Any]]:
    """The lines of a stream around a time, page by page."""
    query: dict[str, Any] = {
        "logGroupName": group, "logStreamName": stream, "startTime": max(0, start_ms - MARGIN_MS),
        "endTime": end_ms + MARGIN_MS, "startFromHead": True,
    }  # fmt: skip
    while True:
        page = client.get_log_events(**query)
        yield from page["events"]
        if page["nextForwardToken"] == query.get("nextToken"):
            return
        query["nextToken"] = page["nextForwardToken"]
