"""Whatever happens to a library and its index, searches find the same with it as without, and old files go away."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import skyburst
from examples.color_depth_search.index.build import build_shards
from examples.color_depth_search.index.document import Index, read_index
from examples.color_depth_search.index.plan import list_shards
from examples.color_depth_search.index.publish import all_shards, publish, summary
from examples.color_depth_search.items import list_images
from examples.color_depth_search.search import search
from skyburst import folders
from skyburst.library import build_library, numbered_items, open_library, remove_items
from skyburst.loading import load_function
from skyburst.manifest import ItemReader
from tests.color_depth.index.pictures import picture
from tests.conftest import REPOSITORY

WIDTH, HEIGHT = 20, 12
SHARD_IMAGES = 2
load_describe = partial(load_function, REPOSITORY / "examples" / "color_depth_search", "library:describe")


class Interrupted(BaseException):
    """The program ends here."""


class Site:
    """A library, its index, and a mask to search for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = folder / "library"
        self._names = itertools.count()
        self.mask = picture(np.random.default_rng(5), WIDTH, HEIGHT)
        Image.fromarray(self.mask).save(folder / "mask.png")
        self.add(3)

    def add(self, count: int) -> None:
        """Add images, most of which look like the mask."""
        source = self.folder / f"source-{next(self._names)}"
        source.mkdir()
        for _ in range(count):
            number = next(self._names)
            image = picture(np.random.default_rng(number), WIDTH, HEIGHT, near=self.mask if number % 4 else None)
            Image.fromarray(image).save(source / f"{number}.png")
        build_library(source, self.library, load_describe, analysis="color-depth-search", processes=1)

    def remove(self, nth: int) -> None:
        """Remove an item, unless it is the last one."""
        ids = [each.item.id for each in numbered_items(open_library(self.library)) if not each.removed]
        if len(ids) > 1:
            remove_items(self.library, [ids[nth % len(ids)]])

    def index(self, threshold: int = 20, *, after_shards: int | None = None) -> dict[str, Any]:
        """Do what a job does that builds the index, in this process; maybe end after some shards."""
        parameters = {
            "library": str(self.library), "shard_images": SHARD_IMAGES, "data_threshold": threshold, "verify": True,
        }  # fmt: skip
        partials = []
        for number, item in enumerate(list_shards(parameters, skyburst.ItemsContext(job_id="job"))):
            if number == after_shards:
                raise Interrupted
            batch = skyburst.Batch(number, number, number + 1, [item], parameters, context(None))
            partials.append(skyburst.PartialResult.of(list(build_shards(batch))))
        finish = skyburst.FinishContext(
            job_id="job", name=None, parameters=parameters, items=len(partials), items_location=None, missing=[],
            item_errors=[], opener=lambda name: (self.folder / name).open("wb"),
        )  # fmt: skip
        shards = all_shards(iter(partials))
        assert 1 <= len(summary(shards, parameters)) <= 5
        published: dict[str, Any] = publish(shards, finish)
        return published

    def prepared(self, *, use_index: bool) -> Callable[[], tuple[list[Any], dict[str, Any]]]:
        """A search that was planned and did not run yet; it gives what it finds and what it read of the index."""
        parameters = {
            "mask": str(self.folder / "mask.png"), "library": str(self.library), "mask_threshold": 20,
            "data_threshold": 40, "pix_color_fluctuation": 2.0, "xy_shift": 2, "mirror_mask": True,
            "min_matching_pix_ratio": 0, "max_results_per_mask": -1, "label_boxes": [], "negative_mask": None,
            "use_index": use_index,
        }  # fmt: skip
        listed = list_images(parameters, skyburst.ItemsContext(job_id="job"))
        manifest = listed.items if isinstance(listed, skyburst.Items) else listed
        assert isinstance(manifest, skyburst.Manifest)

        def run() -> tuple[list[Any], dict[str, Any]]:
            items = ItemReader(manifest).read(0, manifest.count)
            batch = skyburst.Batch(0, 0, len(items), items, parameters, context(manifest.location))
            found = search(batch)
            read = found.pop()["read"] if isinstance(listed, skyburst.Items) else {}
            return sorted(found, key=lambda match: str(match["item"]["key"])), read

        return run

    def files(self) -> list[str]:
        """Names of the files of the index."""
        folder = self.library / "index"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def context(items_location: str | None) -> skyburst.Context:
    return skyburst.Context("job", 1, math.inf, items_location, {})


def named(index: Index) -> list[str]:
    """Files that an index and the one before have."""
    parts = {*index.parts, *index.before}
    shards = [f"{part}.{suffix}" for part in parts if part.startswith("shards/") for suffix in ("directory", "entries")]
    return sorted(["index.json", *shards, *(f"{part}/00/00000000.json" for part in parts if part.startswith("items/"))])


CHANGE = st.tuples(st.just("add"), st.integers(1, 3)) | st.tuples(st.just("remove"), st.integers(0, 20))
INDEX = st.tuples(st.just("index"), st.sampled_from([20, 20, 20, 40]))
INTERRUPT = st.tuples(st.sampled_from(["while it builds", "before it removes"]), st.integers(0, 2))


@settings(max_examples=12, deadline=None)
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
