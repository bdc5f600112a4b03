"""Runs of keys say exactly what the gap says."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.color_depth_search.colors import NONE, classes_and_ratios, gap
from examples.color_depth_search.generate.color_map import color_map
from examples.color_depth_search.ranks import NO_RATIO, RATIO_NUMBER, RATIOS, matching_runs, ratio_numbers


def keys_of(colours: np.ndarray) -> np.ndarray:
    classes, _ = classes_and_ratios(colours)
    ordered = np.sort(colours, axis=1)
    numbers = RATIO_NUMBER[ordered[:, 2].astype(int) * 256 + ordered[:, 1]]
    return classes.astype(np.uint32) << 16 | numbers


def matches(mask: np.ndarray, targets: np.ndarray, tolerance: float) -> np.ndarray:
    first, length = matching_runs(mask, tolerance)
    keys = keys_of(targets)
    return ((keys[None, :, None] - first[:, None]) <= length[:, None]).any(axis=2)


def every_class_and_ratio() -> np.ndarray:
    """One colour of each class and ratio there is, ties included."""
    largest, second = np.divmod(np.arange(65536), 256)
    one_of_each = np.unique(RATIO_NUMBER, return_index=True)[1]
    largest, second, least = largest[one_of_each], second[one_of_each], np.zeros(one_of_each.size, int)
    channels = {"R": 0, "G": 1, "B": 2}
    colours = []
    for order in ("BRG", "BGR", "GBR", "GRB", "RGB", "RBG"):
        colour = np.empty((one_of_each.size, 3), np.uint8)
        for name, values in zip(order, (largest, second, least), strict=True):
            colour[:, channels[name]] = values
        colours.append(colour)
    return np.concatenate(colours)


def test_numbers_of_ratios_keep_their_order_and_tell_all_of_them_apart():
    largest, second = np.divmod(np.arange(65536), 256)
    valid = second < largest
    assert (np.diff(RATIOS) > 0).all()
    assert (RATIOS[RATIO_NUMBER[valid]] == second[valid] / largest[valid]).all()
    assert (RATIO_NUMBER[~valid] == NO_RATIO).all()
    assert RATIOS.size < NO_RATIO


def test_pixels_not_above_the_threshold_have_no_number():
    table = ratio_numbers(100)
    assert (table[: 101 * 256] == NO_RATIO).all()
    assert (table[101 * 256 :] == RATIO_NUMBER[101 * 256 :]).all()
    assert (ratio_numbers(255) == NO_RATIO).all()


@pytest.mark.parametrize("tolerance", [0.0, 0.01, 0.02, 0.03, 0.05, 1.0])
def test_the_runs_of_mask_colours_hold_exactly_the_colours_within_the_tolerance(tolerance):
    rng = np.random.default_rng(2)
    mask = np.concatenate(
        [
            color_map()[::16],
            rng.integers(0, 256, (20, 3), dtype=np.uint8),
            np.array([(0, 0, 255), (0, 255, 0), (255, 0, 0), (9, 9, 0), (0, 0, 0), (0, 1, 255)], np.uint8),
        ]
    )
    targets = every_class_and_ratio()
    for colour in mask:
        expected = gap(colour, targets) <= tolerance
        assert (matches(colour[None], targets, tolerance)[0] == expected).all(), colour.tolist()


@settings(max_examples=60)
@given(
    mask=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=20),
    targets=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=20),
    tolerance=st.sampled_from([0.0, 0.005, 0.01, 0.02, 0.05, 0.3]) | st.floats(0, 1),
)
def test_the_runs_agree_with_the_gap_for_any_colours_and_tolerance(mask, targets, tolerance):
    mask, targets = np.array(mask, np.uint8), np.array(targets, np.uint8)
    expected = gap(mask[:, None], targets[None]) <= tolerance
    assert (matches(mask, targets, tolerance) == expected).all()


def test_ratios_at_the_limit_of_a_joint_are_outside_of_it():
    # 204/255, 70/100, 110/250 and 135/250 are exactly 0.8, 0.7, 0.44 and 0.54.
    pairs = [(255, 204), (100, 70), (250, 110), (250, 135)]
    mask = np.array([p for a, b in pairs for p in permutations((a, b, 0))], np.uint8)
    targets = every_class_and_ratio()
    for tolerance in (0.3, 1.0):
        for colour in mask:
            expected = gap(colour, targets) <= tolerance
            assert (matches(colour[None], targets, tolerance)[0] == expected).all(), colour.tolist()


def test_a_gap_equal_to_the_tolerance_matches_on_both_sides():
    colour, lower, higher = np.array([(100, 0, 200), (75, 0, 200), (125, 0, 200)], np.uint8)
    both = np.array([lower, higher])
    assert matches(colour[None], both, 0.125).all()
    assert not matches(colour[None], both, np.nextafter(0.125, 0)).any()


def test_equal_colours_have_equal_runs_in_the_order_of_the_colours():
    colours = np.array([(10, 20, 30), (200, 10, 3), (10, 20, 30)], np.uint8)
    first, length = matching_runs(colours, 0.01)
    assert (first[0] == first[2]).all()
    assert (length[0] == length[2]).all()
    assert (first[0] != first[1]).any()


def test_no_colours_have_no_runs():
    first, length = matching_runs(np.empty((0, 3), np.uint8), 0.01)
    assert first.shape == length.shape == (0, 2)


def test_the_class_none_is_in_no_run():
    first, _ = matching_runs(every_class_and_ratio()[::50], 1.0)
    assert not ((first >> 16) == NONE).any()
