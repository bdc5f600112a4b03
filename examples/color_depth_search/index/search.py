"""Searching the images of a batch through the index of their library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

import skyburst
from skyburst.objects import locate

from ..names import library_name
from .document import SHARDS
from .index_match import IndexMatch, Scores
from .shard import Shard
from .shard_file import IndexDamaged


def by_shard(items: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The items of a batch with the name of the shard that they are in; what was removed is passed over."""
    there = (item for item in items if not item.get("removed"))
    for name, group in groupby(there, itemgetter("shard")):
        yield name, list(group)


def search_shard(
    masks: IndexMatch, library: str, name: str, images: list[dict[str, Any]], above_ratio: float
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the matches of each mask among images of a shard, each with its item, and what was read.

    Args:
        masks: to search with.
        library: location of the library.
        name: of the shard.
        images: items of the index; others of the shard are passed over.
        above_ratio: images match when their score is above 0 and their ratio above this.

    Raises:
        IndexDamaged: when the shard is missing, or not as it was written.
        StorageError: when it cannot be read now.
    """
    try:
        shard = Shard(skyburst.open_folder(locate(library, SHARDS)), name)
        numbers = np.array([image["number"] for image in images]) - shard.header.first
        matches: list[dict[str, Any]] = []
        for mask, scores in masks.scores(shard):
            chosen = Scores(*(column[numbers] for column in scores))
            found = np.flatnonzero((chosen.matching_pixels > 0) & (chosen.matching_ratio > above_ratio))
            for row in found.tolist():
                values = {field: column[row].item() for field, column in chosen._asdict().items()}
                matches.append({"mask": mask, "item": library_item(images[row], library)} | values)
    except skyburst.ObjectNotFound as error:
        raise IndexDamaged(str(error)) from error
    return matches, {"shards": 1, **shard.traffic._asdict()}


def library_item(image: dict[str, Any], library: str) -> dict[str, Any]:
    """An item of an index as it is in the library, with the location of its image and the name of the library."""
    item = {key: value for key, value in image.items() if key not in ("number", "shard")}
    return item | {"location": locate(library, item["key"]), "library": library_name(item, library)}
