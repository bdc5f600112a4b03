"""Libraries: stored collections of items that any number of jobs search.

    LIBRARY/library.json          what the library is; written last, so a library without it is unfinished
    LIBRARY/items.jsonl           its items in the order in which they were added, with checksums
    LIBRARY/images/<p>/<file>     the items' files, unchanged, 100 under each numbered prefix
    LIBRARY/thumbnails/<p>/<file>
    LIBRARY/variants/<name>/<p>/<file>  further files made of the items' files, if the build was asked for them
    LIBRARY/variants/<version>.jsonl    a list of them, with checksums
    LIBRARY/manifests/<version>/  the shuffled list of items, one set of small objects for each version
    LIBRARY/removed.json          numbers of the items that were removed, a copy; only when there are some
    LIBRARY/refused.jsonl         files that the last build could not use, and why
    LIBRARY/index/index.json      what its index is, when an analysis built one; the index is in the same folder

An item's number is the number of its line in items.jsonl, counted from 0: it keeps it, and when it is removed no other
item gets it.

Numbered prefixes are how the field's search services lay libraries out: an object store serves each prefix
at a limited rate, and a shuffled list makes the workers of one moment read from many prefixes. Keys are
relative to the library, which can therefore be moved or copied as a folder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyburst.library.build import BuildProgress, LibrarySummary, build_library
    from skyburst.library.description import Describe, Description, MakeVariants, Variant
    from skyburst.library.document import Library, open_library
    from skyburst.library.index import LibraryIndex, read_index, write_index
    from skyburst.library.inspection import LibraryReport, VerifyProgress, inspect_library
    from skyburst.library.lines import Item
    from skyburst.library.numbered import NumberedItem, numbered_items
    from skyburst.library.removal import RemovalSummary, RemoveProgress, purge_removed, remove_items
    from skyburst.library.sources import Refused
    from skyburst.library.verification import Problem

LAZY = {
    "BuildProgress": "skyburst.library.build",
    "LibrarySummary": "skyburst.library.build",
    "build_library": "skyburst.library.build",
    "Describe": "skyburst.library.description",
    "Description": "skyburst.library.description",
    "MakeVariants": "skyburst.library.description",
    "Variant": "skyburst.library.description",
    "Library": "skyburst.library.document",
    "open_library": "skyburst.library.document",
    "LibraryIndex": "skyburst.library.index",
    "read_index": "skyburst.library.index",
    "write_index": "skyburst.library.index",
    "LibraryReport": "skyburst.library.inspection",
    "VerifyProgress": "skyburst.library.inspection",
    "inspect_library": "skyburst.library.inspection",
    "Item": "skyburst.library.lines",
    "NumberedItem": "skyburst.library.numbered",
    "numbered_items": "skyburst.library.numbered",
    "RemovalSummary": "skyburst.library.removal",
    "RemoveProgress": "skyburst.library.removal",
    "purge_removed": "skyburst.library.removal",
    "remove_items": "skyburst.library.removal",
    "Refused": "skyburst.library.sources",
    "Problem": "skyburst.library.verification",
}
"""Where each name is: a worker opens libraries, and must not wait for what builds them."""


def __getattr__(name: str) -> Any:
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(LAZY[name]), name)
    return value


__all__ = [
    "BuildProgress",
    "Describe",
    "Description",
    "Item",
    "Library",
    "LibraryIndex",
    "LibraryReport",
    "LibrarySummary",
    "MakeVariants",
    "NumberedItem",
    "Problem",
    "Refused",
    "RemovalSummary",
    "RemoveProgress",
    "Variant",
    "VerifyProgress",
    "build_library",
    "inspect_library",
    "numbered_items",
    "open_library",
    "purge_removed",
    "read_index",
    "remove_items",
    "write_index",
]
