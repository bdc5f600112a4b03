"""Generated pictures look like published ones, and their planted matches are what the truth says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.color_depth_search.generate.brain import HEIGHT, WIDTH
from examples.color_depth_search.generate.color_map import color_map, shades
from examples.color_depth_search.generate.plan import Plan
from examples.color_depth_search.masks import DEFAULT_LABEL_BOXES, make_mask
from examples.color_depth_search.names import parse_name
from examples.color_depth_search.pixel_match import PixelMatch

PLAN = Plan(seed=3, masks=2, planted=9)
IMAGES = 60


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [PLAN.image(number) for number in range(IMAGES)]


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def unlabelled(picture: np.ndarray) -> np.ndarray:
    picture = picture.copy()
    picture[:100, :330] = 0
    picture[:90, -270:] = 0
    return picture


def signal_percent(picture: np.ndarray) -> float:
    return float((unlabelled(picture).max(axis=2) > 20).mean()) * 100


def coded(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, 3).astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)


def test_every_color_is_one_of_the_map_at_some_brightness(pictures):
    known = np.unique(coded(shades()))
    for picture in pictures:
        assert np.isin(np.unique(coded(unlabelled(picture))), known).all()


def test_the_picture_of_a_number_is_the_same_whatever_was_drawn_before(pictures):
    for number in (7, 2, 31):
        assert np.array_equal(PLAN.image(number), pictures[number])
    assert not np.array_equal(Plan(seed=4, masks=2, planted=9).image(7), pictures[7])


def test_beyond_the_planted_matches_pictures_depend_on_the_seed_alone(pictures):
    other = Plan(seed=3, masks=1, planted=2)
    assert np.array_equal(other.image(50), pictures[50])


def test_micrographs_have_about_as_much_signal_as_published_ones(pictures, color_depth_data):
    shares = [
        signal_percent(picture) for number, picture in enumerate(pictures) if not PLAN.image_name(number).electron
    ]
    assert 4 < np.median(shares) < 8
    published = [signal_percent(pixels_of(path)) for path in (color_depth_data / "library").iterdir()]
    low, high = np.percentile(shares, [5, 99])
    assert low < min(published)
    assert max(published) < high * 1.1


def test_micrographs_are_as_unevenly_bright_as_published_ones(pictures):
    brightness = np.concatenate(
        [unlabelled(picture).max(axis=2).ravel() for number, picture in enumerate(pictures) if number % 2]
    )
    signal = brightness[brightness > 20]
    assert 0.3 < (signal > 100).mean() < 0.7  # 0.48 and 0.66
    assert 0.08 < (signal > 250).mean() < 0.25  # 0.16 and 0.23


def test_masks_have_about_as_many_pixels_as_published_ones_and_no_labels():
    for number in range(12):
        picture = Plan(seed=1, masks=12, planted=1).mask_image(number)
        assert not picture[:90, -270:].any()
        assert set(np.unique(picture.max(axis=2)).tolist()) <= {0, 255}
        assert 3_000 < np.count_nonzero(picture.any(axis=2)) < 25_000  # 10,299 and 17,340


def test_depth_changes_little_between_neighbours():
    picture = PLAN.mask_image(0)
    colors = {tuple(color): index for index, color in enumerate(color_map().tolist())}
    colors[(0, 0, 0)] = -1
    depth = np.array([colors[tuple(pixel)] for pixel in picture.reshape(-1, 3).tolist()]).reshape(HEIGHT, WIDTH)
    both = (depth[:, 1:] >= 0) & (depth[:, :-1] >= 0)
    steps = np.abs(np.diff(depth, axis=1))[both]
    assert np.median(steps) <= 3


def test_labels_fill_their_boxes_and_nothing_else(pictures):
    for number, picture in enumerate(pictures[:10]):
        assert np.array_equal(picture[1:33, WIDTH - 257 : WIDTH - 1], np.broadcast_to(color_map(), (32, 256, 3)))
        name_box = picture[:100, :330]
        assert name_box.any()
        if PLAN.image_name(number).electron:
            assert not picture[90:100, :330].any()


def test_file_names_are_those_of_neuronbridge_and_unlike():
    names = [PLAN.image_name(number) for number in range(3000)]
    assert len({name.file for name in names}) == 3000
    styles = [parse_name(name.file)["type"] for name in names]
    assert [style == "EMImage" for style in styles] == [name.electron for name in names]
    assert 0.08 < styles.count("EMImage") / 3000 < 0.16
    light = parse_name(next(name.file for name in names if not name.electron))
    assert light.keys() >= {"published_name", "slide_code", "gender", "objective", "channel", "anatomical_area"}


def test_the_truth_lists_each_planted_image_once_with_kinds_in_turn():
    truth = PLAN.truth(1000)
    assert list(truth) == [PLAN.mask_name(mask).file for mask in range(2)]
    for matches in truth.values():
        assert [match["kind"] for match in matches] == ["jittered", "mirrored", "covered"] * 3
        assert all((match["missing"] > 0) == (match["kind"] == "covered") for match in matches)
    files = [match["file"] for matches in truth.values() for match in matches]
    assert len(set(files)) == 18
    assert files[0] == PLAN.image_name(1).file


def test_a_small_library_knows_only_the_planted_matches_that_it_holds():
    truth = PLAN.truth(6)
    held = {PLAN.image_name(number).file for number in range(6)}
    assert [len(matches) for matches in truth.values()] == [2, 1]
    assert {match["file"] for matches in truth.values() for match in matches} <= held


def test_planted_neurons_overlap_their_masks_as_the_truth_says(pictures):
    masks = [make_mask(PLAN.mask_image(mask), str(mask), 100, DEFAULT_LABEL_BOXES) for mask in range(2)]
    search = PixelMatch(masks, data_threshold=20, tolerance=0.02, xy_shift=4, mirror=True)
    rows = slice(search.rows.start, search.rows.stop)
    scores = [search.scores(picture[rows]) for picture in pictures]
    for mask in range(2):
        planted = {
            number: planting.copy
            for number in range(IMAGES)
            if (planting := PLAN.planting(number)) is not None and planting.mask == mask
        }
        others = [scores[number][mask].matching_ratio for number in range(IMAGES) if number not in planted]
        for number, copy in planted.items():
            score = scores[number][mask]
            assert score.matching_ratio > 3 * np.median(others)
            if copy.kind != "covered":
                assert score.mirrored == (copy.kind == "mirrored")
                assert score.matching_ratio > np.percentile(others, 90)
