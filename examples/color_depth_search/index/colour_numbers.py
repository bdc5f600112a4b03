"""Every colour that can match, as a number: by class, then ratio, then brightness.

A colour of the search is its class and the values of its two larger channels (the third plays no part). There are
six classes of 32,640 pairs each, so that a colour takes 18 bits. In the order of the numbers the colours that
match a colour of a mask are one or two ranges, as they are runs of keys in ranks.py; nothing is rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..colors import BG, BR, GB, GR, RB, RG
from ..ranks import NO_KEY, NO_RATIO, RATIO_NUMBER, RATIOS, matching_runs

PAIRS = 32_640
"""Pairs of a largest channel and a smaller one: 0 + 1 + ... + 255."""
COLOURS = 6 * PAIRS
"""Colours; classes are numbered from 1."""


def _number_pairs() -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the number of each `largest * 256 + second`, the largest of each number, and where each ratio starts."""
    pairs = np.flatnonzero(RATIO_NUMBER != NO_RATIO)
    pairs = pairs[np.lexsort((pairs >> 8, RATIO_NUMBER[pairs]))]
    numbers = np.zeros(65_536, np.uint32)
    numbers[pairs] = np.arange(PAIRS)
    starts = np.concatenate([[0], np.cumsum(np.bincount(RATIO_NUMBER[pairs], minlength=RATIOS.size))])
    return numbers, np.tile((pairs >> 8).astype(np.uint8), 6), starts


_PAIR_NUMBER, LARGEST, _RATIO_START = _number_pairs()
"""`LARGEST` is the largest channel of each colour (`COLOURS`,), which decides if it is above a threshold."""


def number_colours(pixels: NDArray[np.uint8], threshold: int) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
    """Return the colours of an image (height, width, 3) that are above `threshold` and can match.

    Returns:
        positions, numbers: `y * width + x` of each, rising, and its colour. Colours whose largest channel is tied
        match nothing and are left out.
    """
    samples = np.ascontiguousarray(pixels).reshape(-1)
    positions = np.flatnonzero(np.maximum(np.maximum(samples[0::3], samples[1::3]), samples[2::3]) > threshold)
    # Three gathers of bytes are several times faster than one of triples.
    red, green, blue = (samples[channel:].take(3 * positions) for channel in range(3))
    largest = np.maximum(np.maximum(red, green), blue)
    second = np.maximum(np.minimum(red, green), np.minimum(np.maximum(red, green), blue))
    # The class as colors.classes_and_ratios defines it.
    classes = (red > green) + ((green > blue).view(np.uint8) << 1) + ((blue > red).view(np.uint8) << 2)
    numbers = _PAIR_NUMBER.take((largest.astype(np.uint16) << 8) | second)
    numbers += (classes.astype(np.uint32) - 1) * np.uint32(PAIRS)
    distinct = largest > second
    return positions[distinct], numbers[distinct]


def matching_ranges(
    colours: NDArray[np.uint8], tolerance: float
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Return the ranges of colours that match each colour of an array (n, 3), none or up to two for each.

    Returns:
        rows, first, end: the row of the colour that each range belongs to, and the half-open range.
    """
    keys, length = matching_runs(colours, tolerance)
    runs = keys != NO_KEY
    rows = np.nonzero(runs)[0]
    first, length = keys[runs].astype(np.int64), length[runs].astype(np.int64)
    base, number = ((first >> 16) - 1) * PAIRS, first & 0xFFFF
    return rows, base + _RATIO_START[number], base + _RATIO_START[number + length + 1]


def _edge(of_class: int, ratio: float) -> int:
    """The first colour of a class that has at least this ratio."""
    return (of_class - 1) * PAIRS + int(_RATIO_START[np.searchsorted(RATIOS, ratio)])


_EDGES = {RB: (0, 0.64), GR: (0, 0.75), RG: (0, 0.75), BG: (0, 0.55, 0.78), BR: (0,), GB: (0, 0.75)}
DEPTHS = sorted(_edge(of_class, ratio) for of_class, ratios in _EDGES.items() for ratio in ratios)
"""First colours of twelve ranges of depth, each about 21 slices of the 256 of the depth scale."""
BRIGHT = 100
"""Largest channel that colours of the bright half are above: the data threshold of most searches."""
