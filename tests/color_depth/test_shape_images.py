"""The images that are derived from one: equal to the published ones, and to a slow second implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.images import read_image
from examples.color_depth_search.shape.shape_files import decode_gradient
from examples.color_depth_search.shape.shape_images import make_shape_images, without_labels
from tests.color_depth import shape_reference

NAMES = ["VT033614_127B01_AE_01-20171124_64_H6-f-CH2_01", "VT016795_115C08_AE_01-20200221_61_I2-m-CH1_01"]
BOXES = ((0, 0, 330, 100), (1210 - 270, 0, 1210, 90))


def target(folder, name: str) -> np.ndarray:
    return read_image((folder / "library" / f"{name}.tif").read_bytes(), name)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_real_image_is_the_published_one(color_depth_data, name):
    published = (color_depth_data / "gradients" / f"{name}.png").read_bytes()
    expected = decode_gradient(published, name, size=(1210, 566))
    gradient = make_shape_images(target(color_depth_data, name)).gradient
    assert (gradient == expected).all()
    assert gradient.max() > 500


@pytest.mark.parametrize("name", NAMES)
def test_the_z_gap_of_a_real_image_is_the_largest_colour_of_each_disk(color_depth_data, name):
    image = target(color_depth_data, name)
    z_gap = make_shape_images(image).z_gap
    image = image.copy()
    for x0, y0, x1, y1 in BOXES:
        image[y0:y1, x0:x1] = 0
    image[(image <= 20).all(axis=2)] = 0
    padded = np.pad(image, ((20, 20), (20, 20), (0, 0)))
    offsets = np.arange(-20, 21)
    reach = np.array([math.isqrt(401 - dy * dy) for dy in offsets.tolist()])
    disk = np.abs(offsets) <= reach[:, None]
    rng = np.random.default_rng(0)
    lit_y, lit_x = np.nonzero(image.any(axis=2))
    near = rng.integers(0, lit_y.size, 300)
    ys = np.clip(lit_y[near] + rng.integers(-25, 26, 300), 0, 565)
    xs = np.clip(lit_x[near] + rng.integers(-25, 26, 300), 0, 1209)
    for y, x in zip(ys.tolist(), xs.tolist(), strict=True):
        assert z_gap[y, x].tolist() == padded[y : y + 41, x : x + 41][disk].max(axis=0).tolist()


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 12),
    width=st.integers(1, 50),
    share=st.sampled_from([0.0, 0.01, 0.05]),
    threshold=st.sampled_from([0, 20, 100, 255]),
    radius=st.sampled_from([5, 10, 20]),
    boxes=st.sampled_from([(), ((0, 0, 5, 3),), ((0, 0, 4, 2), (-3, 0, None, 2)), ((0, 0, None, None),)]),
)
def test_derived_images_are_those_of_the_slow_reference(seed, height, width, share, threshold, radius, boxes):
    rng = np.random.default_rng(seed)
    image = rng.choice([0, 1, 20, 21, 90, 100, 101, 255], (height, width, 3)).astype(np.uint8)
    image[rng.random((height, width)) >= share] = 0
    placed = [
        (max(0, x0 + width) if x0 < 0 else x0, y0, width if x1 is None else x1, height if y1 is None else y1)
        for x0, y0, x1, y1 in boxes
    ]
    cleared = shape_reference.clear(image.tolist(), placed)
    gradient, z_gap = make_shape_images(image, threshold=threshold, label_boxes=boxes, z_gap_radius=radius)
    signal = [[any(colour) for colour in row] for row in shape_reference.disk_maximum(cleared, 20)]
    assert gradient.tolist() == shape_reference.distances(signal)
    expected = shape_reference.disk_maximum(shape_reference.above(cleared, threshold), radius)
    assert (z_gap == np.array(expected)).all()


def test_an_image_without_signal_is_farther_away_than_any_pixel():
    gradient, z_gap = make_shape_images(np.zeros((12, 30, 3), np.uint8))
    assert (gradient == 42).all()
    assert not z_gap.any()


def test_clearing_labels_leaves_the_image_itself_as_it_is():
    image = np.full((4, 6, 3), 9, np.uint8)
    cleared = without_labels(image, ((0, 0, 2, 1), (-1, 0, None, None)))
    assert (image == 9).all()
    assert (cleared[..., 0] == 0).tolist() == [[(x < 2 and y == 0) or x == 5 for x in range(6)] for y in range(4)]
