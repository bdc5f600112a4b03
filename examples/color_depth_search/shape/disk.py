"""Maximum filter over a disk, for images of bytes.

The disk is that of the rank filters of ImageJ (`RankFilters.makeLineRadii`): the row at offset dy covers
|dx| <= floor(sqrt(r^2 + 1 - dy^2)), so it is a little larger than a circle.

How it is made fast: the rows of the disk get wider towards its centre. The maximum over a window is the larger of the
maxima over two shorter ones that cover it, so the running maximum of each width is made from that of the width before,
for all pixels at once.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Element = TypeVar("Element", np.uint8, np.bool_)


def half_widths(radius: int) -> list[int]:
    """Return how far the row of the disk at each offset 0, 1, ..., radius reaches to either side, in pixels."""
    if radius < 1:
        raise ValueError(f"the radius of a disk is {radius}; it must be at least 1 pixel")
    return [math.isqrt(radius * radius + 1 - dy * dy) for dy in range(radius + 1)]


def disk_maximum(image: NDArray[Element], radius: int) -> NDArray[Element]:
    """Return the largest value within the disk around each pixel, for each channel alone.

    Args:
        image: an array (height, width) or (height, width, channels); of truth values, this is a dilation.
        radius: of the disk, in pixels, at least 1. What lies outside of the image counts as 0.

    Returns:
        An array like `image`.
    """
    widths = half_widths(radius)
    height, width = image.shape[:2]
    # Channels lie side by side in a row: one pixel to the right is `step` elements on.
    step = math.prod(image.shape[2:])
    running = np.zeros((height, (width + 2 * radius) * step), image.dtype)
    running[:, radius * step : (radius + width) * step] = image.reshape(height, -1)
    result = np.zeros((height, width * step), image.dtype)
    reach = 0
    for dy in range(radius, -1, -1):
        running, reach = _widen(running, reach, widths[dy], step), widths[dy]
        # Column 0 of `running` is the pixel reach - radius.
        row = running[:, (radius - reach) * step : (radius - reach + width) * step]
        above, below = result[dy:], result[: max(height - dy, 0)]
        np.maximum(above, row[: len(above)], out=above)
        np.maximum(below, row[dy:], out=below)
    return result.reshape(image.shape)


def _widen(running: NDArray[Element], reach: int, wanted: int, step: int) -> NDArray[Element]:
    """Return the maxima over `wanted` pixels to either side, from those over `reach`; only where they are complete."""
    while reach < wanted:
        # Two windows that are moved apart by more than their width would leave a hole between them.
        move = min(wanted - reach, max(reach, 1))
        wider = np.maximum(running[:, : -2 * move * step], running[:, 2 * move * step :])
        if reach == 0:
            np.maximum(wider, running[:, step:-step], out=wider)
        running, reach = wider, reach + move
    return running
