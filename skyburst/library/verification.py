"""Read a library again and compare it with what was stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from skyburst.contracts import values
from skyburst.errors import InvalidItems, ObjectNotFound, StorageError
from skyburst.library import layout
from skyburst.library.document import Library, is_unchanged
from skyburst.library.lines import read_entries
from skyburst.library.removals import numbers_in, read_copy
from skyburst.library.variants import read_variants, with_variants
from skyburst.manifest import read_chunk
from skyburst.objects import ObjectStore

READ_BYTES = 1 << 18


class Problem(NamedTuple):
    """A file of a library that is not as it was stored."""

    key: str
    """Relative to the library."""
    reason: str


def verify_library(objects: ObjectStore, library: Library, verified: Callable[[], None]) -> Iterator[Problem]:
    """Read everything again and name what is damaged or missing.

    Args:
        objects: the library's store.
        library: as it was opened.
        verified: called after each item whose files were read again.
    """
    if not is_unchanged(objects.get(layout.LIBRARY)):
        yield Problem(layout.LIBRARY, "was changed since it was written")
    journal = _problem(objects, layout.JOURNAL, library.journal_bytes, library.journal_sha256, follows=True)
    if journal:
        yield journal
    yield from _verify_copy(objects, library)
    listed = library.variants
    if listed and (problem := _problem(objects, listed.key, listed.size_bytes, listed.sha256)):
        yield problem
    items: set[bytes] = set()
    removed, purged = library.removed_numbers, library.purged_numbers
    try:
        with objects.open(layout.JOURNAL) as file:
            both = zip(read_entries(file), read_variants(objects, listed), strict=False)
            for number, ((end, entry), variants) in enumerate(both):
                if entry is None or end > library.journal_bytes or number in purged:
                    continue
                if number not in removed:
                    items.add(_digest(msgspec.to_builtins(with_variants(entry.item, variants))))
                made = variants.files.values() if variants else ()
                for key, size, sha256 in (*entry.files(), *((file.key, file.size_bytes, file.sha256) for file in made)):
                    problem = _problem(objects, key, size, sha256)
                    if problem:
                        yield problem
                verified()
    except ObjectNotFound:
        pass  # its absence is named above
    yield from _verify_manifest(objects, library, None if journal else items)


def _verify_copy(objects: ObjectStore, library: Library) -> Iterator[Problem]:
    """Check the copy of what was removed, which may be ahead by a removal that was interrupted."""
    if not library.removed:
        return
    try:
        copy = read_copy(objects)
    except ValueError as error:
        yield Problem(layout.REMOVED, f"is damaged: {error}")
        return
    if copy is None:
        yield Problem(layout.REMOVED, "is missing")
    elif not library.removed_numbers.issubset(numbers_in(copy.removed)):
        yield Problem(layout.REMOVED, "is damaged: it does not have all items that were removed")


def _verify_manifest(objects: ObjectStore, library: Library, items: set[bytes] | None) -> Iterator[Problem]:
    """Check the chunks, and that they hold these items, which are not known when the journal is damaged."""
    digest = hashlib.sha256()
    damaged = False
    for number in range(library.manifest.chunks):
        key = library.manifest.chunk_key(number)
        try:
            chunk, data = read_chunk(library.manifest, objects, number)
        except (InvalidItems, StorageError) as error:
            damaged = True
            yield Problem(key, str(error))
            continue
        digest.update(hashlib.sha256(data).digest())
        if items is not None and not items.issuperset(map(_digest, chunk)):
            damaged = True
            yield Problem(key, "holds items that the library does not have")
    if not damaged and digest.hexdigest() != library.manifest.digest:
        yield Problem(library.manifest.prefix, "was changed since it was written")


def _problem(objects: ObjectStore, key: str, size: int, sha256: str | None, *, follows: bool = False) -> Problem | None:
    """What is wrong with an object. More than `size` bytes are right only where something `follows`."""
    digest = hashlib.sha256()
    read = 0
    try:
        with objects.open(key) as file:
            while data := file.read(min(READ_BYTES, size - read) if follows else READ_BYTES):
                digest.update(data)
                read += len(data)
    except ObjectNotFound:
        return Problem(key, "is missing")
    except (InvalidItems, StorageError) as error:
        return Problem(key, f"cannot be read: {error}")
    if read != size:
        return Problem(key, f"is damaged: it has {read} bytes, and {size} were stored")
    if digest.hexdigest() != sha256:
        return Problem(key, f"is damaged: its SHA-256 is {digest.hexdigest()}, and {sha256} was stored")
    return None


def _digest(item: Any) -> bytes:
    return hashlib.sha256(values.encode(item)).digest()
