"""Builds an index of a library of notes."""

import time

import skyburst


def list_items(parameters, context):
    """The items of the library, two to a batch."""
    from skyburst.library import open_library

    return skyburst.Items(open_library(parameters["library"]).manifest, batch_size=2)


@skyburst.worker
def write(batch):
    """A file of the index, with the names of the items."""
    time.sleep(batch.parameters["nap"])
    text = " ".join(sorted(item["key"].rpartition("/")[2] for item in batch.items))
    folder = skyburst.open_folder(batch.parameters["library"])
    folder.write(f"index/{batch.id}.txt", (text.upper() if batch.parameters["upper"] else text).encode())
    return len(batch.items)
