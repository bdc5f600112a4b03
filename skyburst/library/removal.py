"""Take items out of a library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from skyburst.errors import InvalidLibrary
from skyburst.library.document import Library, open_library, read_library
from skyburst.library.journal import Journal
from skyburst.library.leftovers import remove_leftovers
from skyburst.library.lock import only_writer
from skyburst.library.numbered import NumberedItem
from skyburst.library.purge import delete_files, files_of
from skyburst.library.removals import Removals, ranges_of, removals_of
from skyburst.library.selection import find_items
from skyburst.library.versions import complete, version_without
from skyburst.objects import ObjectStore, open_store

AGAIN = "try again"


class RemoveProgress(NamedTuple):
    """How far the new version is."""

    written: int
    """Items that its manifest has so far."""
    total: int


@dataclass(frozen=True, slots=True)
class RemovalSummary:
    """What a removal did, or a purge."""

    library: Library
    items: list[NumberedItem]
    """Those that were removed."""
    purged: int
    """Items whose files were deleted."""
    freed_bytes: int
    """Of these files, thumbnails among them."""
    seconds: float


def remove_items(
    location: str | Path,
    ids: Iterable[str],
    *,
    purge: bool = False,
    progress: Callable[[RemoveProgress], None] | None = None,
) -> RemovalSummary:
    """Make a new version of a library, without some items.

    Their numbers are never given again. Their files stay, because older versions have them, and jobs that run with
    those go on; unless they are purged. Interrupted at any point, the library is the old or the new version.

    Args:
        location: the library's folder.
        ids: of items, at least one.
        purge: delete the files of the items now, images and thumbnails. Versions that have them can no longer be run.
        progress: called after each item that was written to the new manifest.

    Raises:
        InvalidLibrary: when there is no complete library, it is no folder, no ids are given, or they are those of
            all items.
        ItemNotFound: when the library has no items of some of the ids; nothing is removed then.
        LibraryBusy: when another program is building or changing the library.
        StorageError: when the folder cannot be written.
    """
    started = time.monotonic()
    wanted = [ids] if isinstance(ids, str) else list(ids)
    if not wanted:
        raise InvalidLibrary("no ids of items to remove were given: name at least one")
    with _changing(location) as (objects, journal, library):
        items = find_items(library, wanted)
        check_some_stay(library, len(items))
        items = [each._replace(removed=True) for each in items]
        numbers = {each.number for each in items}
        files = files_of(library, numbers) if purge else {}
        removals = Removals(
            removed=ranges_of(library.removed_numbers | numbers), purged=ranges_of(library.purged_numbers.union(files))
        )
        size_bytes = library.size_bytes - sum(each.item.size_bytes for each in items)
        total = library.count - len(items)

        def wrote(done: int) -> None:
            if progress is not None:
                progress(RemoveProgress(done, total))

        changed = version_without(objects, journal, library, removals, size_bytes=size_bytes, wrote=wrote)
        purged, freed_bytes = delete_files(objects, files)
    return RemovalSummary(changed, items, purged, freed_bytes, time.monotonic() - started)


def purge_removed(location: str | Path) -> RemovalSummary:
    """Delete the files of all items that were removed from a library, and what an interrupted purge left of them.

    Versions that have them can no longer be run. The last version stays as it is.

    Raises:
        InvalidLibrary: when there is no complete library, or it is no folder.
        LibraryBusy: when another program is building or changing the library.
        StorageError: when the folder cannot be written.
    """
    started = time.monotonic()
    with _changing(location) as (objects, _, library):
        files = files_of(library, library.removed_numbers)
        changed = library
        if library.purged != library.removed:
            changed = msgspec.structs.replace(library, purged=library.removed, updated_at=time.time())
            complete(objects, changed)
        purged, freed_bytes = delete_files(objects, files)
    return RemovalSummary(changed, [], purged, freed_bytes, time.monotonic() - started)


def check_some_stay(library: Library, removed: int) -> None:
    """Raise InvalidLibrary when no item would stay after the removal of so many."""
    if removed >= library.count:
        raise InvalidLibrary(
            f"these are all items of the library {library.location}, and a library has at least one: "
            "delete its folder if nothing of it is needed"
        )


def open_folder_library(location: str | Path) -> Library:
    """A library that can be changed.

    Raises:
        InvalidLibrary: when it is behind a URL, or there is no complete library.
    """
    if "://" in str(location):
        raise InvalidLibrary(
            f"the library {location} is behind a URL, and items are removed from libraries in folders only: "
            "remove them there, then copy the folder to the URL again; older versions stay as they are"
        )
    return open_library(location)


@contextmanager
def _changing(location: str | Path) -> Iterator[tuple[ObjectStore, Journal, Library]]:
    """A library that nobody else changes meanwhile."""
    folder = Path(open_folder_library(location).location)
    with only_writer(folder, again=AGAIN):
        objects = open_store(folder)
        library = read_library(objects)
        with Journal(folder, library.analysis, library, removals_of(library, objects)) as journal:
            remove_leftovers(objects, folder, journal, library)
            yield objects, journal, library
