"""Blocks: overlapping rectangles that cover the field, and the weights with which they are blended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """Blocks of one size whose corners are in rows and columns; the last ones end at the border of the field."""

    height: int
    width: int
    block_height: int
    block_width: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tops) * len(self.lefts)

    def corners(self) -> Iterator[tuple[int, int]]:
        """(top, left) of each block, row by row."""
        return ((top, left) for top in self.tops for left in self.lefts)

    def weights(self) -> Array:
        """(blocks, block_height, block_width): pyramids, scaled such that they add up to 1 at each pixel of the field.

        They fall to the edges of a block, so that no edge shows where blocks were decomposed differently
        (Buchanan et al. 2018, section "Overlapping patches").
        """
        pyramid = np.minimum.outer(_tent(self.block_height), _tent(self.block_width))
        total = np.zeros((self.height, self.width))
        for top, left in self.corners():
            total[top : top + self.block_height, left : left + self.block_width] += pyramid
        cut = [
            pyramid / total[top : top + self.block_height, left : left + self.block_width]
            for top, left in self.corners()
        ]
        return np.asarray(cut, dtype=np.float32)


def make_grid(height: int, width: int, block_height: int, block_width: int, overlap: float) -> Grid:
    """Cover a field of height x width pixels.

    Args:
        overlap: share of a block that the next one overlaps, at least 0 and below 1; 0.5 for half.

    Raises:
        ValueError: when a block is larger than the field.
    """
    for side, block, field in (("height", block_height, height), ("width", block_width, width)):
        if block > field:
            raise ValueError(
                f"block_{side} is {block}, and the video has a {side} of {field} pixels: blocks have to fit into it"
            )
    return Grid(
        height,
        width,
        block_height,
        block_width,
        _starts(height, block_height, overlap),
        _starts(width, block_width, overlap),
    )


def _starts(field: int, block: int, overlap: float) -> tuple[int, ...]:
    step = max(1, round(block * (1 - overlap)))
    return (*range(0, field - block, step), field - block)


def _tent(length: int) -> Array:
    """1, 2, ... up to the middle and down again: nowhere 0."""
    place = np.arange(length)
    return np.minimum(place, length - 1 - place) + 1.0
