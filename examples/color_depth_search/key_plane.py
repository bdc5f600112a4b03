"""The keys of one image, where masks can land, with a margin so that shifts need no bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .masks import Mask, offsets
from .ranks import NO_RATIO, ratio_numbers


class KeyPlane:
    """Keys of the pixels of one image after another, for masks of one size.

    The plane is wider and higher than the image by the largest shift on each side. The key of the pixel (x,
    y) shifted by (dx, dy) is `keys[start + y * stride + x]`, where `start` belongs to the shift alone: each
    shift reads a view of the plane that starts elsewhere, and a pixel shifted out of the image reads the
    margin, where nothing matches.
    """

    def __init__(self, masks: Sequence[Mask], *, data_threshold: int, xy_shift: int, mirror: bool) -> None:
        """Find where the masks, shifted and mirrored, can land; the arguments are those of `PixelMatch`."""
        width, height = masks[0].width, masks[0].height
        moves = offsets(xy_shift)
        self.stride = width + 2 * xy_shift
        self.keys = np.full((height + 2 * xy_shift) * self.stride, NO_RATIO, np.uint32)
        self.starts = [(xy_shift + dy) * self.stride + xy_shift + dx for dx, dy in moves]
        """Where the view of each shift starts."""
        self.mirrored_starts = [(xy_shift + dy) * self.stride + xy_shift - dx for dx, dy in moves]
        """The same for the mirrored shift: first shifted, then mirrored."""

        touched = np.zeros((height + 2 * xy_shift, self.stride), bool)
        inside = touched[xy_shift : xy_shift + height, xy_shift : xy_shift + width]
        for mask in masks:
            cells = self.cells(mask, mirrored=False)
            for start in self.starts:
                touched.reshape(-1)[cells + start] = True
        if mirror:
            inside |= inside[:, ::-1].copy()
        y, x = np.nonzero(inside)
        self.rows = range(int(y[0]), int(y[-1]) + 1) if y.size else range(0)
        """The rows of the image that masks can touch."""

        self._shape = (len(self.rows), width, 3)
        self._samples = 3 * ((y - self.rows.start) * width + x)
        self._cells = (y + xy_shift) * self.stride + x + xy_shift
        self._used = self._cells[:0]
        self._threshold = data_threshold
        self._numbers = ratio_numbers(data_threshold)

    def cells(self, mask: Mask, *, mirrored: bool) -> NDArray[np.intp]:
        """Return where each pixel of a mask lies in the view of a shift."""
        y, x = np.divmod(mask.positions, mask.width)
        cells: NDArray[np.intp] = y * self.stride + (mask.width - 1 - x if mirrored else x)
        return cells

    def load(self, pixels: NDArray[np.uint8]) -> int:
        """Write the keys of an image, given its rows `self.rows` as an array (rows, width, 3).

        Returns:
            How many pixels that masks can touch are above the data threshold.
        """
        if pixels.shape != self._shape:
            raise ValueError(f"the rows of the image have the shape {pixels.shape}, not {self._shape}")
        flat = np.ascontiguousarray(pixels).reshape(-1)
        # Three gathers of bytes are several times faster than one of triples.
        red, green, blue = (flat[channel:].take(self._samples) for channel in range(3))
        largest = np.maximum(np.maximum(red, green), blue)
        lit = np.flatnonzero(largest > self._threshold)
        red, green, blue, largest = (values.take(lit) for values in (red, green, blue, largest))
        second = np.maximum(np.minimum(red, green), np.minimum(np.maximum(red, green), blue))
        numbers = self._numbers.take((largest.astype(np.uint16) << 8) | second)
        # The class as colors.classes_and_ratios defines it; a tied maximum has no number and so never
        # matches.
        classes = (red > green) + ((green > blue).view(np.uint8) << 1) + ((blue > red).view(np.uint8) << 2)
        self.keys[self._used] = NO_RATIO
        self._used = self._cells.take(lit)
        self.keys[self._used] = (classes.astype(np.uint32) << 16) | numbers
        return lit.size
