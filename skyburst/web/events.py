"""A job while it runs, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import msgspec
from litestar.response.sse import ServerSentEventMessage

from skyburst.errors import SkyburstError
from skyburst.homes.waiting import UNDRIVEN_S
from skyburst.web.documents import JobLine
from skyburst.web.problems import problem_of

LOOK_S = 0.5
"""Between two looks at a job."""
SILENCE_S = 15.0
"""A comment is sent after so long without an event, so that nobody between takes the connection for a dead one."""

AGAIN_MS = 5_000
"""After so long who listens comes again, where no connection is kept."""


async def job_events(
    look: Callable[[], JobLine], *, once: bool = False, ending: Callable[[], bool] = lambda: False
) -> AsyncIterator[ServerSentEventMessage]:
    """`job` with each change of a job, the last one when it has ended; `problem` when it cannot be looked at any more.

    Args:
        look: reads the job; may wait for a disk or a network.
        once: how it is now, where no connection is kept: who listens is told to come again soon, which browsers do.
        ending: whether the server is about to end.
    """
    before: bytes | None = None
    sent_at = driven_at = time.monotonic()
    while True:
        try:
            line = await asyncio.to_thread(look)
        except SkyburstError as error:
            yield ServerSentEventMessage(event="problem", data=msgspec.json.encode(problem_of(error)).decode())
            return
        now = msgspec.json.encode(line)
        if once:
            yield ServerSentEventMessage(event="job", data=now.decode(), retry=AGAIN_MS)
            return
        if now != before:
            yield ServerSentEventMessage(event="job", data=now.decode())
            before, sent_at = now, time.monotonic()
        elif time.monotonic() - sent_at > SILENCE_S:
            yield ServerSentEventMessage(comment="")
            sent_at = time.monotonic()
        if not line.interrupted:
            driven_at = time.monotonic()
        if line.finished_at is not None or time.monotonic() - driven_at > UNDRIVEN_S or ending():
            return
        await asyncio.sleep(LOOK_S)
