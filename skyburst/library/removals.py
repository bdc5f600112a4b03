"""Which items of a library were removed: in `library.json`, with a copy for the day on which that file is lost.

An item's number is the number of its line among the items of `items.jsonl`, counted from 0, for ever. That file says
nothing of removals, so that numbers and lines stay the same; a removal is complete when `library.json` is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from skyburst.contracts import values
from skyburst.errors import InvalidLibrary, ObjectNotFound
from skyburst.library import layout
from skyburst.objects import ObjectStore

if TYPE_CHECKING:
    from skyburst.library.document import Library

Ranges = tuple[tuple[int, int], ...]
"""Numbers as half-open ranges `[start, end)`, ascending, that neither touch nor overlap."""


class Removals(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the items that were removed from a library."""

    removed: Ranges = ()
    purged: Ranges = ()
    """Those of them whose files were deleted."""

    def __post_init__(self) -> None:
        check_removals(self.removed, self.purged)

    def below(self, count: int) -> Removals:
        """Those of the first so many numbers."""
        return Removals(removed=_below(self.removed, count), purged=_below(self.purged, count))


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """The ranges that hold these numbers."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number:
            ranges[-1] = (ranges[-1][0], number + 1)
        else:
            ranges.append((number, number + 1))
    return tuple(ranges)


def numbers_in(ranges: Ranges) -> Iterator[int]:
    """All numbers of ranges, ascending."""
    for start, end in ranges:
        yield from range(start, end)


def count_of(ranges: Ranges) -> int:
    """How many numbers ranges have."""
    return sum(end - start for start, end in ranges)


def check_removals(removed: Ranges, purged: Ranges) -> None:
    """Raise ValueError when these are not ranges, or something was purged that was not removed."""
    for ranges in (removed, purged):
        last = -1
        for start, end in ranges:
            if not last < start < end:
                raise ValueError(f"the range {start}-{end} of removed items cannot come after {last}")
            last = end
    if purged and not set(numbers_in(purged)).issubset(numbers_in(removed)):
        raise ValueError("files of items were deleted that are not removed")


def removals_of(library: Library | None, objects: ObjectStore) -> Removals:
    """What was removed from a library; when its `library.json` is lost, as the copy tells.

    Raises:
        InvalidLibrary: when the copy is needed and damaged.
    """
    if library is not None:
        return Removals(removed=library.removed, purged=library.purged)
    try:
        return read_copy(objects) or Removals()
    except ValueError as error:
        raise InvalidLibrary(
            f"{layout.REMOVED} of the library {objects.location} is damaged ({error}): "
            f"restore it or {layout.LIBRARY} from a copy, or build the library again in another folder"
        ) from error


def read_copy(objects: ObjectStore) -> Removals | None:
    """The copy; None when there is none. Raises ValueError when it is damaged."""
    try:
        data = objects.get(layout.REMOVED)
    except ObjectNotFound:
        return None
    return msgspec.convert(values.decode(data), Removals)


def has_copy(objects: ObjectStore, removals: Removals) -> bool:
    """True when the copy tells the same."""
    try:
        return (read_copy(objects) or Removals()) == removals
    except ValueError:
        return False


def keep_copy(objects: ObjectStore, removals: Removals) -> None:
    """Make the copy tell the same; only who holds the library's lock may call it."""
    if not removals.removed:
        objects.delete([layout.REMOVED])
        return
    objects.put(layout.REMOVED, values.encode(msgspec.to_builtins(removals)) + b"\n")


def _below(ranges: Ranges, count: int) -> Ranges:
    return tuple((start, min(end, count)) for start, end in ranges if start < count)
