"""The slice of a colour: where on the depth scale of 256 slices it lies.

The two larger channels of a colour tell the part of the scale, and the ratio of the second to the largest the slice
within it: the one whose own ratio is nearest. This is the rule of the shape score of colormipsearch. It differs from
that of the pixel match (colors.py) where channels are equal: there a colour whose largest channel is tied has no class,
here red goes before green and green before blue.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Red falls in uneven steps from violet to blue.
_RED_OF_VIOLET: Final = (
    *(127, 125, 124, 122, 121, 120, 119, 118, 116, 115, 114, 113, 112, 110, 109),
    *(108, 106, 105, 104, 103, 101, 100, 99, 98, 96, 95, 94, 93, 92, 90),
)

# The parts of the published colour map, in the order of the scale: a code, (R >= G) + 2 (G >= B) + 4 (R >= B), and the
# second channel in each slice. The largest is 255 in all slices. Codes 3 and 4 do not occur.
_PARTS: Final = (
    (1, _RED_OF_VIOLET),  # blue, then red
    (0, [*range(90, 253, 3), 254]),  # blue, then green
    (2, [*range(252, 128, -3)]),  # green, then blue
    (6, [*range(129, 253, 3), 254]),  # green, then red
    (7, [*range(252, 128, -3)]),  # red, then green
    (5, [*range(129, 172, 3), *range(173, 201)]),  # red, then blue
)


def slices(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the slice of each colour of an array (..., 3), from 0 (violet) to 255 (magenta).

    If two slices are equally near, it is the first of them. Black has no slice; what is returned for it means nothing.
    """
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    largest = np.maximum(np.maximum(red, green), blue)
    second = np.maximum(np.minimum(red, green), np.minimum(np.maximum(red, green), blue))
    code = (red >= green) + 2 * (green >= blue).astype(np.uint32) + 4 * (red >= blue).astype(np.uint32)
    return _table().take((code << 16) | (largest.astype(np.uint32) << 8) | second)


@cache
def _table() -> NDArray[np.uint8]:
    """Return the slice for each `code << 16 | largest << 8 | second`."""
    largest, second = np.divmod(np.arange(65536), 256)
    ratios = np.divide(second, largest, out=np.zeros(65536), where=largest > 0)
    table = np.zeros((8, 65536), np.uint8)
    first = 0
    for code, seconds in _PARTS:
        table[code] = first + _nearest(ratios, np.array(seconds) / 255)
        first += len(seconds)
    return table.reshape(-1)


def _nearest(ratios: NDArray[np.float64], of_slices: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the index of the nearest value for each ratio, the first one if two are; the values rise or fall."""
    falling = bool(of_slices[0] > of_slices[-1])
    rising = np.sort(of_slices)
    above = np.clip(np.searchsorted(rising, ratios), 1, rising.size - 1)
    to_above, to_below = np.abs(rising[above] - ratios), np.abs(ratios - rising[above - 1])
    # Among falling values the upper one comes first.
    chosen = np.where(to_above <= to_below if falling else to_above < to_below, above, above - 1)
    return rising.size - 1 - chosen if falling else chosen
