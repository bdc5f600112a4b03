"""A search of an index stays within the memory of a worker, whatever the number and the size of its masks."""

from __future__ import annotations

import json
import subprocess
import sys
from weakref import WeakSet

import numpy as np
import pytest

import skyburst
from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.index import index_match
from examples.color_depth_search.index.index_match import IndexMatch
from examples.color_depth_search.index.lookups import Lookups
from examples.color_depth_search.index.shard import Shard
from examples.color_depth_search.masks import Mask, make_mask
from examples.color_depth_search.pixel_match import PixelMatch
from tests.color_depth.index.pictures import picture, write_shard

WIDTH, HEIGHT = 1210, 566
SETTINGS = {"data_threshold": 20, "tolerance": 0.02, "xy_shift": 2, "mirror": True}
SEARCH = """
import json, sys
import numpy as np
import skyburst
from examples.color_depth_search.index.index_match import IndexMatch
from examples.color_depth_search.index.shard import Shard
from examples.color_depth_search.masks import Mask
from skyburst.engine.work import limit_memory

limit_memory(1024)
folder, width, height, settings = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
stored = np.load(f"{folder}/masks.npz")
masks = [Mask("mask", width, height, *both) for both in zip(stored["positions"], stored["colours"], strict=True)]
match = IndexMatch(masks, negative=masks[0] if len(masks) > 1 else None, **settings)
found = match.scores(Shard(skyburst.open_folder(folder), "shard"))
print(json.dumps([[column.tolist() for column in scores] for _, scores in found]))
"""


@pytest.mark.parametrize(("count", "pixels"), [(1, 300_000), (50, 20_000)])
def test_masks_are_searched_in_the_memory_of_a_worker(tmp_path, count, pixels):
    rng = np.random.default_rng(7)
    images = [drawn(rng) for _ in range(2)]
    different = [mask_of(image, pixels, rng) for image in [images[0], *(drawn(rng) for _ in range(3))]][:count]
    masks = [different[number % len(different)] for number in range(count)]
    write_shard(tmp_path, images, threshold=20)
    np.savez(
        tmp_path / "masks.npz",
        positions=[mask.positions for mask in masks],
        colours=[mask.colours for mask in masks],
    )
    arguments = [str(tmp_path), str(WIDTH), str(HEIGHT), json.dumps(SETTINGS)]
    search = subprocess.run([sys.executable, "-c", SEARCH, *arguments], capture_output=True, text=True)
    assert search.returncode == 0, search.stderr
    match = PixelMatch(different, negative=masks[0] if count > 1 else None, **SETTINGS)
    expected = [match.scores(image[match.rows.start : match.rows.stop]) for image in images]
    found = json.loads(search.stdout)
    assert len(found) == count
    for number, columns in enumerate(found):
        of_mask = number % len(different)
        assert list(zip(*columns, strict=True)) == [tuple(of_image[of_mask]) for of_image in expected]


def test_lookups_beyond_the_budget_are_not_held(tmp_path, monkeypatch):
    alive: WeakSet[Lookups] = WeakSet()
    most = made = 0

    class Counted(Lookups):
        def __init__(self, *arguments, **named) -> None:
            nonlocal most, made
            super().__init__(*arguments, **named)
            alive.add(self)
            most, made = max(most, len(alive)), made + 1

    rng = np.random.default_rng(7)
    write_shard(tmp_path, [picture(rng, 60, 40)], threshold=20)
    masks = [make_mask(picture(rng, 60, 40), f"{number}", 20, ()) for number in range(5)]
    monkeypatch.setattr(index_match, "Lookups", Counted)
    monkeypatch.setattr(index_match, "PART", 10_000)
    monkeypatch.setattr(index_match, "KEPT_BYTES", 0)
    monkeypatch.setattr(index_match, "GROUP_BYTES", 0)
    match = IndexMatch(masks, **SETTINGS)
    for _ in range(2):
        assert len(list(match.scores(Shard(skyburst.open_folder(tmp_path), "shard")))) == 5
    assert made > 2 * 5  # each mask has several parts
    assert most <= 3  # the one that is counted, the one that did not fit beside it, and one that is made meanwhile


def drawn(rng: np.random.Generator) -> np.ndarray:
    """A picture (HEIGHT, WIDTH, 3) of colours of all depths, as a neuron has them that fills it."""
    depths = np.clip(np.arange(WIDTH) * 256 // WIDTH + rng.integers(-20, 21, (HEIGHT, WIDTH)), 0, 255)
    return (color_map()[depths] * rng.integers(60, 256, (HEIGHT, WIDTH, 1)) // 255).astype(np.uint8)


def mask_of(image: np.ndarray, pixels: int, rng: np.random.Generator) -> Mask:
    """So many pixels of an image, one after the other from a random place on."""
    whole = make_mask(image, "mask", 20, ())
    first = int(rng.integers(0, whole.pixels - pixels + 1))
    some = slice(first, first + pixels)
    return Mask("mask", WIDTH, HEIGHT, whole.positions[some], whole.colours[some])
