"""Which of the components that were found is which of the true ones, and how alike they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def assign(gains: Array) -> list[tuple[int, int]]:
    """The pairs (row, column), each used once, whose gains add up to the most: as many as the shorter side has.

    Shortest augmenting paths with potentials (Jonker and Volgenant 1987, Computing 38:325), O(n³).

    Args:
        gains: (rows, columns), finite.
    """
    if gains.shape[0] > gains.shape[1]:
        return sorted((row, column) for column, row in assign(gains.T))
    costs = -np.asarray(gains, dtype=float)
    rows, columns = costs.shape
    row_potential, column_potential = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.full(columns + 1, -1)  # the row of each column; the last column is where a path starts
    for row in range(rows):
        owner[columns], column = row, columns
        shortest = np.full(columns + 1, np.inf)
        before = np.full(columns + 1, columns)
        done = np.zeros(columns + 1, dtype=bool)
        while owner[column] >= 0:
            done[column] = True
            reached = owner[column]
            slack = costs[reached] - row_potential[reached] - column_potential[:columns]
            better = ~done[:columns] & (slack < shortest[:columns])
            shortest[:columns][better], before[:columns][better] = slack[better], column
            following = int(np.where(done[:columns], np.inf, shortest[:columns]).argmin())
            step = shortest[following]
            row_potential[owner[done]] += step
            column_potential[done] -= step
            shortest[~done] -= step
            column = following
        while column != columns:
            owner[column] = owner[before[column]]
            column = int(before[column])
        owner[columns] = -1
    return sorted((int(owner[column]), column) for column in range(columns) if owner[column] >= 0)


def correlations(first: Array, second: Array) -> Array:
    """(n, m): Pearson's correlation of each row of (n, length) with each of (m, length); 0 for rows that never change."""
    return _normal(first - first.mean(1, keepdims=True)) @ _normal(second - second.mean(1, keepdims=True)).T


def cosines(first: Array, second: Array) -> Array:
    """(n, m): the cosine of the angle between each row of (n, length) and each of (m, length)."""
    return _normal(first) @ _normal(second).T


def _normal(rows: Array) -> Array:
    sizes = np.sqrt((rows**2).sum(1, keepdims=True))
    return np.asarray(rows / np.where(sizes > 0, sizes, 1))
