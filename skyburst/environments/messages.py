"""What a command says to the engine: lines of JSON that it, or its helper, appends to a file of the folder of logs."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

MOST_AT_ONCE = 1 << 16
"""Bytes that are read in one look."""
LONGEST = 2_000


class Message(NamedTuple):
    """One thing that a command said."""

    text: str | None
    progress: float | None
    """0 to 1."""


class Messages:
    """Reads the messages of one command as they are appended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._rest = b""

    def read(self) -> Iterator[Message]:
        """New messages. What is none is a message that says so: nobody reads the file but the engine."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # there is none yet, or it is a link, which may lead anywhere
            return
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            file.seek(self._position)
            data = file.read(MOST_AT_ONCE)
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MOST_AT_ONCE:
            self._rest = b""
        for line in lines:
            if line.strip():
                yield parse_message(line)


def parse_message(line: bytes) -> Message:
    """One line. Pure."""
    try:
        given: Any = json.loads(line)
    except ValueError:
        given = None
    match given:
        case {"progress": int() | float() as fraction, **rest} if 0 <= fraction <= 1:
            text = rest.get("text")
            return Message(text[:LONGEST] if isinstance(text, str) and text else None, float(fraction))
        case {"log": str(text)}:
            return Message(text[:LONGEST], None)
    return Message(f"this message cannot be read: {line[:200].decode(errors='replace')}", None)
