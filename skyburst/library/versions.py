"""Complete a version of a library: its shuffled manifest, then `library.json`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from skyburst.library import layout
from skyburst.library.document import Library
from skyburst.library.journal import Journal
from skyburst.manifest import write_manifest
from skyburst.objects import ObjectStore


def add_version(
    objects: ObjectStore,
    journal: Journal,
    library: Library | None,
    *,
    analysis: str,
    name: str | None,
    seed: int | None,
) -> Library:
    """The library with all items of the journal: a new version, or the one there is when nothing changed.

    Args:
        objects: the library's store.
        journal: with at least one item.
        library: the last complete version, if there is one.
        analysis: that described the items.
        name: None keeps the library's.
        seed: None keeps the library's.
    """
    name = name or (library.name if library else objects.location.rpartition("/")[2])
    seed = (library.seed if library else 0) if seed is None else seed
    if library and (journal.count, name, seed) == (library.count, library.name, library.seed):
        return library
    version = library.version + 1 if library else 1
    manifest = write_manifest(
        objects,
        objects.location,
        layout.manifest_prefix(version),
        _shuffled(journal, seed, version),
        chunk_items=layout.ITEMS_PER_CHUNK,
    )
    journal_bytes, journal_sha256 = journal.extent()
    now = time.time()
    added = Library(
        location=objects.location,
        name=name,
        version=version,
        count=journal.count,
        size_bytes=journal.size_bytes,
        analysis=analysis,
        properties=journal.properties() or {},
        seed=seed,
        created_at=library.created_at if library else now,
        updated_at=now,
        manifest=manifest,
        journal_bytes=journal_bytes,
        journal_sha256=journal_sha256,
    )
    os.sync()  # were the machine to fail now, library.json must not be there before what it describes
    objects.put(layout.LIBRARY, added.encode())
    os.sync()
    return added


def _shuffled(journal: Journal, seed: int, version: int) -> Iterator[dict[str, Any]]:
    """The items in an order that depends on nothing but seed, version and the order in which they were added.

    By hashes: the order that `random.shuffle` gives for a seed may change from one Python to the next.
    """

    def rank(number: int) -> bytes:
        return blake2b(f"{seed}/{version}/{number}".encode(), digest_size=8).digest()

    for number in sorted(range(journal.count), key=rank):
        yield msgspec.to_builtins(journal.item(number))
