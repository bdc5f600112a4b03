"""What every folder does, on this machine and in a bucket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import skyburst
from skyburst.errors import InvalidItems, ObjectNotFound, StorageError, StorageFull
from skyburst.objects import open_store
from skyburst.reading import read_location

Make = Callable[[Mapping[str, bytes]], str]
FILES = {
    "b.txt": b"bb",
    "a/deep/er/ä & ö.txt": b"deep",
    "a-b.txt": b"dash",
    "a.txt": b"dot",
    "a/z.txt": b"z",
    "a0.txt": b"",
    ".hidden": b"x",
    "a/.git/config": b"x",
}
IN_ORDER = ["a-b.txt", "a.txt", "a/deep/er/ä & ö.txt", "a/z.txt", "a0.txt", "b.txt"]


@pytest.fixture(params=["here", "in a bucket"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a folder of files; its location."""
    if request.param == "here":

        def make_here(files: Mapping[str, bytes]) -> str:
            for name, data in files.items():
                path = tmp_path / "folder" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return str(tmp_path / "folder")

        return make_here
    bucket: str = request.getfixturevalue("bucket")

    def make_there(files: Mapping[str, bytes]) -> str:
        objects = open_store(bucket)
        for name, data in {**files, "../folder2/not in it.txt": b""}.items():
            objects.put(f"folder/{name}".replace("folder/../", ""), data)
        return f"{bucket}/folder"

    return make_there


def test_files_come_by_name_in_one_order_wherever_the_folder_is(make: Make) -> None:
    location = make(FILES)
    folder = skyburst.open_folder(location)
    assert [file.name for file in folder.files()] == IN_ORDER
    assert [file.size for file in folder.files()] == [len(FILES[name]) for name in IN_ORDER]
    assert sorted(file.name for file in folder.files(hidden=True)) == sorted(FILES)
    assert not folder.is_file
    context = skyburst.ItemsContext(job_id="job")
    for file in folder.files():
        assert folder.has(file.name)
        assert context.read(file.location) == folder.read(file.name) == FILES[file.name]
    assert [file.name for file in skyburst.open_folder(f"{location}/a/").files()] == ["deep/er/ä & ö.txt", "z.txt"]


def test_a_file_is_read_from_anywhere_in_it(make: Make) -> None:
    data = bytes(range(256)) * 10_000
    folder = skyburst.open_folder(make({"large.bin": data}))
    with folder.open("large.bin") as file:
        assert file.read(3) == data[:3]
        file.seek(2_000_001)
        assert file.tell() == 2_000_001
        assert file.read(100_000) == data[2_000_001:2_100_001]
        file.seek(7)
        assert file.read() == data[7:]
        file.seek(-5, 2)
        assert file.read() == data[-5:]


def test_a_single_file_is_a_folder_of_one(make: Make) -> None:
    alone = skyburst.open_folder(f"{make(FILES)}/a/deep/er/ä & ö.txt")
    assert alone.is_file
    [file] = alone.files()
    assert (file.name, file.size, file.location) == ("ä & ö.txt", 4, alone.location)
    assert alone.read(file.name) == b"deep"
    with alone.open(file.name) as opened:
        assert opened.read() == b"deep"
    assert alone.has(file.name)
    assert not alone.has("other.txt")
    with pytest.raises(ObjectNotFound, match=r"'other\.txt'"):
        alone.open("other.txt").__enter__()


def test_what_is_not_there_is_named(make: Make) -> None:
    location = make(FILES)
    folder = skyburst.open_folder(location)
    assert not folder.has("gone.txt")
    for name in ("gone.txt", "a", "a.txt/x"):
        with pytest.raises(ObjectNotFound, match=name):
            folder.read(name)
        with pytest.raises(ObjectNotFound, match=name):
            folder.open(name).__enter__()
    with pytest.raises(InvalidItems, match=r"there is no file or folder .*/gone"):
        list(skyburst.open_folder(f"{location}/gone").files())


@pytest.mark.parametrize("name", ["../folder2/not in it.txt", "a/../../x", "/etc/passwd"])
def test_a_name_that_leads_out_of_the_folder_is_refused(make: Make, name: str) -> None:
    folder = skyburst.open_folder(make(FILES))
    for attempt in (folder.read, folder.has, lambda name: folder.open(name).__enter__()):
        with pytest.raises(InvalidItems):
            attempt(name)


def test_ranges_of_a_file_come_in_the_order_in_which_they_were_asked_for(make: Make) -> None:
    data = os.urandom(3 << 20)
    folder = skyburst.open_folder(make({"a/large.bin": data, "empty": b""}))
    ranges = [(2 << 20, 3 << 20), (0, 7), (5, 5), (5, 12), (1 << 20, 2 << 20), (5, 12), (len(data) - 1, len(data))]
    assert folder.read_ranges("a/large.bin", ranges) == [data[start:end] for start, end in ranges]
    many = [(number * 1000, number * 1000 + 10) for number in range(200)][::-1]
    assert folder.read_ranges("a/large.bin", many) == [data[start:end] for start, end in many]
    assert folder.read_ranges("a/large.bin", []) == []
    assert folder.read_ranges("empty", [(0, 0)]) == [b""]
    assert skyburst.open_folder(f"{folder.location}/a/large.bin").read_ranges("large.bin", [(1, 3)]) == [data[1:3]]


@pytest.mark.parametrize("ranges", [[(8, 11)], [(10, 11)], [(50, 60)], [(0, 2), (8, 12)], [(0, 2), (50, 60)]])
def test_a_range_beyond_the_end_of_a_file_is_named(make: Make, ranges: list[tuple[int, int]]) -> None:
    folder = skyburst.open_folder(make({"short.bin": b"0123456789"}))
    start, end = ranges[-1]
    with pytest.raises(
        StorageError, match=rf"short\.bin.* has 10 bytes, .* from {start} to {end} .*: it was cut short"
    ):
        folder.read_ranges("short.bin", ranges)


@pytest.mark.parametrize("wanted", [(3, 2), (-1, 2), (-3, -1)])
def test_a_range_that_is_none_is_refused(make: Make, wanted: tuple[int, int]) -> None:
    with pytest.raises(InvalidItems, match=r"'a\.txt': expected a range of bytes"):
        skyburst.open_folder(make(FILES)).read_ranges("a.txt", [(0, 1), wanted])


def test_ranges_of_what_is_not_there_are_not_found(make: Make) -> None:
    folder = skyburst.open_folder(make(FILES))
    for name in ("gone.txt", "a", "a.txt/x"):
        with pytest.raises(ObjectNotFound, match=name):
            folder.read_ranges(name, [(0, 1)])
    with pytest.raises(InvalidItems):
        folder.read_ranges("../folder2/not in it.txt", [(0, 1)])


def test_what_is_written_is_read_listed_and_written_over(make: Make, tmp_path: Path) -> None:
    folder = skyburst.open_folder(f"{make({})}/new/one")
    folder.write("b/deep/ä.bin", b"first")
    folder.write("a.bin", b"")
    folder.write("b/deep/ä.bin", b"the second")
    large = os.urandom(12 << 20)
    (tmp_path / "large").write_bytes(large)
    folder.write("c.bin", tmp_path / "large")
    again = skyburst.open_folder(folder.location)
    assert [(file.name, file.size) for file in again.files()] == [
        ("a.bin", 0),
        ("b/deep/ä.bin", 10),
        ("c.bin", 12 << 20),
    ]
    assert again.read("b/deep/ä.bin") == b"the second"
    assert again.read("c.bin") == large


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "", "a//b", "a/", "new\nline", "half#1"])
def test_a_name_under_which_nothing_can_be_written_is_refused(make: Make, name: str) -> None:
    folder = skyburst.open_folder(make(FILES))
    with pytest.raises(InvalidItems, match="is not a key"):
        folder.write(name, b"data")
    assert [file.name for file in folder.files()] == IN_ORDER


def test_what_is_deleted_is_gone_and_what_is_not_there_is_no_error(make: Make) -> None:
    folder = skyburst.open_folder(make(FILES))
    folder.delete(["a.txt", "gone.txt", "a/deep/er/ä & ö.txt", "a.txt", "a/z.txt/x", "a", "gone/too.txt"])
    assert [file.name for file in folder.files()] == [
        name for name in IN_ORDER if name not in ("a.txt", "a/deep/er/ä & ö.txt")
    ]
    assert not folder.has("a.txt")
    folder.delete(iter(["a/z.txt"]))
    folder.delete([])
    assert not folder.has("a/z.txt")
    folder.write("a/z.txt", b"again")
    assert folder.read("a/z.txt") == b"again"


@pytest.mark.parametrize("name", ["../folder2/not in it.txt", "a/../../x", "/etc/x", "", "a//b", "a/", "half#1"])
def test_a_name_under_which_nothing_can_be_deleted_is_refused_and_nothing_is_deleted(make: Make, name: str) -> None:
    folder = skyburst.open_folder(make(FILES))
    with pytest.raises(InvalidItems, match="is not a key"):
        folder.delete(["a.txt", name])
    assert [file.name for file in folder.files()] == IN_ORDER


def test_nothing_is_deleted_in_a_single_file_nor_by_a_name_that_is_no_list(make: Make) -> None:
    location = make(FILES)
    with pytest.raises(InvalidItems, match=r"is a file, not a folder"):
        skyburst.open_folder(f"{location}/a.txt").delete(["a.txt"])
    with pytest.raises(InvalidItems, match=r"'b\.txt' is one name: give a list"):
        skyburst.open_folder(location).delete("b.txt")
    assert [file.name for file in skyburst.open_folder(location).files()] == IN_ORDER


def test_nothing_is_written_into_a_single_file_nor_from_what_is_none(make: Make, tmp_path: Path) -> None:
    location = make(FILES)
    with pytest.raises(InvalidItems, match=r"is a file, not a folder"):
        skyburst.open_folder(f"{location}/a.txt").write("a.txt", b"data")
    with pytest.raises(InvalidItems, match=r"gone.* cannot be written as 'new\.txt': it is not a file"):
        skyburst.open_folder(location).write("new.txt", tmp_path / "gone")


def test_who_reads_while_a_file_is_written_never_sees_half_of_it(make: Make) -> None:
    size = 2 << 20
    folder = skyburst.open_folder(make({"file": b"a" * size}))
    ended = threading.Event()

    def write() -> None:
        for letter in (b"b", b"a") * 5:
            folder.write("file", letter * size)
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        seen = skyburst.open_folder(folder.location).read("file")
        assert seen in (b"a" * size, b"b" * size)
    writer.join()


def test_what_cannot_be_written_on_this_machine_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = skyburst.open_folder(tmp_path / "folder")
    folder.write("a.txt", b"old")
    for attempt, reason in (("a.txt/b", "Not a directory|File exists"), (".", "is not a key")):
        with pytest.raises((StorageError, InvalidItems), match=reason):
            folder.write(attempt, b"new")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    (tmp_path / "data").write_bytes(b"new")
    with pytest.raises(StorageFull, match=r"a\.txt"):
        folder.write("a.txt", tmp_path / "data")
    assert folder.read("a.txt") == b"old"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a.txt"]


def test_what_cannot_be_deleted_on_this_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = skyburst.open_folder(tmp_path)
    folder.write("a/b.txt", b"b")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match=r"a/b\.txt cannot be deleted: Permission denied"):
        folder.delete(["a/b.txt"])


def test_nothing_is_deleted_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text("a")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "b.txt").write_text("b")
    with pytest.raises(InvalidItems, match="leads out of the folder"):
        skyburst.open_folder(tmp_path / "inside").delete(["b.txt", "link/a.txt"])
    assert (tmp_path / "outside" / "a.txt").exists()
    assert (tmp_path / "inside" / "b.txt").exists()


def test_nothing_is_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidItems, match="leads out of the folder"):
        skyburst.open_folder(tmp_path / "inside").write("link/a.txt", b"data")
    assert not list((tmp_path / "outside").iterdir())


def test_links_stay_within_the_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "a.txt").write_text("a")
    (inside / "within.txt").symlink_to(inside / "a.txt")
    (inside / "out.txt").symlink_to(outside / "a.txt")
    (inside / "gone.txt").symlink_to(inside / "nothing")
    (inside / "around").symlink_to(inside)
    (tmp_path / "link").symlink_to(inside)
    folder = skyburst.open_folder(tmp_path / "link")
    assert [file.name for file in folder.files()] == ["a.txt", "within.txt"]
    assert folder.read("within.txt") == b"a"
    with pytest.raises(InvalidItems, match="leads out of the folder"):
        folder.read("out.txt")


def test_a_bucket_itself_is_a_folder(bucket: str) -> None:
    open_store(bucket).put("a/b.txt", b"b")
    folder = skyburst.open_folder(bucket)
    assert [file.name for file in folder.files()] == ["a/b.txt"]
    assert folder.read("a/b.txt") == b"b"
    assert not folder.is_file


def test_what_is_a_pipe_or_a_device_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    folder = skyburst.open_folder(tmp_path)
    assert list(folder.files()) == []
    for name in ("pipe", "socket"):
        assert not folder.has(name)
        for read in (folder.open, folder.read, lambda name: folder.read_ranges(name, [(0, 1)])):
            with pytest.raises(ObjectNotFound, match=f"there is no file '{name}'"):
                read(name)
    for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero")):
        with pytest.raises(FileNotFoundError, match="is no file but"):
            read_location(str(path))
    with pytest.raises(IsADirectoryError):
        read_location(str(tmp_path))
