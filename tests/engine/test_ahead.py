"""Partial results are read ahead in their order, in bounded memory, whatever is done with them."""

from __future__ import annotations

import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyburst.contracts.records import Stored
from skyburst.engine.ahead import PIECE_BYTES, read_ahead
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.objects import ObjectStore, open_store
from skyburst.ports import Beginning

AT_ONCE = 8


class Far(ObjectStore):
    """A store that answers after a while, as one behind a network does, and counts what is in flight."""

    def __init__(self, folder: Path, at_once: int = AT_ONCE, wait_s: float = 0.0) -> None:
        super().__init__(open_store(folder, create=True)._store, str(folder), at_once=at_once)
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._in_flight = 0
        self.most_in_flight = 0
        self.read: list[str] = []

    def beginning(self, key: str, most: int) -> Beginning:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            self.read.append(key)
        time.sleep(random.uniform(0, 2) * self._wait_s)
        try:
            return super().beginning(key, most)
        finally:
            with self._lock:
                self._in_flight -= 1


def stored_in(objects: ObjectStore, contents: list[bytes], *, every: int = 1) -> Iterator[Stored]:
    """Partial results of batches 0, 1, ...: each `every`th is an object, the others are rows."""
    for batch, content in enumerate(contents):
        if batch % every:
            yield Stored(batch, content, None)
        else:
            objects.put(f"partials/{batch}", content)
            yield Stored(batch, None, f"partials/{batch}")


def content_of(begun: object) -> bytes:
    with begun.open() as file:  # type: ignore[attr-defined]
        data: bytes = file.read()
    return data


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
@pytest.mark.parametrize("every", [1, 3])
def test_partial_results_come_whole_and_in_order(tmp_path: Path, at_once: int, every: int) -> None:
    objects = Far(tmp_path, at_once, 0.002)
    lengths = [1, 10, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3_000_000, *range(20, 60)]
    contents = [random.Random(batch).randbytes(length) for batch, length in enumerate(lengths)]
    found = [
        (begun.number, content_of(begun), content_of(begun))
        for begun in read_ahead(objects, stored_in(objects, contents, every=every))
    ]
    assert found == [(batch, content, content) for batch, content in enumerate(contents)]
    assert objects.most_in_flight <= at_once


def test_many_are_in_flight_at_a_time_and_no_more_than_the_store_is_worth(tmp_path: Path) -> None:
    objects = Far(tmp_path, wait_s=0.02)
    assert sum(1 for _ in read_ahead(objects, stored_in(objects, [b"x"] * 160))) == 160
    assert 1 < objects.most_in_flight <= AT_ONCE


def test_no_more_is_read_than_so_many_ahead_and_nothing_when_nobody_goes_on(tmp_path: Path) -> None:
    objects = Far(tmp_path)
    taken = iter(stored_in(objects, [b"x"] * 100))
    ahead = read_ahead(objects, taken)
    assert [next(ahead).number for _ in range(3)] == [0, 1, 2]
    assert next(taken).batch_id <= 3 + AT_ONCE
    ahead.close()  # type: ignore[attr-defined]
    time.sleep(0.05)
    assert len(objects.read) <= 3 + AT_ONCE


def test_who_collects_partial_results_does_not_collect_their_contents(tmp_path: Path) -> None:
    objects = Far(tmp_path)
    batches, size = 200, PIECE_BYTES
    for batch in range(batches):
        objects.put(f"partials/{batch}", bytes(size))
    stored = (Stored(batch, None, f"partials/{batch}") for batch in range(batches))
    tracemalloc.start()
    try:
        found = list(read_ahead(objects, stored))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 3 * AT_ONCE * size < batches * size
    assert content_of(found[0]) == bytes(size), "it is read again"


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_an_object_that_is_gone_is_not_there_and_says_so_when_it_is_read(tmp_path: Path, at_once: int) -> None:
    objects = Far(tmp_path, at_once)
    objects.put("a", b"1")
    there, gone = read_ahead(objects, [Stored(0, None, "a"), Stored(1, None, "b")])
    assert (there.there, gone.there) == (True, False)
    with pytest.raises(ObjectNotFound, match="'b'"):
        content_of(gone)


def test_an_object_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidItems, match=r"'\.\./a' is not a key"):
        list(read_ahead(Far(tmp_path), [Stored(0, None, "../a")]))
