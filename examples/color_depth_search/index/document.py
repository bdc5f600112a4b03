"""What an index is: kept in `index/index.json` of its library."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

import skyburst
from skyburst import library as libraries
from skyburst.library import Library, LibraryIndex
from skyburst.manifest import verify_chunks
from skyburst.objects import open_store

from .shard_file import FORMAT

FOLDER = "index"
"""Folder of a library that has its index."""
SHARDS = f"{FOLDER}/shards"
LIBRARY_FILES = ("library.json", "items.jsonl")
"""A folder with one of these is a library, or was to be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of one version of a library."""

    format: int = FORMAT
    data_threshold: int
    """Pixels with a channel above this are in it; it answers searches with this data threshold or a higher one."""
    shard_images: int
    """Items of each shard but the last, those that were removed included."""
    shards: list[dict[str, Any]]
    """`{"name", "first", "images", "entries", "size_bytes", "library_bytes"}` of each."""
    items: dict[str, Any]
    """Manifest of the library's items in the order of their numbers. Each has, besides what it has in the library, its
    `number` and the name of its `shard`. Those that were removed have their place, as `{"number", "shard", "removed": true}`:
    so batches of `shard_images` begin where shards do. Its location is "."; it lies in the library."""
    before: list[str]
    """Parts of the index that it replaced, which are kept for searches that run with that one."""

    @property
    def parts(self) -> list[str]:
        """What its files belong to, named as in `FOLDER`: the shards, and the list of items."""
        return [self.items["prefix"].removeprefix(f"{FOLDER}/"), *(f"shards/{shard['name']}" for shard in self.shards)]

    def store(self, library: Library) -> None:
        """Put it into use as the index of this version of a library."""
        libraries.write_index(
            library,
            size_bytes=sum(shard["size_bytes"] for shard in self.shards),
            properties={"data_threshold": self.data_threshold, "shards": len(self.shards)},
            content=asdict(self),
        )

    def manifest(self, library: str) -> skyburst.Manifest:
        """The items, of the library at this location."""
        return skyburst.Manifest(**{**self.items, "location": library})


def read_index(location: str) -> Index | str:
    """The index of a library, or why there is none that can be used, in words that end a sentence.

    Raises:
        StorageError: when it cannot be told whether there is one.
    """
    found = _find(location)
    return found if isinstance(found, str) else _index(found, location)


def usable_index(library: Library, data_threshold: int) -> Index | str:
    """The index with which images can be searched for pixels above `data_threshold`, or why there is none.

    Its whole list of items is compared with its digest: a search would not notice that an item has another one's number.
    """
    again = f"`skyburst library index {library.location}`"
    try:
        found = _find(library.location)
        if isinstance(found, str):
            return found
        if not found.fits(library):
            return (
                f"its index is of version {found.library_version} of the library, which has version {library.version}: "
                f"{again} brings it up to date"
            )
        index = _index(found, library.location)
        if isinstance(index, str):
            return index
        if data_threshold < index.data_threshold:
            return f"its index has no pixels of {index.data_threshold} and less, and data_threshold is {data_threshold}"
        verify_chunks(index.manifest(library.location), open_store(library.location))
    except skyburst.InvalidItems as error:
        return f"the list of items of its index is damaged ({error}): {again} writes it again"
    except (skyburst.StorageError, OSError) as error:
        return f"its index cannot be read ({error})"
    return index


def why_not_used(location: str, data_threshold: int, *, some_was: bool = False) -> str | None:
    """Why a search of a library that wanted its index did not use it, asked after the search; None: it is not a library.

    With `some_was` an index of several was used: None also stands for one that can be used now, which then was used.
    """
    try:
        folder = skyburst.open_folder(location)
        if not any(folder.has(name) for name in LIBRARY_FILES):
            return None
        index = usable_index(libraries.open_library(location), data_threshold)
    except (skyburst.SkyburstError, OSError) as error:
        return f"why is not known any more: {error}"
    if isinstance(index, str):
        return index
    return None if some_was else "it could not be used when the search began; now it can"


def _find(location: str) -> LibraryIndex | str:
    try:
        return libraries.read_index(location) or "it has no index"
    except (skyburst.InvalidLibrary, skyburst.InvalidItems) as error:  # the latter when `index` is a link to elsewhere
        return str(error)


def _index(found: LibraryIndex, location: str) -> Index | str:
    again = f"`skyburst library index {location}` builds it again"
    if found.content.get("format") != FORMAT:
        return f"its index has the format {found.content.get('format')!r}, and this version reads {FORMAT}: {again}"
    try:
        index = msgspec.convert(found.content, Index)
        msgspec.convert(index.items, skyburst.Manifest)
        index.parts  # noqa: B018 - which needs the names of shards
    except (msgspec.ValidationError, KeyError) as error:
        return f"its index is not one for color-depth searches ({error}): {again}"
    return index
