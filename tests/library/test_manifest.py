"""Items stored in chunks read like the list that they were."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.errors import InvalidItems, NotJson
from skyburst.manifest import (
    CHUNK_BYTES,
    ItemReader,
    Joined,
    Manifest,
    NumberRange,
    parse_source,
    read_all,
    verify_chunks,
    write_manifest,
)
from skyburst.objects import ObjectStore, open_store

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def stored(items: list[Any], chunk_items: int | None = None) -> tuple[ObjectStore, Manifest]:
    objects = open_store("memory://")
    return objects, write_manifest(objects, objects.location, "manifest", items, chunk_items=chunk_items)


@settings(max_examples=150)
@given(data=st.data(), items=st.lists(json_values, max_size=40), chunk_items=st.none() | st.integers(1, 50))
def test_every_range_reads_as_the_slice_of_the_list(
    data: st.DataObject, items: list[Any], chunk_items: int | None
) -> None:
    objects, manifest = stored(items, chunk_items)
    reader = ItemReader(manifest, objects)
    for _ in range(4):
        start = data.draw(st.integers(0, len(items) + 2))
        end = data.draw(st.integers(start, len(items) + 60))
        read = reader.read(start, end)
        assert read == items[start:end]
        for item in read:  # which is the reader's own: nobody else sees what becomes of it
            if isinstance(item, list | dict):
                item.clear()
    assert list(read_all(manifest, objects)) == items


@pytest.mark.parametrize("at_once", [1, 4])
def test_chunks_are_compared_with_the_digest(at_once: int) -> None:
    objects, manifest = stored(list(range(100)), 3)
    objects.at_once = at_once
    verify_chunks(manifest, objects)
    key = manifest.chunk_key(20)
    data = objects.get(key)
    objects.put(key, data.replace(b"60", b"61"))
    with pytest.raises(InvalidItems, match="'manifest' in memory:// was changed since it was written"):
        verify_chunks(manifest, objects)
    objects.delete([key])
    with pytest.raises(InvalidItems, match=f"chunk '{key}' of the manifest in memory:// is missing"):
        verify_chunks(manifest, objects)
    objects.put(key, data)
    verify_chunks(manifest, objects)


@given(start=st.integers(-50, 50), count=st.integers(0, 50), first=st.integers(0, 60), size=st.integers(0, 60))
def test_every_range_of_numbers_reads_as_the_slice(start: int, count: int, first: int, size: int) -> None:
    reader = ItemReader(NumberRange(start, start + count))
    assert reader.read(first, first + size) == list(range(start, start + count))[first : first + size]


@given(items=st.lists(st.integers(), max_size=200), chunk_items=st.integers(1, 30))
def test_a_manifest_is_cut_into_chunks_of_one_size(items: list[int], chunk_items: int) -> None:
    objects, manifest = stored(items, chunk_items)
    chunks = sorted(info.key for info in objects.list())
    assert len(chunks) == manifest.chunks == -(-len(items) // chunk_items)
    assert chunks == sorted(manifest.chunk_key(chunk) for chunk in range(manifest.chunks))


def test_chunks_have_a_size_that_suits_the_items() -> None:
    _, small = stored([0] * 5_000)
    assert small.chunk_items == 1_000
    objects, large = stored(["x" * 40_000] * 50)
    assert large.chunk_items == 7
    assert max(info.size for info in objects.list()) < 2 * CHUNK_BYTES


def test_the_digest_tells_any_two_lists_apart() -> None:
    lists: list[list[Any]] = [[], [1], [1.0], ["1"], [1, 2], [2, 1], [[1, 2]], [None]]
    assert len({stored(items)[1].digest for items in lists}) == len(lists)
    assert stored([1, 2, 3])[1] == stored([1, 2, 3])[1]


def test_a_manifest_comes_back_from_its_document() -> None:
    _, manifest = stored([1, 2, 3])
    assert parse_source(manifest.document()) == manifest
    assert parse_source(NumberRange(3, 7).document()) == NumberRange(3, 7)
    with pytest.raises(InvalidItems, match="neither a range nor a manifest"):
        parse_source({"ranges": [1, 2]})
    with pytest.raises(InvalidItems, match="does not describe a manifest"):
        parse_source({"manifest": {"location": "/here"}})


@settings(max_examples=150)
@given(data=st.data(), lists=st.lists(st.lists(st.integers(), max_size=12), min_size=1, max_size=5))
def test_joined_lists_read_as_one(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, lists: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    parts = []
    for number, items in enumerate(lists):
        objects = open_store(folder / str(number), create=True)
        parts.append(write_manifest(objects, objects.location, "manifest", items, chunk_items=3))
    source = parse_source(Joined(tuple(parts), (None,) * len(parts)).document())
    reader = ItemReader(source, is_own=lambda manifest: manifest is source.parts[0])
    joined = [item for items in lists for item in items]
    assert source.count == len(joined)
    start = data.draw(st.integers(0, len(joined) + 2))
    end = data.draw(st.integers(start, len(joined) + 4))
    assert reader.read(start, end) == joined[start:end]
    places = [None if number == 0 else part.location for number, part in enumerate(parts) for _ in lists[number]]
    assert [reader.library(item) for item in range(len(joined))] == places
    assert reader.one_library is None


def test_what_a_worker_does_to_its_items_is_not_seen_by_the_next_attempt() -> None:
    objects, manifest = stored([{"name": "one", "tags": ["a"]}])
    reader = ItemReader(manifest, objects)
    [item] = reader.read(0, 1)
    item["tags"].append("changed")
    assert reader.read(0, 1) == [{"name": "one", "tags": ["a"]}]


def test_an_item_that_json_cannot_hold_is_named() -> None:
    with pytest.raises(NotJson, match=r"items\[2\]\.size is inf"):
        stored([1, 2, {"size": float("inf")}])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (None, "is missing or damaged: there is no object"),
        (b"", "is missing or damaged"),
        (b"[3,\n4", "is missing or damaged"),
        (b"[3,\n4]\n", "it should hold 3 items"),
        (b'{"a":1,"b":2,"c":3}', "it should hold 3 items"),
        (b"[3,\n\xff4,5]\n", "is missing or damaged"),
    ],
)
def test_a_damaged_chunk_is_named_and_the_others_still_read(damage: bytes | None, reason: str) -> None:
    objects, manifest = stored(list(range(8)), 3)
    key = manifest.chunk_key(1)
    if damage is None:
        objects.delete([key])
    else:
        objects.put(key, damage)
    reader = ItemReader(manifest, objects)
    assert reader.read(0, 3) == [0, 1, 2]
    assert reader.read(6, 8) == [6, 7]
    with pytest.raises(InvalidItems, match=rf"chunk '{key}' .* {reason}|chunk '{key}' .*{reason}"):
        reader.read(2, 4)
    with pytest.raises(InvalidItems, match=f"chunk '{key}'"):
        list(read_all(manifest, objects))


def test_a_changed_item_is_found_when_everything_is_read() -> None:
    objects, manifest = stored([1, 2, 3])
    objects.put(manifest.chunk_key(0), b"[1,\n2,\n4]\n")
    with pytest.raises(InvalidItems, match="was changed since it was written"):
        list(read_all(manifest, objects))
