"""What every object store does, in a folder and in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.errors import InvalidItems, ObjectNotFound, StorageError
from skyburst.objects import ObjectStore, check_key, locate, open_store

KEYS = [
    "plain.tif",
    "folder/deep/er/file.tif",
    "with space.tif",
    "100%25 percent%.tif",
    "hash#tag.tif",
    "a#1/b#x",
    "umlaut-ä-e\u0301-神経-🧠.tif",
    "quote'\"`.tif",
    "brackets[0]{1}(2)*?.tif",
    ".hidden/.file",
    "dots..in...names",
    "end.",
    "a:b&c=d+e,f;g@h!i$j~k",
]
BAD_KEYS = [
    "",
    "/absolute",
    "folder/",
    "a//b",
    ".",
    "..",
    "../escape",
    "a/../../escape",
    "a/./b",
    "back\\slash",
    "new\nline",
    "nul\0",
    "surrogate\ud800",
    "unfinished#12",
    "C:",
    "folder/abcd|",
]


@pytest.fixture(params=["folder", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return open_store(tmp_path / "store" if request.param == "folder" else "memory://", create=True)


def keys_of(objects: ObjectStore, prefix: str = "") -> list[str]:
    return sorted(info.key for info in objects.list(prefix))


@pytest.mark.parametrize("key", KEYS)
def test_an_object_comes_back_under_the_key_it_was_stored_under(objects: ObjectStore, key: str) -> None:
    objects.put(key, b"content of " + key.encode())
    assert objects.get(key) == b"content of " + key.encode()
    assert keys_of(objects) == [key]
    with objects.open(key) as file:
        assert file.read() == b"content of " + key.encode()
    objects.delete([key])
    assert keys_of(objects) == []


@settings(max_examples=60)
@given(
    folder=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc",), exclude_characters="/\\"),
        min_size=1,
        max_size=20,
    ),
    name=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc",), exclude_characters="/\\"),
        min_size=1,
        max_size=20,
    ),
)
def test_any_key_is_refused_or_comes_back_in_every_store(
    tmp_path_factory: pytest.TempPathFactory, folder: str, name: str
) -> None:
    key = f"{folder}/{name}"
    for location in (tmp_path_factory.mktemp("store"), "memory://"):
        objects = open_store(location, create=True)
        try:
            objects.put(key, b"1")
        except InvalidItems:
            with pytest.raises(InvalidItems):
                check_key(key)
        else:
            assert keys_of(objects) == [key]
            assert objects.get(key) == b"1"


@pytest.mark.parametrize(("content", "most"), [(b"12345", 3), (b"12345", 5), (b"12345", 99), (b"", 3)])
def test_the_beginning_of_an_object_comes_with_the_size_of_all(objects: ObjectStore, content: bytes, most: int) -> None:
    objects.put("folder/a", content)
    assert objects.beginning("folder/a", most) == (content[:most], len(content))
    with pytest.raises(ObjectNotFound, match="folder/b"):
        objects.beginning("folder/b", most)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_could_lead_elsewhere_is_refused_by_every_method(
    objects: ObjectStore, key: str, tmp_path: Path
) -> None:
    for attempt in (
        lambda: objects.put(key, b""),
        lambda: objects.put_new(key, b""),
        lambda: objects.get(key),
        lambda: objects.get_range(key, 0, 1),
        lambda: objects.get_ranges(key, [(0, 1)]),
        lambda: objects.beginning(key, 1),
        lambda: objects.open(key).__enter__(),
        lambda: objects.delete([key]),
        lambda: locate("/somewhere", key),
    ):
        with pytest.raises(InvalidItems, match="is not a key"):
            attempt()
    assert keys_of(objects) == []
    assert not (tmp_path / "escape").exists()


def test_put_replaces_and_put_new_does_not(objects: ObjectStore) -> None:
    assert objects.put_new("key", b"first")
    assert not objects.put_new("key", b"second")
    assert objects.get("key") == b"first"
    objects.put("key", b"third")
    assert objects.get("key") == b"third"


def test_of_many_that_put_new_at_once_exactly_one_succeeds(objects: ObjectStore) -> None:
    won: list[int] = []
    start = threading.Barrier(8)

    def attempt(number: int) -> None:
        start.wait()
        if objects.put_new("key", str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number).encode() for number in won] == [objects.get("key")]


def test_a_file_is_stored_unchanged(objects: ObjectStore, tmp_path: Path) -> None:
    content = os.urandom(12 << 20)
    (tmp_path / "file").write_bytes(content)
    objects.put("key", tmp_path / "file")
    assert objects.get("key") == content


def test_pieces_that_are_made_one_by_one_are_one_object_or_none(objects: ObjectStore) -> None:
    def pieces(*, broken: bool) -> Iterator[bytes]:
        yield b"one"
        yield bytes(12_000_000)
        if broken:
            raise RuntimeError("no more")
        yield b"end"

    assert objects.put_pieces("a/b", pieces(broken=False)) == 12_000_006
    assert objects.get("a/b") == b"one" + bytes(12_000_000) + b"end"
    with pytest.raises(RuntimeError, match="no more"):
        objects.put_pieces("a/c", pieces(broken=True))
    assert keys_of(objects) == ["a/b"]


def test_a_file_that_does_not_exist_is_named(objects: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidItems, match=r"no-such-file.* cannot be stored as 'key': it is not a file"):
        objects.put("key", tmp_path / "no-such-file")


def test_a_reader_never_sees_half_an_object(objects: ObjectStore) -> None:
    size = 4 << 20
    objects.put("key", b"a" * size)
    ended = threading.Event()

    def write() -> None:
        for _ in range(15):
            for letter in (b"b", b"a"):
                objects.put("key", letter * size)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        seen = objects.get("key")
        assert len(seen) == size
        assert seen in (b"a" * size, b"b" * size)
    writer.join()


def test_ranges_are_half_open_and_end_where_the_object_ends(objects: ObjectStore) -> None:
    objects.put("key", b"0123456789")
    assert objects.get_range("key", 0, 3) == b"012"
    assert objects.get_range("key", 8, 100) == b"89"
    assert objects.get_range("key", 4, 4) == b""
    with pytest.raises(StorageError, match="'key'"):
        objects.get_range("key", 20, 30)


def test_many_ranges_come_in_the_order_in_which_they_were_asked_for(objects: ObjectStore) -> None:
    objects.put("key", b"0123456789")
    assert objects.get_ranges("key", [(7, 10), (0, 2), (1, 4), (0, 2)]) == [b"789", b"01", b"123", b"01"]
    for ranges in ([(8, 12)], [(0, 2), (20, 30)]):
        with pytest.raises(StorageError, match=r"'key' .* has 10 bytes"):
            objects.get_ranges("key", ranges)


def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    objects.put("key", b"")
    assert objects.get("key") == b""
    with objects.open("key") as file:
        assert file.read() == b""
    assert [(info.key, info.size) for info in objects.list()] == [("key", 0)]


def test_a_list_has_the_keys_under_a_folder_only(objects: ObjectStore) -> None:
    for key in ("a/1", "a/b/2", "ab/3", "a.x"):
        objects.put(key, b"xy")
    assert keys_of(objects, "a/") == ["a/1", "a/b/2"]
    assert keys_of(objects, "missing/") == []
    assert {info.size for info in objects.list()} == {2}
    with pytest.raises(InvalidItems, match="is not a key"):
        keys_of(objects, "../")


def test_what_does_not_exist_is_not_found_and_can_be_deleted(objects: ObjectStore) -> None:
    objects.put("folder/file", b"")
    for key in ("nothing", "folder", "folder/nothing"):
        for attempt in (
            lambda key=key: objects.get(key),
            lambda key=key: objects.get_range(key, 0, 1),
            lambda key=key: objects.get_ranges(key, [(0, 1)]),
            lambda key=key: objects.open(key).__enter__(),
        ):
            with pytest.raises(ObjectNotFound, match=f"there is no object '{key}'"):
                attempt()
    objects.delete(["nothing", "folder/nothing"])
    assert keys_of(objects) == ["folder/file"]


def test_what_goes_wrong_while_a_file_is_used_is_not_taken_for_an_error_of_the_store(
    objects: ObjectStore,
) -> None:
    objects.put("key", b"data")
    with pytest.raises(FileNotFoundError, match="of the caller"), objects.open("key"):
        raise FileNotFoundError("of the caller")


LARGE = """
import resource, sys
from pathlib import Path
from skyburst.objects import open_store

objects = open_store(sys.argv[1], create=True)
objects.put("warm-up", b"x")
with objects.open("warm-up") as file:
    file.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
objects.put("large", Path(sys.argv[2]))
read = 0
with objects.open("large") as file:
    while data := file.read(1 << 20):
        read += len(data)
print(read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_object_is_stored_and_read_in_bounded_memory(tmp_path: Path) -> None:
    size = 400 << 20
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    ran = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path / "store"), str(tmp_path / "large")],
        capture_output=True,
        text=True,
        check=True,
    )
    read, grown_kib = map(int, ran.stdout.split())
    assert read == size
    assert grown_kib < 150 * 1024


@pytest.mark.parametrize("location", ["/no/such/folder", "ftp://host/folder", "memory:/typo"])
def test_a_location_that_is_none_is_refused(location: str) -> None:
    with pytest.raises(InvalidItems, match="is not a"):
        open_store(location)


@pytest.mark.parametrize(
    ("location", "opened"),
    [
        ("s3://bucket/lib/", "s3://bucket/lib"),
        ("s3://bucket/lib//", "s3://bucket/lib"),
        ("s3://bucket/", "s3://bucket"),
        ("file:///", "file:///"),
        ("memory://", "memory://"),
    ],
)
def test_a_slash_at_the_end_of_a_url_says_nothing(location: str, opened: str) -> None:
    assert open_store(location).location == opened


def test_a_folder_opened_again_has_what_was_stored(tmp_path: Path) -> None:
    first = open_store(tmp_path / "store", create=True)
    first.put("a/b", b"1")
    assert open_store(first.location).get("a/b") == b"1"
    assert Path(locate(first.location, "a/b")).read_bytes() == b"1"


def test_an_object_cut_short_under_a_reader_is_a_storage_error(tmp_path: Path) -> None:
    objects = open_store(tmp_path, create=True)
    objects.put("key", b"x" * (4 << 20))
    with objects.open("key") as file:
        assert file.read(10) == b"x" * 10
        os.truncate(tmp_path / "key", 5)
        with pytest.raises(StorageError, match="'key'"):
            file.read()


def test_http_without_encryption_is_refused_with_what_is_read() -> None:
    with pytest.raises(
        InvalidItems, match=r"'http://example\.org/a': data is read from s3:// and https:// only: give its"
    ):
        open_store("http://example.org/a")
