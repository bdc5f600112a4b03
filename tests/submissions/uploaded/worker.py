"""Reads each dataset, and gives what it says."""

from __future__ import annotations

import skyburst


@skyburst.worker
def read(batch):
    (item,) = batch.items
    folder, _, name = item["data"].rpartition("/")
    with skyburst.open_folder(folder).open(name) as file:
        text = file.read().decode()
    if "bad" in text:
        raise ValueError("it is bad")
    return {item["name"]: text.upper() if batch.parameters["shout"] else text}


@skyburst.combiner
def collect(partials, context):
    return {name: text for partial in partials for name, text in partial.value.items()}
