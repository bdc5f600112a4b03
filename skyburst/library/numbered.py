"""The items of a library by their numbers, which they keep for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from skyburst.errors import InvalidLibrary, ObjectNotFound
from skyburst.library import layout
from skyburst.library.document import Library
from skyburst.library.lines import Item, read_entries
from skyburst.library.variants import read_variants, with_variants
from skyburst.objects import open_store


class NumberedItem(NamedTuple):
    """An item of a library."""

    number: int
    """How many were added before it, those included that were removed since. No other item ever gets it."""
    item: Item
    removed: bool


def numbered_items(library: Library) -> Iterator[NumberedItem]:
    """Every item that was ever added, in the order of their numbers, one by one.

    Raises:
        InvalidLibrary: when the list of items is damaged.
    """
    removed = library.removed_numbers
    number = 0
    objects = open_store(library.location)
    try:
        with objects.open(layout.JOURNAL) as file:
            for (end, entry), variants in zip(
                read_entries(file), read_variants(objects, library.variants), strict=False
            ):
                if end > library.journal_bytes:
                    break  # what follows is of a build that did not finish
                if entry is None:
                    raise _damaged(library, f"the line of item {number} cannot be read")
                yield NumberedItem(number, with_variants(entry.item, variants), number in removed)
                number += 1
    except ObjectNotFound as error:
        raise _damaged(library, "it is missing") from error
    if number != library.numbers:
        raise _damaged(library, f"it has {number} of {library.numbers} items")


def _damaged(library: Library, reason: str) -> InvalidLibrary:
    return InvalidLibrary(
        f"{layout.JOURNAL} of the library {library.location} is damaged: {reason}; "
        "restore it from a copy, or build the library again in another folder"
    )
