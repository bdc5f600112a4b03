"""Threads that wait for AWS side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from skyburst.homes.aws.calls import THREADS

Given = TypeVar("Given")
Made = TypeVar("Made")

AHEAD = 2


class Threads:
    """As many threads as there are connections. What runs in them must not use them too: all might wait for one more."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="task-table")

    def start(self, function: Callable[[Given], Made], entry: Given) -> Future[Made]:
        """Call a function."""
        return self._pool.submit(function, entry)

    def each(self, function: Callable[[Given], Made], entries: Iterable[Given]) -> list[Made]:
        """What a function makes of each entry, in order; many at a time. Raises the first error."""
        entries = list(entries)
        if len(entries) == 1:
            return [function(entries[0])]
        return list(self._pool.map(function, entries))

    def ahead(self, function: Callable[[Given], Iterable[Made]], entries: Iterable[Given]) -> Iterator[Made]:
        """What a function makes of each entry, one after the other, two entries ahead: in bounded memory."""
        coming: deque[Future[Iterable[Made]]] = deque()
        for entry in entries:
            coming.append(self.start(function, entry))
            if len(coming) > AHEAD:
                yield from coming.popleft().result()
        while coming:
            yield from coming.popleft().result()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)
