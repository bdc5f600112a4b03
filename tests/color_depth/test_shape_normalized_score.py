"""The normalised score: the published values, and what holds for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.shape.normalized_score import normalized_score
from examples.color_depth_search.shape.shape_score import shape_score


@pytest.mark.parametrize(
    ("pixels", "gap", "area", "most", "worst", "shape", "normalized"),
    [
        (636, 156, 1897, 679, 1114361, 788, 46833.58),
        (636, 233, 1644, 679, 1107088, 781, 46833.58),
        (636, 0, 1644, 679, 1114361, 548, 46833.58),
        (795, 123, 93, 875, 1606182, 154, 45428.57),
    ],
)
def test_published_values_are_reproduced(pixels, gap, area, most, worst, shape, normalized):
    assert shape_score(gap, area) == shape
    assert round(normalized_score(pixels, shape, most_pixels=most, worst_shape=worst), 2) == normalized


@pytest.mark.parametrize(
    ("pixels", "shape", "most", "worst"), [(0, 5, 9, 9), (7, 5, 0, 9), (7, -1, 9, 9), (7, 5, 9, 0), (7, 0, 9, -1)]
)
def test_where_there_is_nothing_to_normalise_with_it_is_the_pixel_score(pixels, shape, most, worst):
    assert normalized_score(pixels, shape, most_pixels=most, worst_shape=worst) == pixels


@pytest.mark.parametrize(("shape", "expected"), [(1000, 50), (400, 50), (399, 50 / 0.9975), (200, 100), (0, 25_000)])
def test_from_two_fifths_of_the_worst_shape_only_pixels_count(shape, expected):
    assert normalized_score(7, shape, most_pixels=14, worst_shape=1000) == pytest.approx(expected, rel=1e-12)


counts = st.integers(1, 700_000)


@given(pixels=counts, more=counts, shape=st.integers(0, 10**9), worse=st.integers(0, 10**9))
def test_it_rises_with_pixels_and_never_with_the_shape_score(pixels, more, shape, worse):
    limits = {"most_pixels": pixels + more, "worst_shape": shape + worse + 1}
    score = normalized_score(pixels, shape, **limits)
    assert 0 < score <= 50_000
    assert normalized_score(pixels + more, shape, **limits) > score
    assert normalized_score(pixels, shape + worse, **limits) <= score
