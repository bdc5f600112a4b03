"""City-block distance: that of the nearest pixel, found by looking at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.shape.distance import city_block_distance
from tests.color_depth import shape_reference


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32),
    height=st.integers(1, 14),
    width=st.integers(1, 14),
    share=st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]),
)
def test_the_distance_is_that_of_the_nearest_pixel(seed, height, width, share):
    inside = np.random.default_rng(seed).random((height, width)) < share
    distance = city_block_distance(inside)
    assert distance.dtype == np.uint16
    assert distance.flags.c_contiguous
    assert distance.tolist() == shape_reference.distances(inside.tolist())


def test_distances_that_need_16_bits_are_exact_and_longer_ones_refused():
    inside = np.zeros((65_533, 1), bool)
    inside[0] = True
    assert city_block_distance(inside)[-1, 0] == 65_532
    with pytest.raises(ValueError, match=r"an image of 1 x 65534 pixels is too large; .* may be 65534 in all"):
        city_block_distance(np.zeros((65_534, 1), bool))
