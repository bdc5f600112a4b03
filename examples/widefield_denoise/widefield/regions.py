"""Regions: where each component is expected, from the video itself or from a map that is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def find_seeds(shapes: Array, most: int, weakest: float) -> list[int]:
    """The pixels with the purest traces, by successive projection.

    The pixel with the largest trace that the seeds so far do not explain is the next seed. When each component has a pixel of
    its own, these are found (Araujo et al. 2001; Gillis and Vavasis 2014, IEEE Trans. Pattern Anal. Mach. Intell. 36:698), as
    Buchanan et al. (2018) start their demixing.

    Args:
        shapes: (pixels, n): the traces in an orthonormal basis.
        most: seeds at most.
        weakest: a seed whose unexplained trace is smaller than this share of the first one's is none, and the last.
    """
    left = np.array(shapes, dtype=float)
    seeds: list[int] = []
    first = 0.0
    for _ in range(min(most, *shapes.shape)):
        sizes = (left**2).sum(1)
        seed = int(sizes.argmax())
        first = first or sizes[seed]
        if sizes[seed] <= weakest**2 * first:
            break
        seeds.append(seed)
        direction = left[seed] / np.sqrt(sizes[seed])
        left -= np.outer(left @ direction, direction)
    return seeds


def regions_of(shapes: Array, seeds: list[int]) -> Array:
    """(pixels,): which seed's trace has the largest part in each pixel's own, by non-negative least squares."""
    traces = shapes[seeds]
    weights = non_negative(shapes @ traces.T, traces @ traces.T)
    return np.asarray((weights * np.sqrt((traces**2).sum(1))).argmax(1))


def non_negative(products: Array, gram: Array, sweeps: int = 50) -> Array:
    """Non-negative least squares for many right-hand sides, by coordinate descent: (pixels, n) from `Y C'` and `C C'`."""
    weights = np.zeros_like(products)
    for _ in range(sweeps):
        for number in range(len(gram)):
            step = (products[:, number] - weights @ gram[:, number]) / max(gram[number, number], 1e-30)
            weights[:, number] = np.maximum(weights[:, number] + step, 0)
    return weights


def distances(region: Array) -> Array:
    """(height, width): how far each pixel is from the nearest one of a region, in pixels; exact.

    One axis after the other: the squared distance is a sum, so that its minimum over columns can be taken of minima over rows.
    """
    far = float(sum(region.shape))
    along = np.where(region, 0.0, far)
    for row in range(1, len(along)):
        np.minimum(along[row], along[row - 1] + 1, out=along[row])
    for row in range(len(along) - 2, -1, -1):
        np.minimum(along[row], along[row + 1] + 1, out=along[row])
    columns = np.arange(region.shape[1])
    across = (columns[:, None] - columns[None, :]) ** 2
    return np.asarray(np.sqrt([(line[None, :] ** 2 + across).min(1) for line in along]))
