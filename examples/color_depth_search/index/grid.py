"""Where the pixels of an image lie in an index: cut into tiles, and each tile by depth and brightness.

A *block* holds what the images have in one tile of 16 x 16 pixels and one of twelve ranges of colours, those above the
usual data threshold in one block and the others in another: a search reads only what is near its mask in depth, and
bright enough. Blocks are stored by brightness, then by range of colours, then in the order of a Z curve over the tiles,
so that the blocks which a neuron runs through lie near each other and are read together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .colour_numbers import BRIGHT, COLOURS, DEPTHS, LARGEST

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
        tile_y, tile_x = np.divmod(np.arange(columns * rows), columns)
        place = np.empty(columns * rows, np.int64)
        place[np.argsort(_z_curve(tile_x, tile_y), kind="stable")] = np.arange(columns * rows)
        y, x = np.divmod(np.arange(width * height), width)
        self._cells = place[(y // TILE) * columns + x // TILE] * CELLS + (y % TILE) * TILE + x % TILE
        self._cells_of_part = columns * rows * CELLS
        self.blocks = 2 * len(DEPTHS) * columns * rows
        """Number of blocks."""
        self.edges = np.array([*DEPTHS, COLOURS])
        """Range of depth `i` has the colours from `edges[i]` to `edges[i + 1]`."""
        depths = np.searchsorted(self.edges, np.arange(COLOURS), side="right") - 1
        self._parts = (depths + len(DEPTHS) * (LARGEST <= BRIGHT)).astype(np.uint8)

    def slots_of(self, positions: NDArray[np.intp], colours: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the slot of each pixel `y * width + x` with its colour."""
        return self.slots(positions, self._parts.take(colours).astype(np.int64))

    def slots(self, positions: NDArray[np.int64], depths: NDArray[np.int64], *, dim: bool = False) -> NDArray[np.int64]:
        """Return the slot of each pixel for bright or dim colours of a range of depth."""
        parts = depths + len(DEPTHS) if dim else depths
        slots: NDArray[np.int64] = parts * self._cells_of_part + self._cells.take(positions)
        return slots


def _z_curve(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bits of two numbers, taken in turns."""
    mixed = np.zeros_like(x)
    for bit in range(16):
        mixed |= ((x >> bit & 1) << 2 * bit) | ((y >> bit & 1) << 2 * bit + 1)
    return mixed
