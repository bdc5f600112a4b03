"""City-block distance to a set of pixels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LONGEST = 65_534
"""Width and height of an image may have this sum; distances are numbers of 16 bits."""


def city_block_distance(inside: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return how far each pixel lies from the set: |dx| + |dy| to its nearest pixel.

    Two passes over the rows, down and up, then two over the columns: the shortest way to a pixel of the set may first
    go along the row and then along the column (after Rosenfeld and Pfaltz, Journal of the ACM 13(4), 1966).

    Args:
        inside: the set, an array (height, width).

    Returns:
        An array (height, width) of distances in pixels, 0 in the set. If the set is empty it is height + width
        everywhere, which is farther than any pixel.

    Raises:
        ValueError: if the image is too large for distances of 16 bits.
    """
    height, width = inside.shape
    if height + width > LONGEST:
        raise ValueError(
            f"an image of {width} x {height} pixels is too large; width and height may be {LONGEST} in all"
        )
    distance = np.where(inside, np.uint16(0), np.uint16(height + width))
    _spread_over_rows(distance)
    turned = np.ascontiguousarray(distance.T)
    _spread_over_rows(turned)
    return np.ascontiguousarray(turned.T)


def _spread_over_rows(distance: NDArray[np.uint16]) -> None:
    """Shorten distances, in place, by ways straight down and straight up."""
    way = np.empty_like(distance[:1]).reshape(-1)
    rows = list(distance)
    for sequence in (rows, rows[::-1]):
        for before, row in pairwise(sequence):
            np.add(before, 1, out=way)
            np.minimum(row, way, out=row)
