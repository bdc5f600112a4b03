"""The gap of two colours against an independent slow reference, and what tolerances mean on the colour map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.colors import NO_MATCH, classes_and_ratios, gap
from examples.color_depth_search.generate.color_map import color_map
from tests.color_depth import reference

CHANNEL = st.integers(0, 255)
# Channels that are equal, zero or next to each other are where the rules differ.
TELLING = st.sampled_from([0, 1, 2, 127, 128, 254, 255])
COLOUR = st.tuples(*[CHANNEL | TELLING] * 3)


def one_gap(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    return float(gap(np.array(a, np.uint8), np.array(b, np.uint8)))


@given(COLOUR, COLOUR)
def test_the_gap_is_exactly_that_of_the_reference_and_symmetric(a, b):
    assert one_gap(a, b) == reference.gap(a, b) == one_gap(b, a)


def test_the_gap_is_that_of_the_reference_for_many_random_pairs_in_all_classes():
    rng = np.random.default_rng(1)
    a = rng.integers(0, 256, (20_000, 3), dtype=np.uint8)
    # Half of the pairs are near each other, so that all rules near the joints are reached.
    b = np.where(
        rng.random((20_000, 1)) < 0.5,
        np.clip(a.astype(int) + rng.integers(-30, 31, a.shape), 0, 255),
        rng.integers(0, 256, a.shape),
    ).astype(np.uint8)
    expected = [reference.gap(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert gap(a, b).tolist() == expected


def test_the_gap_is_that_of_the_reference_for_all_pairs_of_the_colour_map():
    colours = color_map()
    expected = [[reference.gap(a, b) for b in colours.tolist()] for a in colours.tolist()]
    assert gap(colours[:, None], colours[None]).tolist() == expected


@pytest.mark.parametrize(
    "colour", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 0), (0, 9, 9), (7, 7, 7), (0, 0, 0), (1, 0, 0)]
)
def test_primaries_and_tied_colours_do_not_match_even_themselves(colour):
    assert one_gap(colour, colour) == NO_MATCH


def test_gaps_across_classes_can_be_negative():
    assert one_gap((10, 0, 255), (0, 20, 255)) == pytest.approx(-0.592, abs=5e-4)


def test_the_two_ends_of_the_scale_do_not_join():
    assert one_gap((127, 0, 255), (255, 0, 200)) == NO_MATCH


def test_brightness_does_not_matter():
    assert one_gap((20, 40, 80), (60, 120, 240)) == 0


def test_a_tie_for_the_second_place_has_the_class_of_the_reference():
    colours = np.array([(5, 5, 9), (5, 9, 5), (9, 5, 5)], np.uint8)
    classes, ratios = classes_and_ratios(colours)
    assert classes.tolist() == [4, 2, 1]  # BG, GR, RB
    assert ratios.tolist() == [5 / 9] * 3


@pytest.mark.parametrize(
    ("percent", "usual_reach", "slices_with_it", "greatest_reach"),
    [(1, 0, 185, 3), (2, 1, 175, 6), (3, 2, 173, 7), (5, 4, 169, 12)],
)
def test_tolerances_reach_as_many_slices_of_the_colour_map_as_is_known(
    percent, usual_reach, slices_with_it, greatest_reach
):
    colours = color_map()
    matching = gap(colours[:, None], colours[None]) <= percent / 100
    slices = np.arange(256)
    reach = np.where(matching, abs(slices[:, None] - slices), 0).max(axis=1)
    assert (reach == usual_reach).sum() == slices_with_it
    assert reach.max() == greatest_reach
    assert matching.diagonal().all(), "every colour of the map matches itself"


def test_at_a_tolerance_of_two_percent_25_pairs_of_the_colour_map_lie_five_or_more_apart():
    colours = color_map()
    matching = gap(colours[:, None], colours[None]) <= 0.02
    first, second = np.nonzero(np.triu(matching, 5))
    assert len(first) == 25
    assert [(a + 1, b + 1) for a, b in zip(first.tolist(), second.tolist(), strict=True) if a < 228] == [
        (25, 31),
        (26, 31),
    ]
