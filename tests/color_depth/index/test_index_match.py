"""Scores of an index are those of the images, whatever is searched for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import skyburst
from examples.color_depth_search.images import read_image
from examples.color_depth_search.index import index_match
from examples.color_depth_search.index.index_match import IndexMatch
from examples.color_depth_search.index.shard import Shard
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask
from examples.color_depth_search.pixel_match import PixelMatch, Score
from tests.color_depth.index.pictures import picture, write_shard

SETTINGS = {"data_threshold": 20, "tolerance": 0.01, "xy_shift": 2, "mirror": True}


def from_index(folder: Path, masks, **arguments) -> list[list[Score]]:
    """The scores of each image, of each mask."""
    shard = Shard(skyburst.open_folder(folder), "shard")
    scores = dict(IndexMatch(masks, **arguments).scores(shard))
    columns = [zip(*(column.tolist() for column in scores[number]), strict=True) for number in range(len(masks))]
    return [[Score(*fields) for fields in of_image] for of_image in zip(*columns, strict=True)]


def from_images(images, masks, **arguments) -> list[list[Score]]:
    match = PixelMatch(masks, **arguments)
    return [match.scores(image[match.rows.start : match.rows.stop]) for image in images]


@settings(max_examples=120)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, 70),
    height=st.integers(1, 50),
    count=st.integers(1, 12),
    mask_threshold=st.sampled_from([0, 20, 100, 254]),
    floor=st.sampled_from([0, 20, 100, 254]),
    above=st.sampled_from([0, 1, 80]),
    percent=st.one_of(st.sampled_from([0, 1, 2, 3, 5]), st.floats(0, 10)),
    xy_shift=st.sampled_from([0, 2, 4]),
    mirror=st.booleans(),
    masks=st.integers(1, 3),
    with_negative=st.booleans(),
    boxes=st.sampled_from([(), ((0, 0, 5, 3),), ((0, 0, 4, 2), (-3, 0, None, 2))]),
    limits=st.sampled_from([{}, {"PART": 2_000}, {"PART": 2_000, "KEPT_BYTES": 50_000, "READ_BYTES": 300_000}]),
)
def test_scores_are_those_of_the_images_to_the_last_bit(
    seed, width, height, count, mask_threshold, floor, above, percent, xy_shift, mirror, masks, with_negative, boxes,
    limits,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    first = picture(rng, width, height)
    images = [picture(rng, width, height, near=first if rng.random() < 0.5 else None) for _ in range(count)]
    made = [
        make_mask(first if number == 0 else picture(rng, width, height), f"{number}", mask_threshold, boxes)
        for number in range(masks)
    ]
    arguments = {
        "data_threshold": min(255, floor + above),
        "tolerance": percent / 100,
        "xy_shift": xy_shift,
        "mirror": mirror,
        "negative": make_mask(picture(rng, width, height), "not", mask_threshold, boxes) if with_negative else None,
    }
    assume(all(mask.pixels for mask in made))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():  # so low that masks are cut into many parts, and parts read several times
            patch.setattr(index_match, name, value)
        write_shard(Path(folder), images, threshold=floor)
        assert from_index(Path(folder), made, **arguments) == from_images(images, made, **arguments)


def test_real_images_have_the_published_scores(color_depth_data, tmp_path):
    paths = sorted((color_depth_data / "library").iterdir())
    images = [read_image(path.read_bytes(), path.name) for path in paths]
    write_shard(tmp_path, images, threshold=20)
    path = color_depth_data / "masks" / "12191_JRC2018U.tif"
    mask = make_mask(read_image(path.read_bytes(), path.name), path.name, 20, DEFAULT_LABEL_BOXES)
    found = {
        path.name.split("_")[0]: (score.matching_pixels, score.mirrored)
        for path, (score,) in zip(paths, from_index(tmp_path, [mask], **SETTINGS), strict=True)
    }
    assert found["VT033614"] == (439, False)
    assert found["VT016795"] == (426, True)


def test_masks_that_do_not_fit_into_memory_together_score_the_same(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    images = [picture(rng, 60, 40) for _ in range(5)]
    masks = [make_mask(picture(rng, 60, 40), f"{number}", 20, ()) for number in range(4)]
    write_shard(tmp_path, images, threshold=20)
    together = from_index(tmp_path, masks, **SETTINGS)
    # nothing is kept, each mask reads for itself, and each block by itself
    monkeypatch.setattr(index_match, "KEPT_BYTES", 0)
    monkeypatch.setattr(index_match, "READ_BYTES", 0)
    assert from_index(tmp_path, masks, **SETTINGS) == together == from_images(images, masks, **SETTINGS)


def test_masks_share_what_they_read(tmp_path):
    rng = np.random.default_rng(5)
    write_shard(tmp_path, [picture(rng, 200, 100) for _ in range(5)], threshold=20)
    mask = make_mask(picture(rng, 200, 100), "mask", 20, ())
    traffic = []
    for masks in ([mask], [mask] * 3):
        shard = Shard(skyburst.open_folder(tmp_path), "shard")
        list(IndexMatch(masks, **SETTINGS).scores(shard))
        traffic.append(shard.traffic)
    assert traffic[0] == traffic[1]


@pytest.mark.parametrize(
    ("arguments", "size", "reason"),
    [
        ({"data_threshold": 19}, (60, 40), "pixels above 20, and data_threshold is 19"),
        ({"data_threshold": 20}, (40, 60), "images of 60 x 40 pixels"),
    ],
)
def test_a_shard_does_not_answer_for_what_it_does_not_have(tmp_path, arguments, size, reason):
    rng = np.random.default_rng(5)
    write_shard(tmp_path, [picture(rng, 60, 40)], threshold=20)
    mask = make_mask(picture(rng, *size), "mask", 20, ())
    with pytest.raises(ValueError, match=reason):
        list(IndexMatch([mask], tolerance=0.02, **arguments).scores(Shard(skyburst.open_folder(tmp_path), "shard")))
