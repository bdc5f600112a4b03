"""Which pixels are searched for, and where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.masks import (
    DEFAULT_LABEL_BOXES,
    check_boxes,
    make_mask,
    offsets,
    place_boxes,
)
from tests.color_depth import reference


def test_pixels_take_part_when_any_channel_is_above_the_threshold_not_at_it():
    image = np.array([[(20, 20, 20), (21, 0, 0), (0, 21, 0), (0, 0, 21), (0, 0, 0)]], np.uint8)
    mask = make_mask(image, "m", 20, ())
    assert mask.positions.tolist() == [1, 2, 3]
    assert mask.colours.tolist() == [[21, 0, 0], [0, 21, 0], [0, 0, 21]]
    assert (mask.width, mask.height, mask.pixels) == (5, 1, 3)


def test_the_default_boxes_leave_out_the_name_and_the_colour_scale():
    image = np.full((566, 1210, 3), 200, np.uint8)
    kept = np.zeros(566 * 1210, bool)
    kept[make_mask(image, "m", 20, DEFAULT_LABEL_BOXES).positions] = True
    kept = kept.reshape(566, 1210)
    assert not kept[:100, :330].any()
    assert kept[:100, 330:940].all()
    assert not kept[:90, 940:].any()
    assert kept[90:, 330:].all()
    assert kept[100:].all()


def test_boxes_count_from_the_right_and_bottom_and_end_at_the_edge():
    boxes = check_boxes([[-4, -3, None, None], [None, 0, 2, None], [0, 0, -1, -1]])
    assert place_boxes(boxes, 10, 8) == [(6, 5, 10, 8), (0, 0, 2, 8), (0, 0, 9, 7)]


def test_boxes_larger_than_the_image_are_cut_off():
    assert place_boxes(DEFAULT_LABEL_BOXES, 200, 50) == [(0, 0, 200, 50), (0, 0, 200, 50)]
    assert place_boxes(check_boxes([[500, 0, 600, 10]]), 200, 50) == [(200, 0, 200, 10)]


def test_no_boxes_are_allowed_and_none_given_means_the_default():
    assert check_boxes([]) == ()
    assert check_boxes(None) == DEFAULT_LABEL_BOXES


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("0,0,1,1", "list of boxes"),
        ({"x": 1}, "list of boxes"),
        ([0, 0, 330, 100], r"label_boxes\[0\] is 0; it must be \[x0, y0, x1, y1\]"),
        ([[0, 0, 330]], r"label_boxes\[0\] is \[0, 0, 330\]"),
        ([[0, 0, 1, 1], [0, 0, 1.5, 1]], r"label_boxes\[1\]"),
        ([[0, 0, True, 1]], "whole number or null"),
        ([[5, 0, 5, 9]], "x1 must be greater than x0"),
        ([[0, 9, 5, 3]], "y1 must be greater than y0"),
        ([[-3, 0, -7, 3]], "x1 must be greater than x0"),
    ],
)
def test_a_malformed_box_is_refused_with_its_number_and_what_is_needed(value, part):
    with pytest.raises(ValueError, match=part):
        check_boxes(value)


COORDINATE = st.none() | st.integers(-15, 15)


@given(st.lists(st.tuples(*[COORDINATE] * 4), max_size=3), st.integers(1, 12), st.integers(1, 12))
def test_the_mask_set_is_that_of_the_reference_whatever_the_boxes(boxes, width, height):
    image = np.random.default_rng(0).integers(0, 60, (height, width, 3), dtype=np.uint8)
    placed = place_boxes(boxes, width, height)
    assert all(0 <= x0 <= width and 0 <= x1 <= width for x0, _, x1, _ in placed)
    expected = reference.mask_pixels(image.tolist(), 40, placed)
    mask = make_mask(image, "m", 40, boxes)
    assert mask.positions.tolist() == [y * width + x for x, y in expected]


@pytest.mark.parametrize("xy_shift", [0, 2, 4])
def test_the_shifts_are_those_of_the_reference_each_once(xy_shift):
    assert sorted(offsets(xy_shift)) == sorted(set(reference.shifts(xy_shift)))
    assert len(offsets(xy_shift)) == {0: 1, 2: 9, 4: 17}[xy_shift]


@pytest.mark.parametrize("xy_shift", [-2, 1, 3, 6])
def test_other_shifts_are_refused(xy_shift):
    with pytest.raises(ValueError, match="one of 0, 2 or 4"):
        offsets(xy_shift)
