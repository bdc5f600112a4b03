"""Masks: the pixels of a neuron that a search compares, and where they may lie in another image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

Box = tuple[int | None, int | None, int | None, int | None]

DEFAULT_LABEL_BOXES: tuple[Box, ...] = ((0, 0, 330, 100), (-270, 0, None, 90))
"""The name of the image at the top left and the colour scale at the top right."""

XY_SHIFTS = (0, 2, 4)


@dataclass(frozen=True)
class Mask:
    """The pixels of one mask image that take part in a search."""

    name: str
    """File name, for messages and results."""
    width: int
    height: int
    positions: NDArray[np.intp]
    """`y * width + x` of each pixel, in raster order."""
    colours: NDArray[np.uint8]
    """The colour of each pixel (n, 3)."""

    @property
    def pixels(self) -> int:
        """The size of the mask in pixels, of which scores are a share."""
        return self.positions.size


def make_mask(image: NDArray[np.uint8], name: str, threshold: int, label_boxes: Sequence[Box]) -> Mask:
    """Return the pixels of an image (height, width, 3) with a channel above `threshold`, outside boxes."""
    height, width = image.shape[:2]
    bright = image > threshold
    chosen = bright[..., 0] | bright[..., 1] | bright[..., 2]
    for x0, y0, x1, y1 in place_boxes(label_boxes, width, height):
        chosen[y0:y1, x0:x1] = False
    positions = np.flatnonzero(chosen)
    return Mask(name, width, height, positions, image.reshape(-1, 3)[positions])


def check_boxes(value: object) -> tuple[Box, ...]:
    """Return the label boxes of a parameter, a list of `[x0, y0, x1, y1]`; the default ones for None.

    Boxes are half-open: x1 and y1 are outside. A negative number counts from the right or bottom edge, null
    is the edge itself: the left or top one for x0 and y0, the right or bottom one for x1 and y1.

    Raises:
        ValueError: if a box has another form, or ends where it starts or before.
    """
    if value is None:
        return DEFAULT_LABEL_BOXES
    if not _is_list(value):
        raise ValueError(f"label_boxes is {value!r}; it must be a list of boxes [x0, y0, x1, y1], or []")
    boxes: list[Box] = []
    for number, box in enumerate(value):
        place = f"label_boxes[{number}] is {box!r}"
        if not _is_list(box) or len(box) != 4 or not all(map(_is_coordinate, box)):
            raise ValueError(f"{place}; it must be [x0, y0, x1, y1], each a whole number or null")
        for axis, start, stop in (("x", box[0], box[2]), ("y", box[1], box[3])):
            # Ends counted from opposite edges can't be compared before the size of the image is known.
            if start is not None and stop is not None and (start < 0) == (stop < 0) and start >= stop:
                raise ValueError(f"{place}; {axis}1 must be greater than {axis}0")
        boxes.append((box[0], box[1], box[2], box[3]))
    return tuple(boxes)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _is_coordinate(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def place_boxes(boxes: Sequence[Box], width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Return the boxes in pixels of an image of this size.

    What lies outside of the image is cut off: in an image less than 270 pixels wide the default box of the
    colour scale covers the whole width, as it does in the NeuronBridge service.
    """

    def place(value: int | None, edge: int, length: int) -> int:
        absolute = edge if value is None else value + length if value < 0 else value
        return min(max(absolute, 0), length)

    return [
        (place(x0, 0, width), place(y0, 0, height), place(x1, width, width), place(y1, height, height))
        for x0, y0, x1, y1 in boxes
    ]


def offsets(xy_shift: int) -> list[tuple[int, int]]:
    """Return the (dx, dy) by which a mask is moved: eight directions of 2, 4, ... pixels, and none.

    This is not a dense square: (2, 4) is never tried. Other tools try (0, 0) once for every distance, which
    doesn't change the best score; here it comes once.
    """
    if xy_shift not in XY_SHIFTS:
        raise ValueError(f"xy_shift is {xy_shift!r}; it must be one of 0, 2 or 4 pixels")
    return [(0, 0)] + [
        (dx, dy) for i in range(2, xy_shift + 1, 2) for dx in (-i, 0, i) for dy in (-i, 0, i) if dx or dy
    ]
