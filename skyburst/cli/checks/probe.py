"""The analysis of the job with which `skyburst doctor` tries everything out."""

from __future__ import annotations

import skyburst


@skyburst.worker
def squares(batch: skyburst.Batch) -> int:
    """Sum the squares of the items."""
    return sum(number * number for number in batch.items)


total = skyburst.combiners.total()
