"""Bytes that a command writes, made lines: whatever it writes, and however much. Pure; `now` is an argument."""

from __future__ import annotations

import codecs

LONGEST = 4_096
"""Characters of a line; longer ones are several."""
PATIENCE_S = 1.0
"""What has no end of line is a line after so long. Progress bars, which go back to the start of a line, are one each time."""


class Lines:
    """The lines of one stream."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._since: float | None = None

    def feed(self, data: bytes, now: float) -> list[str]:
        """The lines that are complete with these bytes."""
        *ended, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        lines = [piece for line in ended for piece in _pieces(_last_drawn(line.removesuffix("\r")))]
        while len(self._rest) > LONGEST:
            if "\r" in self._rest.rstrip("\r"):
                self._rest = _last_drawn(self._rest)[:LONGEST]
                continue
            lines.append(_last_drawn(self._rest[:LONGEST]))
            self._rest = self._rest[LONGEST:]
        if not self._rest:
            self._since = None
        elif ended or self._since is None:
            self._since = now
        return lines

    def waited(self, now: float) -> list[str]:
        """What has waited for its end of line too long."""
        if self._since is None or now - self._since < PATIENCE_S:
            return []
        self._since = now
        drawn = _last_drawn(self._rest)
        self._rest = ""
        return [drawn] if drawn else []

    def end(self) -> list[str]:
        """What is left when nothing more comes."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        return [piece for piece in _pieces(_last_drawn(rest)) if piece]


def _last_drawn(line: str) -> str:
    """What a terminal would show of a line that was drawn several times over itself."""
    return line.rstrip("\r").rpartition("\r")[2] if "\r" in line else line


def _pieces(line: str) -> list[str]:
    return [line[start : start + LONGEST] for start in range(0, len(line), LONGEST)] or [""]
