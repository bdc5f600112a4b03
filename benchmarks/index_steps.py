"""Where the time of searching one shard goes, measured within one process."""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path
from time import thread_time

import numpy as np

import skyburst
from examples.color_depth_search.images import read_image
from examples.color_depth_search.index.counting import count_matches
from examples.color_depth_search.index.document import SHARDS, Index, read_index
from examples.color_depth_search.index.grid import Grid
from examples.color_depth_search.index.lookups import Lookups
from examples.color_depth_search.index.shard import Shard
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask
from skyburst.manifest import ItemReader

SHARDS_MEASURED = 8


def steps_of_a_shard(library: Path, mask: Path, parameters: dict[str, float]) -> dict[str, float]:
    """Mean milliseconds of each step, of one thread's time on a processor; reading from the file cache."""
    index = read_index(str(library))
    assert isinstance(index, Index), index
    reader = ItemReader(index.manifest(str(library)))
    shards = skyburst.open_folder(f"{library}/{SHARDS}")
    steps: dict[str, list[float]] = defaultdict(list)
    before = thread_time()

    def step(name: str) -> None:
        nonlocal before
        now = thread_time()
        steps[name].append(1000 * (now - before))
        before = now

    image = read_image(mask.read_bytes(), mask.name)
    made = make_mask(image, mask.name, int(parameters["mask_threshold"]), DEFAULT_LABEL_BOXES)
    step("once: read the mask")
    threshold = int(parameters["data_threshold"])
    lookups = Lookups(
        made, Grid(made.width, made.height), parameters["pix_color_fluctuation"] / 100,
        data_threshold=threshold, xy_shift=2, mirror=True,
    )  # fmt: skip
    step("once: find what to look up")
    for number, described in enumerate(index.shards[:SHARDS_MEASURED]):
        reader.read(number * index.shard_images, (number + 1) * index.shard_images)
        step("read the items")
        shard = Shard(shards, described["name"])
        step("open the shard")
        blocks = shard.read(lookups.blocks)
        step("read and check the blocks")
        count_matches(lookups, blocks, np.arange(lookups.blocks.size), shard.header.images, None).max(axis=0)
        step("look up and count")
    return {name: statistics.mean(values) for name, values in steps.items()}
