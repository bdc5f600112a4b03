"""What keeps a search from using the index of a library, or from building it, is named; what it finds is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import skyburst
from examples.color_depth_search.index import build
from examples.color_depth_search.index.document import usable_index, why_not_used
from examples.color_depth_search.index.entries import Entries
from skyburst import folders
from skyburst.library import open_library, write_index
from tests.color_depth.index.indexed_site import HEIGHT, WIDTH, Site
from tests.conftest import need


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.index()
    return site


def reason(site: Site) -> str:
    """Why the images are searched, with which as much is found."""
    found, read = site.prepared(use_index=True)()
    assert read == {}
    assert found == site.prepared(use_index=False)()[0]
    why = usable_index(open_library(site.library), 40)
    assert isinstance(why, str)
    assert why_not_used(str(site.library), 40) == why
    return why


def assert_used(site: Site) -> None:
    assert site.prepared(use_index=True)()[1]["shards"]


def delete(chunk: Path) -> None:
    chunk.unlink()


def replace_by_a_folder(chunk: Path) -> None:
    chunk.unlink()
    chunk.mkdir()


def renumber(chunk: Path) -> None:
    data = chunk.read_bytes()
    assert b'"number":1' in data
    chunk.write_bytes(data.replace(b'"number":1', b'"number":0'))


@pytest.mark.parametrize("damage", [delete, renumber])
def test_a_list_of_items_that_is_damaged_is_named_and_written_again(site: Site, damage: Callable[[Path], None]) -> None:
    (chunk,) = (site.library / "index" / "items").rglob("*.json")
    damage(chunk)
    assert reason(site).startswith("the list of items of its index is damaged (")
    assert site.index()["built"] == 0
    assert_used(site)


def test_a_list_of_items_that_cannot_be_read_is_named(site: Site) -> None:
    (chunk,) = (site.library / "index" / "items").rglob("*.json")
    replace_by_a_folder(chunk)
    assert "its index" in reason(site)
    assert chunk.name in reason(site)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"format": 1}, "not one for color-depth searches"),
        (
            {"format": 1, "data_threshold": 20, "shard_images": 2, "shards": [{}], "items": {}, "before": []},
            "not one for",
        ),
        ({"parts": 3}, "has the format None"),
    ],
)
def test_an_index_of_another_kind_is_named_and_replaced(site: Site, content: dict[str, object], why: str) -> None:
    write_index(open_library(site.library), size_bytes=1, properties={}, content=content)
    assert why in reason(site)
    assert f"`skyburst library index {site.library}` builds it again" in reason(site)
    assert site.index()["published"]
    assert_used(site)


def test_an_index_that_is_a_link_out_of_the_library_is_named(site: Site, tmp_path: Path) -> None:
    (site.library / "index").rename(tmp_path / "elsewhere")
    (site.library / "index").symlink_to(tmp_path / "elsewhere")
    assert "leads out of the folder" in reason(site)


def test_why_an_index_was_not_used_is_asked_after_the_search(site: Site, tmp_path: Path) -> None:
    assert why_not_used(str(site.library), 40) == "it could not be used when the search began; now it can"
    assert why_not_used(str(tmp_path), 40) is None
    (site.library / "library.json").write_bytes(b"{")
    assert "library.json of the library" in (why_not_used(str(site.library), 40) or "")


def test_a_bucket_that_is_too_busy_is_no_damage(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    files = site.files()
    run = site.prepared(use_index=True)

    def refuse(*_: object) -> None:
        raise skyburst.StorageError("503 Slow Down")

    monkeypatch.setattr(folders._LocalFolder, "_parts", refuse)
    with pytest.raises(skyburst.StorageError, match="503"):
        run()
    with pytest.raises(skyburst.StorageError, match="503"):
        site.index()
    monkeypatch.undo()
    assert site.files() == files
    assert run()[1]["damaged"] == []


@pytest.mark.parametrize("name", ["entries-0", "stored"])
def test_a_full_temporary_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    need(Path("/dev/full").exists(), "there is no disk that is always full")
    site = Site(tmp_path)

    @contextmanager
    def full() -> Iterator[str]:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / name).symlink_to("/dev/full")
        yield str(tmp_path / "full")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", full)
        patch.setattr(build, "Entries", partial(Entries, kept=WIDTH * HEIGHT))
        with pytest.raises(skyburst.StorageFull, match=rf"disk of {tmp_path} is full.* TMPDIR .* disk_mb"):
            site.index()
    assert site.index()["published"]
