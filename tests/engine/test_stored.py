"""Stored values come back as they were, in memory that does not grow with them."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.contracts import values
from skyburst.errors import NotJson, StorageError
from skyburst.stored import (
    COMPRESS_BYTES,
    INLINE_BYTES,
    READ_BYTES,
    StoredValue,
    load_results,
    load_value,
    store_value,
    store_yielded,
)
from tests.json_values import json_values, same
from tests.waiting import PATIENCE_S

MIB = 2**20


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def opened(stored: StoredValue) -> BinaryIO:
    """The stored bytes as a file; exactly one of the two places has them."""
    if stored.path is not None:
        assert stored.payload is None
        assert stored.path.stat().st_size == stored.size
        return stored.path.open("rb")
    assert stored.payload is not None
    assert len(stored.payload) == stored.size
    return io.BytesIO(stored.payload)


def loaded(stored: StoredValue) -> tuple[Any, list[Any]]:
    with opened(stored) as file:
        value = load_value(file)
    with opened(stored) as file:
        results = list(load_results(file))
    if stored.path:
        stored.path.unlink()
    return value, results


@settings(max_examples=150)
@given(json_values)
def test_a_value_comes_back_as_it_was(scratch: Path, value: Any) -> None:
    found, results = loaded(store_value(value, scratch))
    assert same(found, value)
    assert same(results, value if isinstance(value, list) else [value])


@settings(max_examples=150)
@given(st.lists(json_values, max_size=8), st.integers(0, 40))
def test_yielded_values_come_back_in_order(scratch: Path, yielded: list[Any], more: int) -> None:
    everything = yielded + [{"n": number} for number in range(more)]
    found, results = loaded(store_yielded(iter(everything), scratch))
    assert same(found, everything)
    assert same(results, everything)


def noise(size: int, seed: int = 0) -> str:
    """Text that does not compress well."""
    return random.Random(seed).randbytes(size // 2).hex()


@pytest.mark.parametrize(
    ("value", "kind", "inline"),
    [
        ("x", b"v", True),
        ("x" * (COMPRESS_BYTES - 2), b"v", True),
        ("x" * COMPRESS_BYTES, b"V", True),
        ("x" * 10 * MIB, b"V", False),
        (["x" * 1_000] * 20_000, b"V", False),
        (noise(INLINE_BYTES), b"V", True),
        (noise(4 * INLINE_BYTES), b"V", False),
        (noise(20 * READ_BYTES), b"V", False),
    ],
)
def test_large_values_are_compressed_and_larger_ones_spilled(
    scratch: Path, value: Any, kind: bytes, inline: bool
) -> None:
    stored = store_value(value, scratch)
    with opened(stored) as file:
        assert file.read(1) == kind
    assert (stored.path is None) == inline
    assert loaded(stored)[0] == value
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "size", "inline"),
    [(0, 0, True), (1, 10, True), (100, 2_000, False), (3, 1_000_000, False), (40_000, 4, False)],
)
def test_few_yielded_values_stay_in_memory_and_many_are_spilled(
    scratch: Path, count: int, size: int, inline: bool
) -> None:
    yielded = [noise(size, number) for number in range(count)]
    stored = store_yielded(iter(yielded), scratch)
    assert (stored.path is None) == inline
    assert loaded(stored) == (yielded, yielded)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("inline_bytes", [4_096, 100_000])
def test_a_home_chooses_what_stays_in_memory(scratch: Path, inline_bytes: int) -> None:
    for characters, inline in ((inline_bytes // 2, True), (inline_bytes * 2, False)):
        value = noise(characters)
        for stored in (store_value(value, scratch, inline_bytes), store_yielded(iter([value]), scratch, inline_bytes)):
            assert (stored.path is None) is inline
            assert loaded(stored)[1] == [value]


def test_a_small_value_costs_one_byte_more_than_its_json(scratch: Path) -> None:
    assert store_value({"a": 1}, scratch) == StoredValue(b'v{"a":1}', None, 8)


def test_a_value_that_json_cannot_hold_leaves_nothing_behind(scratch: Path) -> None:
    def yielding() -> Iterator[Any]:
        for number in range(50):
            yield noise(10_000, number)
        yield {"at": {1}}

    with pytest.raises(NotJson, match=r"^yielded\[50\]\.at is of type builtins\.set"):
        store_yielded(yielding(), scratch)
    with pytest.raises(NotJson, match=r"^\$\.at is of type builtins\.set"):
        store_value({"at": {1}}, scratch)
    assert list(scratch.iterdir()) == []


def test_an_error_of_the_generator_comes_through_and_leaves_nothing_behind(scratch: Path) -> None:
    def failing() -> Iterator[Any]:
        yield noise(4 * INLINE_BYTES)
        raise ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match="its own"):
        store_yielded(failing(), scratch)
    assert list(scratch.iterdir()) == []


LIMITED = """
import random, resource, signal, sys
from pathlib import Path
from skyburst.stored import store_value, store_yielded

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
scratch = Path(sys.argv[1])
pieces = [random.Random(n).randbytes(5_000).hex() for n in range(60)]
for store, value in ((store_value, "".join(pieces)), (store_yielded, pieces), (store_yielded, ["".join(pieces)])):
    try:
        store(value, scratch)
    except OSError as error:
        print(error.strerror)
print(list(scratch.iterdir()))
"""


def test_a_disk_that_takes_no_more_gets_nothing_left_behind(tmp_path: Path) -> None:
    """A limit of file sizes stands for the full disk: it too fails in the middle of a write."""
    ran = subprocess.run([sys.executable, "-c", LIMITED, tmp_path], capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.stdout.splitlines() == [*["File too large"] * 3, "[]"], ran.stderr


def peak_of(call: Any) -> int:
    """Most memory that a call held at once, in bytes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["x" * MIB, noise(MIB)], ids=["compressible", "noise"])
def test_yielded_values_are_written_and_read_in_bounded_memory(scratch: Path, text: str) -> None:
    kept: list[StoredValue] = []
    count = 30
    written = peak_of(lambda: kept.append(store_yielded((text for _ in range(count)), scratch)))
    seen = 0

    def read() -> None:
        nonlocal seen
        with opened(kept[0]) as file:
            for value in load_results(file):
                assert len(value) == MIB
                seen += 1

    peak = peak_of(read)
    if kept[0].path:
        kept[0].path.unlink()
    assert seen == count
    assert written < 8 * MIB
    assert peak < 8 * MIB


def test_many_small_values_of_one_compressed_block_are_read_in_bounded_memory(scratch: Path) -> None:
    """A hundred thousand equal lists compress to a few thousand bytes, which must not be inflated at once."""
    stored = store_yielded(([0] * 50 for _ in range(100_000)), scratch)
    assert stored.size < MIB
    count = 0

    def read() -> None:
        nonlocal count
        with opened(stored) as file:
            for _ in load_results(file):
                count += 1
                if count == 2_000:
                    return

    assert peak_of(read) < 4 * MIB
    if stored.path:
        stored.path.unlink()


def stored_bytes(stored: StoredValue) -> bytes:
    with opened(stored) as file:
        data = file.read()
    if stored.path:
        stored.path.unlink()
    return data


@pytest.mark.parametrize("load", [load_value, lambda file: list(load_results(file))], ids=["value", "results"])
def test_what_was_damaged_is_refused_and_never_read_as_less(scratch: Path, load: Any) -> None:
    good = [
        stored_bytes(store_value([1, 2, 3], scratch)),
        stored_bytes(store_value(["x" * 5_000, noise(3_000)], scratch)),
        stored_bytes(store_yielded(iter([noise(900, number) for number in range(200)]), scratch)),
        b"y" + b"".join(values.encode(number) + b"\n" for number in range(100)),
    ]
    for data in good:
        load(io.BytesIO(data))
        for cut in {0, 1, 2, len(data) // 2, len(data) - 1}:
            if data[:1] == b"y" and data[:cut].endswith((b"\n", b"y")):
                continue  # whole lines of an uncompressed list are a list
            with pytest.raises(StorageError, match="a stored value"):
                load(io.BytesIO(data[:cut]))
    with pytest.raises(StorageError, match=r"starts with b'x', which this version does not know"):
        load(io.BytesIO(b"x[]"))
    with pytest.raises(StorageError, match="damaged"):
        load(io.BytesIO(b"V" + zlib.compress(b"[1,2]")[:-4] + b"abcd"))
    with pytest.raises(StorageError, match="damaged"):
        load(io.BytesIO(b"vnot json"))
