"""Colours as whole numbers, so that "is the gap small enough" is one comparison of integers.

A ratio of two bytes takes fewer than 2^16 different values. Numbered in rising order they give every colour
a key, `class << 16 | number`, and equal keys mean equal class and ratio. For one mask colour and one
tolerance the colours that match are a run of keys within its own class and, near a joint, a second run in
the class next to it: the gap rises or falls with the ratio, and rounding to doubles keeps that order. The
ends of the runs are found by bisection with the exact rule in double precision, so nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .colors import JOINTS, NONE, Joint, classes_and_ratios, joint_gap

NO_RATIO = 0xFFFF
NO_KEY = np.uint32(0xFFFF_FFFF)
"""A key that no run contains."""


def _number_ratios() -> tuple[NDArray[np.float64], NDArray[np.uint16]]:
    """Return all ratios in rising order, and the number of the ratio of each pair (largest, second)."""
    largest, second = np.divmod(np.arange(65536), 256)
    valid = second < largest
    ratios, numbers = np.unique(second[valid] / largest[valid], return_inverse=True)
    table = np.full(65536, NO_RATIO, np.uint16)
    table[valid] = numbers
    return ratios, table


RATIOS, RATIO_NUMBER = _number_ratios()


def ratio_numbers(threshold: int) -> NDArray[np.uint16]:
    """Return the number of the ratio for each `largest * 256 + second`.

    It is `NO_RATIO` where the largest channel is tied or not above `threshold`: such a pixel never matches.
    """
    table = RATIO_NUMBER.copy()
    table[: 256 * (threshold + 1)] = NO_RATIO
    return table


def matching_runs(colours: NDArray[np.uint8], tolerance: float) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the runs of keys that match each colour of an array (n, 3).

    Returns:
        first, length: two arrays (n, 2), the run in the colour's own class and the run across a joint. A key
        matches where `key - first <= length` in unsigned arithmetic; an empty run has `NO_KEY` and 0.
    """
    # A few hundred different colours stand for tens of thousands of pixels.
    packed = colours.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    _, index, inverse = np.unique(packed, return_index=True, return_inverse=True)
    classes, ratios = classes_and_ratios(colours[index])
    first = np.full((index.size, 2), NO_KEY, np.uint32)
    length = np.zeros((index.size, 2), np.uint32)

    def fill(rows: NDArray[np.intp], column: int, of_class: int, start: Numbers, stop: Numbers) -> None:
        found = stop > start
        first[rows[found], column] = (of_class << 16) + start[found]
        length[rows[found], column] = stop[found] - start[found] - 1

    for of_class in np.unique(classes[classes != NONE]).tolist():
        rows = np.flatnonzero((classes == of_class) & (ratios > 0))
        fill(rows, 0, of_class, *_same_class_run(ratios[rows], tolerance))
    for joint in JOINTS:
        for own, other, own_limit, other_limit in (
            (joint.first, joint.second, joint.first_limit, joint.second_limit),
            (joint.second, joint.first, joint.second_limit, joint.first_limit),
        ):
            within = ratios > own_limit if joint.falling else ratios < own_limit
            rows = np.flatnonzero((classes == own) & within)
            fill(rows, 1, other, *_joint_run(joint, ratios[rows], other_limit, tolerance))
    return first[inverse], length[inverse]


Numbers = NDArray[np.int64]


def _same_class_run(ratios: NDArray[np.float64], tolerance: float) -> tuple[Numbers, Numbers]:
    own = np.searchsorted(RATIOS, ratios)
    # Number 0 is the ratio 0, which matches nothing in its own class.
    start = _bisect(lambda i: ratios - RATIOS[i] <= tolerance, np.ones_like(own), own)
    stop = _bisect(lambda i: RATIOS[i] - ratios > tolerance, own, np.full_like(own, RATIOS.size))
    return start, stop


def _joint_run(
    joint: Joint, ratios: NDArray[np.float64], other_limit: float, tolerance: float
) -> tuple[Numbers, Numbers]:
    if joint.falling:
        low = int(np.searchsorted(RATIOS, other_limit, side="right"))
        start = _bisect(
            lambda i: joint_gap(joint, ratios, RATIOS[i]) <= tolerance,
            np.full(ratios.size, low),
            np.full(ratios.size, RATIOS.size),
        )
        return start, np.full(ratios.size, RATIOS.size)
    high = int(np.searchsorted(RATIOS, other_limit, side="left"))
    stop = _bisect(
        lambda i: joint_gap(joint, ratios, RATIOS[i]) > tolerance,
        np.zeros(ratios.size, np.int64),
        np.full(ratios.size, high),
    )
    return np.zeros(ratios.size, np.int64), stop


def _bisect(is_true: Callable[[Numbers], NDArray[np.bool_]], low: Numbers, high: Numbers) -> Numbers:
    """Return the first number from `low` on for which a rising condition is true, `high` if there is none."""
    low, high = low.astype(np.int64), high.astype(np.int64)
    while bool((low < high).any()):
        middle = (low + high) // 2
        true = is_true(np.minimum(middle, RATIOS.size - 1))
        open_ = low < high
        high = np.where(open_ & true, middle, high)
        low = np.where(open_ & ~true, middle + 1, low)
    return low
