"""The two images that are derived from an image of a library and that a shape score needs.

The definition is that of the images which NeuronBridge publishes beside its libraries (`grad` and `zgap` of the tools
colormipsearch), found by comparison with them: they are equal to the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..masks import DEFAULT_LABEL_BOXES, Box, place_boxes
from .channels import largest_channel
from .disk import disk_maximum
from .distance import city_block_distance

RADIUS = 20
"""How far signal is spread in the images that NeuronBridge publishes, in pixels."""


class ShapeImages(NamedTuple):
    """What is derived from one image."""

    gradient: NDArray[np.uint16]
    """City-block distance of each pixel (height, width) to the spread signal, in pixels; 0 within it."""
    z_gap: NDArray[np.uint8]
    """The largest red, green and blue nearby (height, width, 3), each alone, among the pixels above the threshold."""


def make_shape_images(
    pixels: NDArray[np.uint8],
    *,
    threshold: int = 20,
    label_boxes: Sequence[Box] = DEFAULT_LABEL_BOXES,
    z_gap_radius: int = RADIUS,
    z_gap_within: tuple[int, int, int, int] | None = None,
) -> ShapeImages:
    """Derive the two images from an image.

    Args:
        pixels: the whole image, an array (height, width, 3).
        threshold: pixels count for the z-gap when a channel is above this (0 to 255). For the gradient every pixel
            counts that is not black.
        label_boxes: what is taken for black; see `masks.check_boxes`.
        z_gap_radius: how far signal is spread for the z-gap, in pixels. Where the tests of colormipsearch have no
            file they spread it by 10, and so do the scores published with them.
        z_gap_within: the box x0, y0, x1, y1 (half-open) that the z-gap is wanted in; elsewhere it is left black. None:
            everywhere.

    Raises:
        ValueError: if width and height are more than 65,534 in all.
    """
    cleared = without_labels(pixels, label_boxes)
    brightest = largest_channel(cleared)
    return ShapeImages(
        gradient=city_block_distance(disk_maximum(brightest > 0, RADIUS)),
        z_gap=_spread(cleared, brightest > threshold, z_gap_radius, z_gap_within),
    )


def _spread(
    colours: NDArray[np.uint8], lit: NDArray[np.bool_], radius: int, within: tuple[int, int, int, int] | None
) -> NDArray[np.uint8]:
    """Return the largest channels nearby among the pixels that are lit, in a box."""
    height, width = lit.shape
    x0, y0, x1, y1 = within or (0, 0, width, height)
    left, top = max(x0 - radius, 0), max(y0 - radius, 0)
    around = (slice(top, y1 + radius), slice(left, x1 + radius))
    nearby = disk_maximum(np.multiply(colours[around], lit[around][..., None]), radius)
    spread = np.zeros_like(colours)
    spread[y0:y1, x0:x1] = nearby[y0 - top : y1 - top, x0 - left : x1 - left]
    return spread


def without_labels(pixels: NDArray[np.uint8], label_boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """Return a copy of an image (height, width, 3) that is black in the boxes."""
    cleared = pixels.copy()
    height, width = pixels.shape[:2]
    for x0, y0, x1, y1 in place_boxes(label_boxes, width, height):
        cleared[y0:y1, x0:x1] = 0
    return cleared
