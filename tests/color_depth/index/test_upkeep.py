"""Whatever happens to a library and its index, searches find the same with it as without, and old files go away."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skyburst
from examples.color_depth_search.index.document import Index, read_index
from examples.color_depth_search.index.publish import summary
from skyburst import folders
from skyburst.library import Library
from tests.color_depth.index.indexed_site import Interrupted, Site


def named(index: Index) -> list[str]:
    """Files that an index and the one before have."""
    parts = {*index.parts, *index.before}
    shards = [f"{part}.{suffix}" for part in parts if part.startswith("shards/") for suffix in ("directory", "entries")]
    return sorted(["index.json", *shards, *(f"{part}/00/00000000.json" for part in parts if part.startswith("items/"))])


CHANGE = st.tuples(st.just("add"), st.integers(1, 3)) | st.tuples(st.just("remove"), st.integers(0, 20))
INDEX = st.tuples(st.just("index"), st.sampled_from([20, 20, 20, 40]))
INTERRUPT = st.tuples(st.sampled_from(["while it builds", "before it removes"]), st.integers(0, 2))


@settings(max_examples=12)
@given(steps=st.lists(CHANGE | INDEX | INTERRUPT, min_size=2, max_size=7))
def test_an_index_finds_what_the_images_have_and_older_ones_are_removed(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name))
        for what, value in [*steps, ("index", 20)]:
            match what:
                case "add":
                    site.add(value)
                case "remove":
                    site.remove(value)
                case "while it builds":
                    interrupt(site, after_shards=value)
                case "before it removes":
                    interrupt(site)
                    assert_finds_the_same(site)
                case "index":
                    running, without = site.prepared(use_index=True), site.prepared(use_index=False)()
                    site.index(value)
                    found, read = running()
                    assert found == without[0], "a search goes on that was planned before"
                    assert not read or read["damaged"] == []
                    assert_finds_the_same(site)
                    index = read_index(str(site.library))
                    assert isinstance(index, Index)
                    assert site.files() == named(index)


def interrupt(site: Site, *, after_shards: int | None = None) -> None:
    """End the building of an index after some shards, or at the latest before files are removed."""

    def end(*_: object) -> None:
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders._LocalFolder, "_delete", end)
        with pytest.raises(Interrupted):
            site.index(after_shards=after_shards)


def assert_finds_the_same(site: Site) -> None:
    found, read = site.prepared(use_index=True)()
    assert (read["damaged"], read["shards"] > 0) == ([], True)
    assert found == site.prepared(use_index=False)()[0]


def test_when_files_cannot_be_removed_the_index_is_in_use_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    for threshold in (20, 30):
        assert site.index(threshold)["outdated"] == 0
    of_first = {name for name in site.files() if name.startswith("items/")}

    def refuse(*_: object) -> None:
        raise skyburst.StorageError("access denied")

    with monkeypatch.context() as patch:
        patch.setattr(folders._LocalFolder, "_delete", refuse)
        published = site.index(40)
    assert (published["published"], published["outdated"]) == (True, 5)
    assert published["not_removed"] == "access denied"
    assert of_first < set(site.files())
    assert_finds_the_same(site)
    again = site.index(40)
    assert (again["outdated"], again["not_removed"]) == (5, None)
    assert not of_first < set(site.files())


def test_an_index_that_is_published_again_keeps_the_one_before_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.index(20)
    site.index(30)
    files = site.files()
    assert site.index(30)["outdated"] == 0
    assert site.files() == files


def test_what_no_index_wrote_is_not_removed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.index()
    for name in ("index/notes.txt", "index/shards/notes.txt", "index/items/list.json"):
        skyburst.open_folder(site.library).write(name, b"mine")
    assert site.index()["outdated"] == 0


def test_an_index_that_another_job_published_meanwhile_keeps_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    site.index(20)
    with pytest.raises(Interrupted):
        site.index(40, after_shards=1)  # what the other job has so far
    store = Index.store

    def overtaken(index: Index, library: Library) -> None:
        store(index, library)
        monkeypatch.undo()
        site.index(40)

    monkeypatch.setattr(Index, "store", overtaken)
    published = site.index(30)
    assert published["published"]
    assert "another job published an index" in published["not_removed"]
    assert_finds_the_same(site)
    index = read_index(str(site.library))
    assert isinstance(index, Index)
    assert index.data_threshold == 40
    assert site.index(40)["not_removed"] is None
    assert site.files() == named(index)


def test_shards_that_another_job_removed_meanwhile_are_missed_before_the_index_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    site.index(20)
    document = (site.library / "index" / "index.json").read_bytes()
    read = folders._LocalFolder.files
    monkeypatch.setattr(
        folders._LocalFolder,
        "files",
        lambda folder: (file for file in read(folder) if not file.name.startswith("shards")),
    )
    with pytest.raises(ValueError, match=r"shards/.* was removed while the index was built, by another job"):
        site.index(30)
    assert (site.library / "index" / "index.json").read_bytes() == document


def test_one_shard_is_counted_as_one() -> None:
    shard = {"images": 1, "entries": 1, "size_bytes": 5, "library_bytes": 5, "built": True}
    assert summary([shard], {"data_threshold": 20}) == [
        "1 shard of 1 image: 1 built, 0 there already",
        "0 MB, 1.00 times the images: 1 pixel above 20",
    ]
    assert summary([shard, shard], {"data_threshold": 20})[0].startswith("2 shards of 2 images")
