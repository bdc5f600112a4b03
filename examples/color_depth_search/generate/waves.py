"""Smooth random variation along space, cheap and the same on every processor."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from .brain import Floats

_TABLE_SIZE: Final = 4096
# From a table because vectorised sines differ in their last bits from one processor to the next.
_SINES: Final = np.array([math.sin(2 * math.pi * i / _TABLE_SIZE) for i in range(_TABLE_SIZE)], np.float32)


def waves(
    rng: np.random.Generator, points: Floats, outputs: int, shortest: float, longest: float, terms: int = 2
) -> Floats:
    """Sums of ``terms`` sine waves of random direction, phase and length (pixels) at (n, 3) points.

    Returns (n, outputs), each value of about unit variance.
    """
    result = np.zeros((len(points), outputs), np.float32)
    for _ in range(terms):
        direction = rng.standard_normal((3, outputs), np.float32)
        direction /= np.sqrt((direction * direction).sum(axis=0))
        turns = direction / rng.uniform(shortest, longest, outputs).astype(np.float32)
        phase = rng.random(outputs, np.float32) + 64  # positive, so that truncation is floor
        for output in range(outputs):
            along = (
                points[:, 0] * turns[0, output]
                + points[:, 1] * turns[1, output]
                + points[:, 2] * turns[2, output]
                + phase[output]
            )
            result[:, output] += _SINES[(along * _TABLE_SIZE).astype(np.int32) & (_TABLE_SIZE - 1)]
    result *= np.float32(math.sqrt(2 / terms))
    return result
