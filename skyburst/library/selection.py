"""Items of a library by their ids."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from skyburst.errors import ItemNotFound
from skyburst.library.document import Library
from skyburst.library.numbered import NumberedItem, numbered_items

MOST_NAMED = 10


def find_items(library: Library, ids: Iterable[str]) -> list[NumberedItem]:
    """The items of these ids, by number; removed ones are not found.

    Raises:
        ItemNotFound: when there are no items of some; it names them.
        InvalidLibrary: when the list of items is damaged.
    """
    wanted = {_normal(given): given for given in ids}
    if not wanted:
        return []
    found = [each for each in numbered_items(library) if not each.removed and _normal(each.item.id) in wanted]
    known = {_normal(each.item.id) for each in found}
    unknown = [given for normal, given in wanted.items() if normal not in known]
    if unknown:
        named = ", ".join(repr(each) for each in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED:,} more" if len(unknown) > MOST_NAMED else ""
        raise ItemNotFound(f"the library {library.location} has no item {named}{more}", ids=unknown)
    return found


def _normal(name: str) -> str:
    """An id in the form that texts have on most systems, so that one that was typed is that of a file."""
    return unicodedata.normalize("NFC", name)
