"""The log of one dataset: the lines of its command and of the engine, in bounded memory."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime

FIRST_BYTES = 8 << 20
LAST_BYTES = 1 << 20
"""Of a log that is longer, so much of its beginning and of its end is kept."""
TAIL_LINES = 25
OUT, ERR, ENV = "out", "err", "env"
"""Streams: standard output, standard error, and what the engine and the command's messages say."""


class Log:
    """Lines, as objects of JSON: `{"line", "at", "stream", "text"}`, `line` counted from 1."""

    def __init__(self) -> None:
        self.lines = 0
        """Lines so far, those that are not kept included."""
        self._first: list[bytes] = []
        self._first_bytes = 0
        self._last: deque[bytes] = deque()
        self._last_bytes = 0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    def add(self, stream: str, text: str, now: float) -> None:
        """Add a line. `now`: seconds since the epoch."""
        self.lines += 1
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        entry = json.dumps({"line": self.lines, "at": at, "stream": stream, "text": text}).encode() + b"\n"
        if stream != ENV:
            self._tail.append(text)
        if self._first_bytes < FIRST_BYTES:
            self._first.append(entry)
            self._first_bytes += len(entry)
            return
        self._last.append(entry)
        self._last_bytes += len(entry)
        while self._last_bytes > LAST_BYTES:
            self._last_bytes -= len(self._last.popleft())

    def content(self) -> bytes:
        """What is kept, with a line that says how much is not."""
        left_out = self.lines - len(self._first) - len(self._last)
        if not left_out:
            return b"".join((*self._first, *self._last))
        note = {
            "line": len(self._first) + 1,
            "at": None,
            "stream": ENV,
            "text": f"... {left_out:,} lines are not kept ...",
        }
        return b"".join((*self._first, json.dumps(note).encode() + b"\n", *self._last))

    def tail(self) -> str:
        """The last lines of the command."""
        return "\n".join(self._tail)
