"""The normalised score, by which matches of one mask are ranked anew: pixel score and shape score in one number."""

from __future__ import annotations

_LEAST, _MOST = 0.002, 1.0
_FACTOR = 2.5


def normalized_score(matching_pixels: int, shape_score: int, *, most_pixels: int, worst_shape: int) -> float:
    """Return the normalised score of a match; higher is better, at most 50,000.

    A shape score of at least two fifths of the worst one leaves the share of the pixel score as it is, in percent; a
    perfect one makes it 500 times as large. Definition: `GradientAreaGapUtils.calculateNormalizedScore` and
    `NormalizeGradientScoresCmd` of colormipsearch.

    Args:
        matching_pixels: pixel score of the match.
        shape_score: its shape score; negative if it is not known.
        most_pixels: the largest pixel score among the matches of the mask that are ranked.
        worst_shape: the largest shape score among them.

    Returns:
        `matching_pixels` itself where there is nothing to normalise with: no pixels, or shape scores that are not known
        or all 0. That is another scale, as it is in the other tools.
    """
    if matching_pixels == 0 or most_pixels == 0 or shape_score < 0 or worst_shape <= 0:
        return float(matching_pixels)
    bounded = min(max(_FACTOR * shape_score / worst_shape, _LEAST), _MOST)
    return 100 * (matching_pixels / most_pixels) / bounded
