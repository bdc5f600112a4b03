"""What the command of a dataset has written so far: a growing object of JSON lines, read on from where it was."""

from __future__ import annotations

import json

from skyburst.errors import ObjectNotFound
from skyburst.objects import ObjectStore

ENGINE = "env"
"""Stream of what the engine says about a command."""


class Output:
    """The lines of one dataset."""

    def __init__(self, objects: ObjectStore, key: str) -> None:
        self._objects = objects
        self._key = key
        self._read = 0
        self._rest = b""
        """The beginning of a line whose end is not written yet."""
        self.lines: list[str] = []
        """All so far, in order."""
        self.last = ""
        """The last line that the command wrote, rather than the engine, and that says something."""

    def look(self) -> list[str]:
        """All lines so far, with those that are new."""
        try:
            size = self._objects.size(self._key)
        except ObjectNotFound:
            size = 0
        if size < self._read:  # another attempt began anew
            self._read, self._rest, self.lines, self.last = 0, b"", [], ""
        if size > self._read:
            data = self._objects.get_range(self._key, self._read, size)
            self._read += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in filter(None, whole):
                text, own = _text(line)
                self.lines.append(text)
                self.last = text if own and text.strip() else self.last
        return self.lines


def _text(line: bytes) -> tuple[str, bool]:
    """The text of an entry, and whether the command wrote it; of one that is no entry, as it is: it is what there is to show."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.decode(errors="replace"), True
    if not isinstance(entry, dict):
        return str(entry), True
    return str(entry.get("text", "")).rstrip("\r\n"), entry.get("stream") != ENGINE
