"""The items of a job that builds an index: the shards of a library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import skyburst
from skyburst.library import Library, NumberedItem, numbered_items, open_library

from .shard_file import FORMAT


def list_shards(parameters: dict[str, Any], _context: skyburst.ItemsContext) -> Iterator[dict[str, Any]]:
    """Yield the shards of a library: what each is called, and its images.

    A shard has the items of `shard_images` consecutive numbers, and is called after their contents: a library that grows
    keeps its shards, but for the last one.

    Raises:
        ValueError: if it is not a library of images.
    """
    library = open_library(parameters["library"])
    if library.size is None:
        raise ValueError(f"the library {library.location} is not one of images: it has no width and height")
    for shard in _grouped(numbered_items(library), parameters["shard_images"]):
        first = shard[0].number // parameters["shard_images"] * parameters["shard_images"]
        name = shard_name(shard, library, first, parameters["data_threshold"])
        yield {
            "name": name,
            "first": first,
            "size": list(library.size),
            "library": [library.version, library.manifest.digest],
            "images": [
                {"number": each.number, "key": each.item.key, "file": each.item.file, "sha256": each.item.sha256}
                for each in shard
                if not each.removed
            ],
            "library_bytes": sum(each.item.size_bytes for each in shard if not each.removed),
        }


def shard_name(shard: list[NumberedItem], library: Library, first: int, data_threshold: int) -> str:
    """Name of a shard: its place, and what it is made of; below one of 256 prefixes, for readers are many.

    Items that were removed count: a shard that has them already is kept.
    """
    digest = hashlib.sha256(f"{FORMAT} {library.size} {data_threshold} {first}\n".encode())
    for each in shard:
        digest.update(f"{each.number} {each.item.sha256}\n".encode())
    text = digest.hexdigest()
    return f"{text[:2]}/{first:08d}-{text[:20]}"


def _grouped(items: Iterable[NumberedItem], shard_images: int) -> Iterator[list[NumberedItem]]:
    """Items by shard; those that have none left are left out."""
    shard: list[NumberedItem] = []
    for item in items:
        if shard and item.number // shard_images != shard[0].number // shard_images:
            if not all(each.removed for each in shard):
                yield shard
            shard = []
        shard.append(item)
    if shard and not all(each.removed for each in shard):
        yield shard
