"""The maximum filter over a disk: ImageJ's disk exactly, equal to looking at each pixel of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.shape.disk import disk_maximum, half_widths
from tests.color_depth import shape_reference


def sparse(seed: int, height: int, width: int, share: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[rng.random((height, width)) >= share] = 0
    return image


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 16),
    width=st.integers(1, 16),
    radius=st.sampled_from([1, 2, 3, 4, 7, 12, 20, 60]),
    share=st.sampled_from([0.01, 0.1, 0.5, 1.0]),
)
def test_the_maximum_is_that_of_all_pixels_in_the_disk(seed, height, width, radius, share):
    image = sparse(seed, height, width, share)
    expected = np.array(shape_reference.disk_maximum(image.tolist(), radius))
    result = disk_maximum(image, radius)
    assert result.dtype == np.uint8
    assert (result == expected).all()
    assert (disk_maximum(image[..., 1], radius) == expected[..., 1]).all()
    spread = disk_maximum(image[..., 2] > 0, radius)
    assert spread.dtype == np.bool_
    assert (spread == (expected[..., 2] > 0)).all()


@pytest.mark.parametrize("radius", [1, 2, 10, 20, 60])
def test_one_pixel_becomes_the_disk(radius):
    size = 2 * radius + 5
    image = np.zeros((size, size), np.uint8)
    image[radius + 2, radius + 2] = 7
    rows = [2 * half_width + 1 for half_width in half_widths(radius)]
    assert (disk_maximum(image, radius) == 7).sum(axis=1).tolist() == [0, 0, *reversed(rows), *rows[1:], 0, 0]


def test_the_disk_of_radius_20_is_that_of_imagej():
    assert half_widths(20) == [20, 20, 19, 19, 19, 19, 19, 18, 18, 17, 17, 16, 16, 15, 14, 13, 12, 10, 8, 6, 1]


def test_the_image_that_is_filtered_stays_as_it_is():
    image = sparse(1, 9, 9, 0.3)
    before = image.copy()
    disk_maximum(image, 3)
    assert (image == before).all()


def test_a_disk_without_a_radius_is_refused():
    with pytest.raises(ValueError, match="the radius of a disk is 0; it must be at least 1 pixel"):
        disk_maximum(np.zeros((3, 3), np.uint8), 0)
