"""Where the pixels of an image lie in an index: cut into tiles, and each tile by depth.

A *block* holds what the images have in one tile of 16 x 16 pixels and one of twelve ranges of colours. Blocks are
stored range by range, and within one in the order of a Z curve over the tiles, so that the blocks which a neuron
runs through lie near each other, and are read together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import BINS, COLOURS

TILE = 16
"""Pixels on each side of a tile."""
CELLS = TILE * TILE
"""Pixels of a tile, numbered row by row."""


class Grid:
    """The blocks of images of one size.

    The *slot* of a pixel and a colour is `block * CELLS + cell`.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        columns, rows = -(-width // TILE), -(-height // TILE)
        self.tiles = columns * rows
        self.blocks = len(BINS) * self.tiles
        """Number of blocks."""
        tile_y, tile_x = np.divmod(np.arange(self.tiles), columns)
        order = np.argsort(_z_curve(tile_x, tile_y), kind="stable")
        place = np.empty(self.tiles, np.int64)
        place[order] = np.arange(self.tiles)
        y, x = np.divmod(np.arange(width * height), width)
        self._slots = place[(y // TILE) * columns + x // TILE] * CELLS + (y % TILE) * TILE + x % TILE
        self.edges = np.array([*BINS, COLOURS])
        """Range `i` of colours is `edges[i]` to `edges[i + 1]`."""
        self._bins = (np.searchsorted(self.edges, np.arange(COLOURS), side="right") - 1).astype(np.uint8)

    def bins(self, colours: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return in which range each colour lies."""
        return self._bins.take(colours).astype(np.int64)

    def slots(self, positions: NDArray[np.integer], bins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the slot of each pixel `y * width + x` in the range of colours `bins`."""
        slots: NDArray[np.int64] = bins * (self.tiles * CELLS) + self._slots.take(positions)
        return slots


def _z_curve(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bits of two numbers, taken in turns."""
    mixed = np.zeros_like(x)
    for bit in range(16):
        mixed |= ((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1)
    return mixed
