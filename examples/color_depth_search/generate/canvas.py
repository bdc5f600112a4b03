"""A color-depth MIP while it is drawn: the brightest voxel along depth decides a pixel's hue and brightness."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .brain import HEIGHT, WIDTH, Floats
from .color_map import shades

_MARGIN: Final = 12  # pixels around the picture, so that what is drawn need not be tested against its edges
_STRIDE: Final = WIDTH + 2 * _MARGIN
_NEAR: Final = 4  # how far outside the picture a place may be
_SHADES: Final = shades()


class Canvas:
    """The projection.

    ``voxels`` is (HEIGHT, WIDTH) 16-bit: brightness times 256 plus colour index, so that the larger of two values
    is the brighter voxel.
    """

    def __init__(self) -> None:
        self._padded = np.zeros((HEIGHT + 2 * _MARGIN) * _STRIDE, np.uint16)
        self.voxels = self._padded.reshape(-1, _STRIDE)[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]

    def place(self, x: Floats, y: Floats) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """The pixel (a number for ``lay``) of each point near the picture, and which points these are."""
        near = np.flatnonzero((x > -_NEAR) & (x < WIDTH + _NEAR - 1) & (y > -_NEAR) & (y < HEIGHT + _NEAR - 1))
        column, row = np.rint(x[near]).astype(np.int64), np.rint(y[near]).astype(np.int64)
        return (row + _MARGIN) * _STRIDE + column + _MARGIN, near

    def lay(
        self,
        pixel: NDArray[np.int64],
        brightness: Floats,
        color: NDArray[np.uint16],
        dx: int = 0,
        dy: int = 0,
    ) -> None:
        """Lay voxels over what is there: their places, brightness and colour index (both 0-255).

        They are moved by (dx, dy), which may be at most 8 pixels.
        """
        value = brightness.astype(np.uint16)
        value <<= 8
        value |= color
        np.maximum.at(self._padded, pixel + (dy * _STRIDE + dx), value)

    def colors(self) -> NDArray[np.uint8]:
        """The picture, (HEIGHT, WIDTH, 3) 8-bit RGB."""
        image = np.zeros((HEIGHT * WIDTH, 3), np.uint8)
        voxels = self.voxels.reshape(-1)
        signal = np.flatnonzero(voxels >= 256)
        image[signal] = _SHADES[voxels[signal]]
        return image.reshape(HEIGHT, WIDTH, 3)
