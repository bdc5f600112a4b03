"""The function that all contenders map, and the same as an analysis."""

from __future__ import annotations

import skyburst


def nothing(number: int) -> int:
    """Do nothing."""
    return number


@skyburst.worker
def work(batch: skyburst.Batch) -> int:
    """Do nothing."""
    return nothing(batch.start)


combine = skyburst.combiners.count()
