"""Mean and spread of numbers that are never in one place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moments:
    """What is kept of any number of values."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    """Sum of the squared distances from the mean."""

    @classmethod
    def from_json(cls, document: Sequence[float]) -> Moments:
        """What `as_json` returned."""
        count, mean, squares = document
        return cls(int(count), mean, squares)

    def as_json(self) -> list[float]:
        """As a list of three numbers."""
        return [self.count, self.mean, self.squares]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Moments:
        """The moments of an array."""
        mean = float(values.mean())
        return cls(len(values), mean, float(np.square(values - mean).sum()))

    def merge(self, other: Moments) -> Moments:
        """The moments of both sets of values together.

        The pairwise update of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing
        sample variances" (1979). Unlike sums of squares, it loses no digits when the mean is large.
        """
        count = self.count + other.count
        if count == 0:
            return self
        distance = other.mean - self.mean
        return Moments(
            count,
            self.mean + distance * other.count / count,
            self.squares + other.squares + distance**2 * self.count * other.count / count,
        )

    @property
    def standard_error(self) -> float | None:
        """Standard deviation of the mean; None for fewer than two values, which have no spread."""
        return math.sqrt(self.squares / (self.count - 1) / self.count) if self.count > 1 else None
