"""The items of a library by their numbers, which they keep for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from skyburst.errors import InvalidLibrary
from skyburst.library import layout
from skyburst.library.document import Library
from skyburst.library.lines import Item, read_entries
from skyburst.objects import open_store


class NumberedItem(NamedTuple):
    """An item of a library."""

    number: int
    """How many were added before it, those included that were removed since."""
    item: Item
    removed: bool


def numbered_items(library: Library) -> Iterator[NumberedItem]:
    """Every item that was ever added, in the order of their numbers, one by one.

    Raises:
        InvalidLibrary: when the list of items is damaged.
    """
    number = 0
    with open_store(library.location).open(layout.JOURNAL) as file:
        for end, entry in read_entries(file):
            if end > library.journal_bytes:
                return
            if entry is None:
                raise InvalidLibrary(f"{layout.JOURNAL} of the library {library.location} is damaged before byte {end}")
            yield NumberedItem(number, entry.item, removed=False)
            number += 1
