"""Delete the files of removed items."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from skyburst.errors import ObjectNotFound
from skyburst.library.document import Library
from skyburst.library.numbered import numbered_items
from skyburst.objects import ObjectStore


def files_of(library: Library, numbers: Collection[int]) -> dict[int, list[str]]:
    """Keys of the files of the items of these numbers, each number's on its own: no two items share a file."""
    return {
        number: [key for key in (item.key, item.thumbnail, *item.variants.values()) if key]
        for number, item, _ in numbered_items(library)
        if number in numbers
    }


def delete_files(objects: ObjectStore, files: Mapping[int, Collection[str]]) -> tuple[int, int]:
    """Delete files that are there; of how many items there were some, and how many bytes they had."""
    freed_bytes = 0
    items = set()
    for number, keys in files.items():
        for key in keys:
            try:
                freed_bytes += objects.size(key)
            except ObjectNotFound:
                continue
            objects.delete([key])
            items.add(number)
    return len(items), freed_bytes
