"""Reads stored partial results ahead, in their order and in bounded memory: each read from a bucket waits for the network."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, BinaryIO

from skyburst.contracts.records import Stored
from skyburst.errors import ObjectNotFound
from skyburst.ports import Beginning, Objects

if TYPE_CHECKING:
    from concurrent.futures import Future

PIECE_BYTES = 256 * 1024
"""Read ahead of each object at most: 8 MiB of the 32 that are in flight from a bucket, however long they are."""
FURTHER_BYTES = 1 << 20
"""Of longer objects, asked for at a time while they are read."""


class Begun:
    """A stored partial result whose beginning is in memory until the next one is asked for."""

    __slots__ = ("_beginning", "_objects", "_payload", "_reference", "number", "there")

    def __init__(self, objects: Objects, stored: Stored, beginning: Beginning | None) -> None:
        self._objects = objects
        self._payload = stored.payload
        self._reference = stored.reference
        self._beginning = beginning
        self.number = stored.batch_id
        """Of its batch or group."""
        self.there = stored.payload is not None or beginning is not None
        """Whether it is stored at all."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """For reading from its start, any number of times. Raises ObjectNotFound when it is not there."""
        if self._payload is not None:
            return io.BytesIO(self._payload)
        assert self._reference is not None
        if self._beginning is None:
            return self._objects.open(self._reference)
        if len(self._beginning.data) == self._beginning.size:
            return io.BytesIO(self._beginning.data)
        return io.BufferedReader(_Continued(self._objects, self._reference, self._beginning), FURTHER_BYTES)

    def forget(self) -> None:
        """Keep the reference only: who collects partial results must not collect what is in them."""
        self._beginning = None


def read_ahead(objects: Objects, stored: Iterable[Stored]) -> Iterator[Begun]:
    """The stored partial results in their order, as many ahead as the store is worth."""

    def begin(one: Stored) -> Begun:
        return Begun(objects, one, _beginning(objects, one))

    if objects.at_once <= 1:
        for one in stored:
            begun = begin(one)
            yield begun
            begun.forget()
        return
    from concurrent.futures import ThreadPoolExecutor  # not on this machine, where a combiner is to start at once

    coming: deque[Future[Begun]] = deque()
    pool = ThreadPoolExecutor(objects.at_once, "read-ahead")
    try:
        for one in stored:
            coming.append(pool.submit(begin, one))
            if len(coming) >= objects.at_once:
                begun = coming.popleft().result()
                yield begun
                begun.forget()
        while coming:
            begun = coming.popleft().result()
            yield begun
            begun.forget()
    finally:  # also when nobody wants the rest
        pool.shutdown(wait=False, cancel_futures=True)


def _beginning(objects: Objects, stored: Stored) -> Beginning | None:
    if stored.reference is None:
        return None
    try:
        return objects.beginning(stored.reference, PIECE_BYTES)
    except ObjectNotFound:
        return None


class _Continued(io.RawIOBase):
    """An object whose beginning is in memory; the rest is asked for piece by piece."""

    def __init__(self, objects: Objects, key: str, beginning: Beginning) -> None:
        super().__init__()
        self._objects, self._key, self._size = objects, key, beginning.size
        self._piece = memoryview(beginning.data)
        self._read = len(beginning.data)
        """Bytes of the object that were asked for."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece and self._read < self._size:
            end = min(self._read + FURTHER_BYTES, self._size)
            self._piece = memoryview(self._objects.get_range(self._key, self._read, end))
            self._read = end
        taken = min(len(buffer), len(self._piece))
        buffer[:taken] = self._piece[:taken]
        self._piece = self._piece[taken:]
        return taken
