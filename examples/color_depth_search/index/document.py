"""`index/index.json` of a library: what its index is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import skyburst
from skyburst.library import Library

from .shard_file import FORMAT

FOLDER = "index"
"""Folder of a library that has its index."""
DOCUMENT = f"{FOLDER}/index.json"
SHARDS = f"{FOLDER}/shards"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of one version of a library."""

    format: int = FORMAT
    library_version: int
    library_digest: str
    """SHA-256 of the library's list of items, hexadecimal."""
    data_threshold: int
    """Pixels with a channel above this are in it; it answers searches with this data threshold or a higher one."""
    shard_images: int
    """Items of each shard but the last, those that were removed included."""
    shards: list[dict[str, Any]]
    """`{"name", "first", "images", "entries", "size_bytes", "library_bytes"}` of each."""
    items: dict[str, Any]
    """Manifest of the library's items in the order of their numbers. Each has, besides what it has in the library, its
    `number` and the name of its `shard`. Its location is "."; it lies in the library."""

    def encode(self) -> bytes:
        """As the bytes of `index.json`."""
        fields = asdict(self)
        return json.dumps({**fields, "sha256": _digest(fields)}, indent=1).encode() + b"\n"

    def manifest(self, library: str) -> skyburst.Manifest:
        """The items, of the library at this location."""
        return skyburst.Manifest(**{**self.items, "location": library})


def read_index(folder: skyburst.Folder) -> Index | str:
    """The index of the library in `folder`, or why there is none that can be used, in words that end a sentence."""
    try:
        fields = json.loads(folder.read(DOCUMENT))
        digest = fields.pop("sha256")
        if fields["format"] != FORMAT:
            return f"its index has the format {fields['format']!r}, and this version reads {FORMAT}"
        if digest != _digest(fields):
            return f"{DOCUMENT} is damaged"
        return Index(**fields)
    except skyburst.ObjectNotFound:
        return "it has no index"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"{DOCUMENT} is damaged ({error})"


def usable_index(folder: skyburst.Folder, library: Library, data_threshold: int) -> Index | str:
    """The index with which images can be searched for pixels above `data_threshold`, or why there is none."""
    index = read_index(folder)
    if isinstance(index, str):
        return index
    if (index.library_version, index.library_digest) != (library.version, library.manifest.digest):
        return f"its index is of version {index.library_version} of the library, which has version {library.version}"
    if data_threshold < index.data_threshold:
        return f"its index has no pixels of {index.data_threshold} and less, and data_threshold is {data_threshold}"
    return index


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
