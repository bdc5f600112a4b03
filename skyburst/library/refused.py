"""`refused.jsonl`: files that the last build could not use, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from skyburst.contracts import values
from skyburst.library.sources import Refused

MOST_KEPT = 1_000


class RefusedLog:
    """Writes refusals down as they come; the file of a build that refused nothing is removed."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self.first: list[Refused] = []
        """The first thousand."""
        self._path = path
        self._file = path.open("wb")

    def add(self, refused: Refused) -> None:
        """Note a refusal."""
        self.count += 1
        if len(self.first) < MOST_KEPT:
            self.first.append(refused)
        self._file.write(values.encode(refused._asdict()) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self.count:
            self._path.unlink()
