"""Slices of colours: those of the published colour map, and the nearest for all others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.shape.slices import slices
from tests.color_depth import shape_reference


def test_each_colour_of_the_map_is_its_own_slice():
    assert slices(color_map()).tolist() == list(range(256))


colour = st.tuples(*[st.integers(0, 255) | st.sampled_from([0, 1, 128, 255])] * 3).filter(any)
tied = st.tuples(st.integers(1, 255), st.integers(0, 255), st.permutations(range(3))).map(
    lambda drawn: tuple((drawn[0], drawn[0], drawn[1])[place] for place in drawn[2])
)


@given(colour | tied)
def test_the_slice_of_any_colour_is_that_of_the_slow_reference(drawn):
    assert int(slices(np.array(drawn, np.uint8))) + 1 == shape_reference.slice_of(drawn)


PARTS = {"RG": (171, 213), "RB": (213, 256), "GR": (128, 171), "GB": (86, 128), "BR": (0, 30), "BG": (30, 86)}


@pytest.mark.parametrize("part", PARTS)
def test_all_ratios_have_the_nearest_slice_of_their_part_and_the_first_of_two(part):
    first, last = PARTS[part]
    largest, second = np.meshgrid(np.arange(1, 256), np.arange(256), indexing="ij")
    # The third channel is black, and the largest one alone, so that no channels are tied.
    chosen = (second < largest) & (second > 0)
    colours = np.zeros((*largest.shape, 3), np.uint8)
    colours[..., "RGB".index(part[0])], colours[..., "RGB".index(part[1])] = largest, second
    of_slices = np.sort(color_map()[first:last], axis=1)
    gaps = np.abs((second / largest)[..., None] - of_slices[:, 1] / of_slices[:, 2])
    assert (slices(colours) == first + gaps.argmin(axis=-1))[chosen].all()
    least = np.sort(gaps[chosen], axis=-1)
    assert (least[:, 0] == least[:, 1]).any(), "there are ties"


@pytest.mark.parametrize(
    ("drawn", "number"),
    [((9, 9, 9), 172), ((255, 0, 0), 213), ((0, 255, 0), 129), ((0, 0, 255), 30), ((9, 9, 0), 172), ((0, 9, 9), 87)],
)
def test_red_goes_before_green_before_blue(drawn, number):
    assert int(slices(np.array(drawn, np.uint8))) + 1 == number == shape_reference.slice_of(drawn)
