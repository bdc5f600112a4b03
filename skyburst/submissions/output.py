"""What the command of a dataset has written so far: a growing object of JSON lines, read on from where it was."""

from __future__ import annotations

import json

from skyburst.errors import ObjectNotFound
from skyburst.objects import ObjectStore


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

    def look(self) -> list[str]:
        """All lines so far, with those that are new."""
        try:
            size = self._objects.size(self._key)
        except ObjectNotFound:
            size = 0
        if size < self._read:  # another attempt began anew
            self._read, self._rest, self.lines = 0, b"", []
        if size > self._read:
            data = self._objects.get_range(self._key, self._read, size)
            self._read += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            self.lines.extend(map(_text, filter(None, whole)))
        return self.lines

    @property
    def last(self) -> str:
        """The last line that says something."""
        return next((line for line in reversed(self.lines[-100:]) if line.strip()), "")


def _text(line: bytes) -> str:
    """The text of an entry; of one that is no entry, as it is: it is what there is to show."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.decode(errors="replace")
    text = entry.get("text", "") if isinstance(entry, dict) else str(entry)
    return str(text).rstrip("\r\n")
