"""Which files of a watched folder have arrived whole. Pure; `now` is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SETTLED_S = 1.0
"""A file that did not change for so long is taken as whole, if it is a JSON document."""
UNFINISHED_S = 10.0
"""One that is none yet is given so long: it may be copied over a slow network."""


class Signature(NamedTuple):
    """What changes when a file is written."""

    size: int
    """Bytes."""
    modified_ns: int
    """Nanoseconds since the epoch."""


class Arrivals:
    """Remembers when each file was last seen to change, and which ones were taken."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Signature, float]] = {}
        self._taken: dict[str, Signature] = {}

    def settled(self, found: Iterable[tuple[str, Signature]], now: float) -> list[tuple[str, float]]:
        """Files that did not change for some time and were not taken as they are, each with for how many seconds.

        Args:
            found: all files that are there now.
            now: seconds, of any clock.
        """
        files = dict(found)
        for known in (self._seen, self._taken):
            for path in known.keys() - files.keys():
                del known[path]
        settled = []
        for path, signature in files.items():
            if self._taken.get(path) == signature:
                self._seen.pop(path, None)
                continue
            before = self._seen.get(path)
            if before is None or before[0] != signature:
                self._seen[path] = (signature, now)
            elif now - before[1] >= SETTLED_S:
                settled.append((path, now - before[1]))
        return settled

    def take(self, path: str) -> None:
        """A settled file was taken, as it is: it arrives again when it changes."""
        self._taken[path] = self._seen.pop(path)[0]

    @property
    def pending(self) -> int:
        """Files that are there and were not taken as they are."""
        return len(self._seen)
