"""A library of few small images, its index, and searches of it, all in this process."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import skyburst
from examples.color_depth_search.index.build import build_shards
from examples.color_depth_search.index.plan import list_shards
from examples.color_depth_search.index.publish import all_shards, publish, summary
from examples.color_depth_search.items import list_images
from examples.color_depth_search.search import search
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
