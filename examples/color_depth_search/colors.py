"""The colour of a pixel as a depth: its class, its ratio, and the gap between two colours.

In a color-depth image the hue tells the depth. The two larger channels of a pixel give its class (which
channel is largest, which second) and its ratio (second divided by largest); brightness plays no part. The
rule is the one of the Fiji plugin ColorMIP_Mask_Search and of the tools derived from it (Otsuna, Ito and
Kawase, bioRxiv 318006, 2018), quirks included, because scores are compared between tools:

* gaps across two classes can be negative, and then match at any tolerance;
* colours whose largest channel is tied (greys, pure yellow) have no class and match nothing;
* colours with a ratio of 0 (pure red, green, blue) do not match their own class, not even themselves.

Everything is computed in double precision, as the other tools do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# A class is (R > G) + 2 (G > B) + 4 (B > R): BG means "blue is largest, green second". A tie for the second
# place falls to BG, GR or RB. NONE is for colours whose largest channel is tied.
NONE, RB, GR, RG, BG, BR, GB = 0, 1, 2, 3, 4, 5, 6

NO_MATCH = 10_000.0
"""The gap of two colours that can't be compared."""


class Joint(NamedTuple):
    """Where two neighbouring classes of the depth scale meet.

    Ratios below their limit are compared by how far they lie above `meeting_point` (`falling` is False), or
    ratios above their limit by how far they lie below it (`falling` is True).
    """

    first: int
    second: int
    falling: bool
    first_limit: float
    second_limit: float
    meeting_point: float


JOINTS = (
    Joint(BR, BG, False, 0.44, 0.54, 0.354862745),
    Joint(BG, GB, True, 0.8, 0.8, 0.996078431),
    Joint(GB, GR, False, 0.7, 0.7, 0.505882353),
    Joint(GR, RG, True, 0.8, 0.8, 0.996078431),
    Joint(RG, RB, False, 0.7, 0.7, 0.505882353),
)


def classes_and_ratios(colours: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the class and the ratio of each colour of an array (..., 3); the ratio is 0 for class NONE."""
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    largest = np.maximum(np.maximum(red, green), blue)
    second = np.maximum(np.minimum(red, green), np.minimum(np.maximum(red, green), blue))
    code = (red > green) + 2 * (green > blue).astype(np.uint8) + 4 * (blue > red).astype(np.uint8)
    distinct = largest > second
    ratio = np.divide(second, largest, out=np.zeros(largest.shape), where=distinct, dtype=np.float64)
    return np.where(distinct, code, NONE).astype(np.uint8), ratio


def gap(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the gap of each pair of colours of two arrays (..., 3) that broadcast; symmetric.

    A pair matches when its gap is at most the tolerance. `NO_MATCH` is the gap of colours that never match.
    """
    a, b = np.broadcast_arrays(a, b)
    (class_a, ratio_a), (class_b, ratio_b) = classes_and_ratios(a), classes_and_ratios(b)
    result = np.full(class_a.shape, NO_MATCH)
    same = (class_a == class_b) & (class_a != NONE) & (ratio_a > 0) & (ratio_b > 0)
    result[same] = np.abs(ratio_a[same] - ratio_b[same])
    for joint in JOINTS:
        for one, other, limit_one, limit_other in (
            (joint.first, joint.second, joint.first_limit, joint.second_limit),
            (joint.second, joint.first, joint.second_limit, joint.first_limit),
        ):
            pair = (class_a == one) & (class_b == other)
            if joint.falling:
                pair &= (ratio_a > limit_one) & (ratio_b > limit_other)
            else:
                pair &= (ratio_a < limit_one) & (ratio_b < limit_other)
            result[pair] = joint_gap(joint, ratio_a[pair], ratio_b[pair])
    return result


def joint_gap(joint: Joint, one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gap of ratios on the two sides of a joint, all within its limits."""
    if joint.falling:
        return (joint.meeting_point - one) + (joint.meeting_point - other)
    return (one - joint.meeting_point) + (other - joint.meeting_point)
