"""Notes, which libraries are made of."""

import skyburst


@skyburst.worker
def work(batch):
    """How long they are."""
    return sum(item["size_bytes"] for item in batch.items)


total = skyburst.combiners.total()


def describe(path):
    """Describe a note."""
    from skyburst.library import Description

    return Description() if path.suffix == ".txt" else None
