"""The ring around a mask: 20 to 60 pixels away; and the grey that decides what has one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from examples.color_depth_search.shape.channels import gather, grey, largest_channel
from examples.color_depth_search.shape.ring import ring
from tests.color_depth import shape_reference


@given(st.lists(st.tuples(*[st.integers(0, 255) | st.integers(0, 4)] * 3), min_size=1, max_size=20))
def test_grey_and_the_largest_channel_are_those_of_each_colour(colours):
    array = np.array(colours, np.uint8)
    assert grey(array).tolist() == [shape_reference.grey(colour) for colour in colours]
    assert largest_channel(array).tolist() == [max(colour) for colour in colours]


def test_pixels_are_gathered_in_the_order_that_is_asked_for():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1]
    assert gather(image, np.array([5, 0])).tolist() == [image[1, 1].tolist(), image[0, 0].tolist()]
    assert gather(image, np.array([], np.intp)).shape == (0, 3)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 159), st.integers(0, 2)),
        st.sampled_from([(0, 0, 1), (1, 0, 0), (0, 1, 1), (0, 2, 0), (90, 0, 255)]),
        max_size=4,
    )
)
def test_the_ring_is_that_of_the_slow_reference(lit):
    image = np.zeros((3, 160, 3), np.uint8)
    for (x, y), colour in lit.items():
        image[y, x] = colour
    far, near = (shape_reference.disk_maximum(image.tolist(), radius) for radius in (60, 20))
    expected = [
        [shape_reference.grey(colour) > 0 and not any(close) for colour, close in zip(*rows, strict=True)]
        for rows in zip(far, near, strict=True)
    ]
    assert ring(image).tolist() == expected


def ring_of(pixels: dict[int, tuple[int, int, int]]) -> list[int]:
    """Where the ring lies in a row of 200 pixels that is black but for some."""
    image = np.zeros((1, 200, 3), np.uint8)
    for x, colour in pixels.items():
        image[0, x] = colour
    return np.flatnonzero(ring(image)[0]).tolist()


def test_a_pixel_whose_grey_is_0_has_no_ring_but_interrupts_that_of_others():
    assert ring_of({100: (0, 2, 0)}) == [*range(40, 80), *range(121, 161)]
    assert ring_of({100: (0, 0, 1)}) == []
    assert ring_of({100: (0, 2, 0), 150: (0, 0, 1)}) == [*range(40, 80), *range(121, 130)]
