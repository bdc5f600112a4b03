"""Tells what it was given."""

import skyburst


@skyburst.worker
def tell(batch):
    return batch.items


@skyburst.combiner
def everything(partials):
    return [item for partial in partials for item in partial.value]
