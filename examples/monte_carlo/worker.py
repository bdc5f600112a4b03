"""The worker: evaluates the function at the random points of its blocks."""

from __future__ import annotations

import numpy as np

import skyburst

from .integrands import INTEGRANDS
from .moments import Moments


@skyburst.worker
def sample(batch: skyburst.Batch) -> list[float]:
    """Return count, mean and sum of squares of all values.

    Each block has random numbers of its own, made from the seed and the block's number: who runs it, when, and
    after what, makes no difference.
    """
    integrand = INTEGRANDS[batch.parameters["integrand"]]
    found = Moments()
    for block in batch.items:
        random = np.random.default_rng([batch.parameters["seed"], block])
        found = found.merge(Moments.of(integrand.values(batch.parameters["points_per_block"], random)))
    return found.as_json()
