"""Random pictures of few pixels, and shards of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import skyburst
from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.index.entries import Entries
from examples.color_depth_search.index.grid import Grid
from examples.color_depth_search.index.shard import directory_name, entries_name
from examples.color_depth_search.index.shard_file import Directory, write_entries


def picture(rng: np.random.Generator, width: int, height: int, *, near: np.ndarray | None = None) -> np.ndarray:
    """Black, shades of the colour map, arbitrary colours and colours at the edges of the rules; parts of `near`."""
    kinds = rng.integers(0, 7, (height, width))
    around = rng.integers(0, 256)
    shades = color_map()[np.clip(around + rng.integers(-9, 10, (height, width)), 0, 255)] * rng.random(
        (height, width, 1)
    )
    wild = rng.integers(0, 256, (height, width, 3))
    edges = rng.choice([0, 1, 20, 21, 100, 101, 254, 255], (height, width, 3))
    image = np.select([(kinds == k)[..., None] for k in (0, 1, 2, 3)], [shades, shades, wild, edges], 0).astype(
        np.uint8
    )
    if near is not None:
        shifted = np.roll(near, rng.integers(-4, 5, 2), (0, 1))[:, :: rng.choice([-1, 1])]
        kept = rng.random((height, width)) < 0.7
        image[kept] = shifted[kept]
    return image


def write_shard(
    folder: Path,
    images: Sequence[np.ndarray],
    *,
    threshold: int,
    first: int = 0,
    kept: int = 1_000_000,
    name: str = "shard",
) -> Directory:
    """Write a shard of images, and return its directory."""
    height, width = images[0].shape[:2]
    folder.mkdir(parents=True, exist_ok=True)
    entries = Entries(Grid(width, height), threshold, folder, kept=kept)
    for number, image in enumerate(images):
        entries.add(number, image)
    file = folder / "made"
    directory = write_entries(
        file, entries.blocks(), size=(width, height), threshold=threshold, first=first, images=len(images)
    )
    stored = skyburst.open_folder(folder)
    stored.write(entries_name(name), file)
    stored.write(directory_name(name), directory.encode())
    return directory
