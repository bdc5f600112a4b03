"""The combiner of a job that builds an index: when all shards are there, the library has a new index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any

import msgspec

import skyburst
from skyburst.library import Library, numbered_items, open_library
from skyburst.manifest import write_manifest
from skyburst.objects import locate, open_store

from ..wording import counted
from .document import FOLDER, Index, read_index
from .outdated import kept_for, missing_parts, outdated_files, remove

ITEMS_PER_CHUNK = 512
_LIST_FORMAT = 2
"""Of the list of items: one that is written otherwise must not take the place of one that searches run with."""


@skyburst.combiner(associative=True)
def all_shards(partials: Iterator[skyburst.PartialResult]) -> list[dict[str, Any]]:
    """The shards, in the order of their images."""
    shards = [shard for partial in partials for shard in partial.results()]
    return sorted(shards, key=itemgetter("first"))


@all_shards.finish
def publish(shards: list[dict[str, Any]], context: skyburst.FinishContext) -> dict[str, Any]:
    """Store what the index is, which puts it into use, unless shards are missing; then the index is the one it was.

    Files of older indexes are removed, but for those of the index that is replaced: searches may run with it.

    Returns:
        The numbers of all shards together, and whether the index was `published`; if so, how many `outdated` files there
        were, and why they were `not_removed`, or null.

    Raises:
        ValueError: if the library was changed meanwhile, or another job removed shards; the index is then the one it was.
    """
    if context.missing:  # of what is missing, the job itself says why
        return {**summed(shards), "published": False}
    library = open_library(context.parameters["library"])
    if any(shard["library"] != [library.version, library.manifest.digest] for shard in shards):
        raise ValueError(
            f"the library {library.location} was changed while its index was built, and the index is as it was: "
            "build it again, which keeps the shards that are done"
        )
    threshold, shard_images = context.parameters["data_threshold"], context.parameters["shard_images"]
    store = open_store(library.location)
    made_of = " ".join([str(_LIST_FORMAT), library.manifest.digest, *(shard["name"] for shard in shards)])
    manifest = write_manifest(
        store, ".", f"{FOLDER}/items/{hashlib.sha256(made_of.encode()).hexdigest()[:20]}",
        _items(library, shards, shard_images), chunk_items=ITEMS_PER_CHUNK,
    )  # fmt: skip
    index = Index(
        data_threshold=threshold,
        shard_images=shard_images,
        shards=[{key: value for key, value in shard.items() if key not in ("library", "built")} for shard in shards],
        items=manifest.document()["manifest"],
        before=[],
    )
    folder = skyburst.open_folder(locate(library.location, FOLDER))
    names = [file.name for file in folder.files()]
    if missing := missing_parts(index, names):
        raise ValueError(
            f"{missing[0]} of the index of {library.location} was removed while the index was built, by another job that "
            "indexed the library: the index is as it was; build it again"
        )
    if "://" not in library.location:
        os.sync()  # were the machine to fail now, the description must not be there before what it describes
    index = replace(index, before=kept_for(index, read_index(library.location)))  # last: another job may publish one
    index.store(library)
    outdated = outdated_files(index, names)
    not_removed = remove(library.location, index, outdated)
    return {**summed(shards), "published": True, "outdated": len(outdated), "not_removed": not_removed}


@all_shards.summary
def summary(shards: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[str]:
    """What the index is and how large."""
    total = summed(shards)
    share = total["size_bytes"] / max(1, total["library_bytes"])
    of_images = f"{counted(total['shards'], 'shard')} of {counted(total['images'], 'image')}"
    built = f"{of_images}: {total['built']:,} built, {total['shards'] - total['built']:,} there already"
    entries = f"{counted(total['entries'], 'pixel')} above {parameters['data_threshold']}"
    return [built, f"{total['size_bytes'] / 1e6:,.0f} MB, {share:.2f} times the images: {entries}"]


def summed(shards: list[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of all shards together."""
    fields = ("images", "entries", "size_bytes", "library_bytes")
    return {
        "shards": len(shards),
        "built": sum(shard["built"] for shard in shards),
        **{field: sum(shard[field] for shard in shards) for field in fields},
    }


def _items(library: Library, shards: list[dict[str, Any]], shard_images: int) -> Iterator[dict[str, Any]]:
    """The library's items in the order of their numbers, each with the name of its shard; those removed have their place."""
    names = {shard["first"] // shard_images: shard["name"] for shard in shards}
    for each in numbered_items(library):
        shard = each.number // shard_images
        if each.removed:  # none of the shard may be left, and then there is no shard
            yield {"number": each.number, "shard": names.get(shard), "removed": True}
        else:
            yield {**msgspec.to_builtins(each.item), "number": each.number, "shard": names[shard]}
