"""The functions that can be integrated, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Integrand:
    """A function on a box."""

    function: Callable[[Floats], Floats]
    """Takes points of shape (n, dimensions), returns n values."""
    low: tuple[float, ...]
    """Lower corner of the box."""
    high: tuple[float, ...]
    """Upper corner of the box."""
    exact: float
    """The integral, for comparison."""

    def values(self, points: int, random: np.random.Generator) -> Floats:
        """Values at random points of the box, times its volume: their mean estimates the integral."""
        low, high = np.array(self.low), np.array(self.high)
        where = low + (high - low) * random.random((points, len(low)))
        return self.function(where) * float(np.prod(high - low))


INTEGRANDS = {
    "ball": Integrand(lambda x: (np.square(x).sum(axis=1) < 1).astype(float), (-1,) * 5, (1,) * 5, 8 * math.pi**2 / 15),
    "gaussian": Integrand(lambda x: np.exp(-np.square(x[:, 0])), (-3,), (3,), math.sqrt(math.pi) * math.erf(3)),
    "pi": Integrand(lambda x: 4.0 * (np.square(x).sum(axis=1) < 1), (0, 0), (1, 1), math.pi),
    "sine": Integrand(lambda x: np.sin(x[:, 0]), (0,), (math.pi,), 2.0),
}
