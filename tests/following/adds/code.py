"""Adds its items."""

import skyburst


@skyburst.worker
def add(batch):
    if batch.parameters["bad"]:
        raise ValueError("told to fail")
    return sum(batch.items)


total = skyburst.combiners.total()
