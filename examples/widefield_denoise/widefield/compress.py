"""From the components of all blocks to few components of the whole field.

Blocks that overlap tell of the same signals, each with noise of its own. Blended, they are a matrix of low rank, whose leading
singular vectors are the denoised video: over the blocks that saw a signal its noise averages out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .device import Device

Array = NDArray[Any]
SPARE = 12
POWER_STEPS = 2
ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Patchwork:
    """Components of blocks: the sum over all of them of `image` at its place times its trace."""

    height: int
    width: int
    corners: Array
    """(components, 2): top and left."""
    images: Array
    """(components, block_height, block_width), float32: already weighted for blending."""
    traces: Array
    """(components, frames), float32; may be mapped from a file, and is read a few rows at a time."""

    def times(self, right: Array, device: Device) -> Array:
        """Multiply with (frames, n): (height * width, n)."""
        product = np.zeros((self.height, self.width, right.shape[1]), dtype=np.float32)
        there = device.put(right)
        for rows in _runs(len(self.traces)):
            small = device.get(device.put(np.array(self.traces[rows])) @ there)
            for number, (top, left), image in zip(rows, self.corners[rows], self.images[rows], strict=True):
                place = product[top : top + image.shape[0], left : left + image.shape[1]]
                place += image[:, :, None] * small[number - rows[0]]
        return product.reshape(-1, right.shape[1])

    def transposed_times(self, right: Array, device: Device) -> Array:
        """Multiply the transpose with (height * width, n): (frames, n)."""
        fields = right.reshape(self.height, self.width, -1)
        product = device.put(np.zeros((self.traces.shape[1], right.shape[1]), dtype=np.float32))
        for rows in _runs(len(self.traces)):
            small = [
                np.tensordot(image, fields[top : top + image.shape[0], left : left + image.shape[1]], 2)
                for (top, left), image in zip(self.corners[rows], self.images[rows], strict=True)
            ]
            traces = device.put(np.array(self.traces[rows]))
            product = product + device.xp.swapaxes(traces, -1, -2) @ device.put(np.asarray(small, dtype=np.float32))
        return device.get(product)


def compress(patchwork: Patchwork, max_rank: int, weakest: float, device: Device) -> tuple[Array, Array]:
    """The leading singular vectors, without the blended matrix itself.

    By the randomised range finder of Halko, Martinsson and Tropp (2011), SIAM Review 53:217, with two power steps.

    Args:
        max_rank: at most so many.
        weakest: singular values below it are left out.

    Returns:
        images (rank, height, width) times their singular values, and traces (rank, frames) of norm 1, float32; strongest first.
    """
    frames = patchwork.traces.shape[1]
    size = min(max_rank + SPARE, frames, patchwork.height * patchwork.width, len(patchwork.traces))
    if size == 0:
        return np.zeros((0, patchwork.height, patchwork.width), np.float32), np.zeros((0, frames), np.float32)
    stream = np.random.default_rng(0)
    field = patchwork.times(stream.standard_normal((frames, size), dtype=np.float32), device)
    for _ in range(POWER_STEPS):
        traces = np.linalg.qr(patchwork.transposed_times(np.linalg.qr(field)[0], device))[0]
        field = patchwork.times(traces, device)
    basis = np.linalg.qr(field)[0]
    left, values, right = np.linalg.svd(patchwork.transposed_times(basis, device).T, full_matrices=False)
    rank = min(max_rank, int((values >= weakest).sum()))
    images = (basis @ (left[:, :rank] * values[:rank])).T.reshape(rank, patchwork.height, patchwork.width)
    signs = np.where(images.sum((1, 2)) < 0, -1, 1).astype(np.float32)
    return (
        np.ascontiguousarray(images * signs[:, None, None], dtype=np.float32),
        np.ascontiguousarray(right[:rank] * signs[:, None], dtype=np.float32),
    )


def _runs(rows: int) -> Sequence[Sequence[int]]:
    return [range(first, min(first + ROWS_AT_ONCE, rows)) for first in range(0, rows, ROWS_AT_ONCE)]
