"""Shape score: how badly the shape of a mask and of the signal in an image fit; lower is better.

Definition: `Shape2DMatchColorDepthSearchAlgorithm` and `GradientAreaGapUtils` of colormipsearch, the tools behind
NeuronBridge, whose published scores these equal.
"""

from __future__ import annotations

from typing import NamedTuple


class ShapeScore(NamedTuple):
    """What comparing the shape of one mask with one image gave; -1 is "not known"."""

    gradient_area_gap: int
    """Sum over the mask of how far away signal is, in pixels, or how far it is in depth, in slices."""
    high_expression_area: int
    """Pixels with signal in the ring around the mask."""
    score: int
    mirrored: bool
    """Whether the mirrored mask fits better; a tie is not mirrored."""


NOT_KNOWN = ShapeScore(-1, -1, -1, mirrored=False)


def shape_score(gradient_area_gap: int, high_expression_area: int) -> int:
    """Return the gap plus a third of the area, rounded down; -1 if one of them is negative, which is "not known"."""
    if gradient_area_gap < 0 or high_expression_area < 0:
        return -1
    return gradient_area_gap + high_expression_area // 3
