"""The colour map of generated images is the published one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.color_depth_search.generate.color_map import (
    STACK_SLICES,
    color_map,
    color_of_slice,
    shades,
)

RED, GREEN, BLUE = range(3)
# First and last slice (1-based), largest channel, second channel, and whether their ratio rises with depth.
SEGMENTS = [
    (1, 30, BLUE, RED, False),
    (31, 86, BLUE, GREEN, True),
    (87, 128, GREEN, BLUE, False),
    (129, 171, GREEN, RED, True),
    (172, 213, RED, GREEN, False),
    (214, 256, RED, BLUE, True),
]


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_the_map_has_256_different_colors_from_violet_to_magenta():
    colors = color_map()
    assert colors.shape == (256, 3)
    assert len(np.unique(colors, axis=0)) == 256
    ends = {1: (127, 0, 255), 30: (90, 87, 255), 31: (89, 90, 255), 86: (0, 254, 255), 87: (3, 255, 252)}
    ends |= {171: (254, 255, 0), 172: (255, 252, 3), 228: (255, 84, 171), 229: (255, 81, 173), 256: (255, 0, 200)}
    assert {number: tuple(colors[number - 1].tolist()) for number in ends} == ends


@pytest.mark.parametrize(("first", "last", "largest", "second", "rising"), SEGMENTS)
def test_within_a_segment_the_ratio_of_the_two_largest_channels_tells_the_slice(first, last, largest, second, rising):
    segment = color_map()[first - 1 : last].astype(float)
    order = np.argsort(-segment, axis=1, kind="stable")
    assert (order[:, 0] == largest).all()
    assert (segment[:, second] >= np.delete(segment, [largest, second], axis=1)[:, 0]).all()
    ratio = segment[:, second] / segment[:, largest]
    assert (np.diff(ratio) > 0).all() if rising else (np.diff(ratio) < 0).all()


def test_the_map_is_the_color_scale_of_a_published_image(color_depth_data):
    for path in (color_depth_data / "library").iterdir():
        published = pixels_of(path)
        assert np.array_equal(published[15, 953:1209], color_map())


def test_a_published_reconstruction_has_no_colors_but_those_of_whole_slices(color_depth_data):
    published = pixels_of(color_depth_data / "masks" / "12191_JRC2018U.tif").reshape(-1, 3)
    whole = color_map()[color_of_slice(np.arange(STACK_SLICES + 1, dtype=np.float32))]
    used = np.unique(published[published.any(axis=1)], axis=0)
    assert {tuple(color) for color in used.tolist()} <= {tuple(color) for color in whole.tolist()}


def test_depths_outside_the_stack_take_the_nearest_slice():
    first, last = color_of_slice(np.array([-5, 900], np.float32)).tolist()
    assert (first, last) == (1, 255)


def test_a_shade_is_its_color_times_its_brightness():
    table = shades()
    assert np.array_equal(table[255 * 256 :], color_map())
    assert not table[:256].any()
    assert table[51 * 256 + 170].tolist() == [51, 51, 0]  # a fifth of (254, 255, 0), rounded
