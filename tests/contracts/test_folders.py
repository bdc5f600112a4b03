"""What every folder does, on this machine and in a bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import skyburst
from skyburst.errors import InvalidItems, ObjectNotFound
from skyburst.objects import open_store

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
