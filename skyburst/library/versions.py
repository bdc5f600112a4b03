"""Complete a version of a library: its shuffled manifest, then the copy of what was removed, then `library.json`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from skyburst.library import layout
from skyburst.library.document import FORMAT, FORMAT_WITH_REMOVALS, FORMAT_WITH_VARIANTS, Library
from skyburst.library.journal import Journal
from skyburst.library.removals import Ranges, Removals, keep_copy, numbers_in
from skyburst.library.variants import ListFile, VariantsList, with_variants
from skyburst.manifest import Manifest, write_manifest
from skyburst.objects import ObjectStore


def add_version(
    objects: ObjectStore,
    journal: Journal,
    library: Library | None,
    *,
    analysis: str,
    name: str | None,
    seed: int | None,
    variants: ListFile | None,
) -> Library:
    """The library with all live items of the journal: a new version, or the one there is when nothing changed.

    Args:
        objects: the library's store.
        journal: with at least one live item.
        library: the last complete version, if there is one.
        analysis: that described the items.
        name: None keeps the library's.
        seed: None keeps the library's.
        variants: their list.
    """
    name = name or (library.name if library else objects.location.rpartition("/")[2])
    seed = (library.seed if library else 0) if seed is None else seed
    if library and (library.numbers, library.name, library.seed, library.variants) == (
        journal.count, name, seed, variants,
    ):  # fmt: skip
        return library
    version = library.version + 1 if library else 1
    manifest = _store_manifest(objects, journal, variants, list(journal.live()), seed, version)
    journal_bytes, journal_sha256 = journal.extent()
    now = time.time()
    added = Library(
        format=_format(journal.removals.removed, variants),
        location=objects.location,
        name=name,
        version=version,
        count=manifest.count,
        size_bytes=journal.size_bytes,
        analysis=analysis,
        properties=journal.properties() or {},
        seed=seed,
        created_at=library.created_at if library else now,
        updated_at=now,
        manifest=manifest,
        journal_bytes=journal_bytes,
        journal_sha256=journal_sha256,
        removed=journal.removals.removed,
        purged=journal.removals.purged,
        variants=variants,
    )
    complete(objects, added)
    return added


def version_without(
    objects: ObjectStore,
    journal: Journal,
    library: Library,
    removals: Removals,
    *,
    size_bytes: int,
    wrote: Callable[[int], None],
) -> Library:
    """A new version of a library from which these were removed. What a build did not finish stays unfinished.

    Args:
        objects: the library's store.
        journal: of the library.
        library: the last complete version.
        removals: all there are then; at least one item stays.
        size_bytes: of the files of the items that stay.
        wrote: called with the number of items that the new manifest has so far.
    """
    version = library.version + 1
    removed = frozenset(numbers_in(removals.removed))
    numbers = [number for number in range(library.numbers) if number not in removed]
    manifest = _store_manifest(objects, journal, library.variants, numbers, library.seed, version, wrote)
    left = msgspec.structs.replace(
        library,
        format=_format(removals.removed, library.variants),
        version=version,
        count=manifest.count,
        size_bytes=size_bytes,
        updated_at=time.time(),
        manifest=manifest,
        removed=removals.removed,
        purged=removals.purged,
    )
    complete(objects, left)
    return left


def complete(objects: ObjectStore, library: Library) -> None:
    """Make a version whose manifest is stored the library's last one."""
    keep_copy(objects, Removals(removed=library.removed, purged=library.purged))
    os.sync()  # were the machine to fail now, library.json must not be there before what it describes
    objects.put(layout.LIBRARY, library.encode())
    os.sync()


def _format(removed: Ranges, variants: ListFile | None) -> int:
    if variants:
        return FORMAT_WITH_VARIANTS
    return FORMAT_WITH_REMOVALS if removed else FORMAT


def _store_manifest(
    objects: ObjectStore,
    journal: Journal,
    variants: ListFile | None,
    numbers: Collection[int],
    seed: int,
    version: int,
    wrote: Callable[[int], None] | None = None,
) -> Manifest:
    with VariantsList(Path(objects.location, variants.key) if variants else None) as listed:
        items = _shuffled(journal, listed, numbers, seed, version)
        return write_manifest(
            objects,
            objects.location,
            layout.manifest_prefix(version),
            items if wrote is None else _told(items, wrote),
            chunk_items=layout.ITEMS_PER_CHUNK,
        )


def _told(items: Iterator[dict[str, Any]], wrote: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for done, item in enumerate(items, start=1):
        yield item
        wrote(done)


def _shuffled(
    journal: Journal, variants: VariantsList, numbers: Collection[int], seed: int, version: int
) -> Iterator[dict[str, Any]]:
    """The items of these numbers in an order that depends on nothing but seed, version and the numbers.

    By hashes: the order that `random.shuffle` gives for a seed may change from one Python to the next.
    """

    def rank(number: int) -> bytes:
        return blake2b(f"{seed}/{version}/{number}".encode(), digest_size=8).digest()

    for number in sorted(numbers, key=rank):
        item = journal.item(number)
        yield msgspec.to_builtins(with_variants(item, variants.get(number)))
