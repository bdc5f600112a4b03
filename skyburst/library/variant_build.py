"""Make the variants that items of a library do not have yet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import InvalidAnalysis
from skyburst.library import layout
from skyburst.library.description import MakeVariants, Variant
from skyburst.library.document import Library
from skyburst.library.in_processes import in_processes, processes_for
from skyburst.library.journal import Journal
from skyburst.library.lines import Item
from skyburst.library.sources import Refused
from skyburst.library.variants import ItemVariants, ListFile, VariantFile, VariantsList
from skyburst.objects import ObjectStore

LoadVariants = Callable[[], MakeVariants]
"""Gives the function that makes variants, as `LoadDescribe` gives that which describes."""
NAME = re.compile(r"[a-z][a-z0-9_]*")


class MadeVariants(NamedTuple):
    """What a build did."""

    listed: ListFile | None
    """The list of the next version; the one there is when nothing changed."""
    made: int
    """Items whose variants were made."""
    failed: list[Refused]
    """Files of the library whose variants could not be made, and why."""


def make_variants(
    objects: ObjectStore,
    folder: Path,
    journal: Journal,
    library: Library | None,
    load: LoadVariants,
    processes: int | None,
    progress: Callable[[int, int], None],
) -> MadeVariants:
    """Make what is missing, item by item, and store the list of all. Interrupted, it goes on where it was.

    Args:
        objects: the library's store.
        folder: the library's.
        journal: of the library, complete.
        library: the last complete version, if there is one.
        load: gives the function that makes variants. Called once in each process.
        processes: that make variants; None: one for each processor.
        progress: called with how many items are done and how many there are to do.

    Raises:
        InvalidAnalysis: when the function fails in another way than it should.
    """
    there = library.variants if library else None
    version = library.version + 1 if library else 1
    (folder / layout.VARIANTS).mkdir(exist_ok=True)
    with (
        VariantsList(folder / there.key if there else None) as old,
        VariantsList(folder / layout.NEXT_VARIANTS, writable=True) as new,
    ):
        new.cut(_sound(folder, journal, new))
        live = frozenset(journal.live())
        missing = [
            number
            for number in range(len(new), journal.count)
            if number in live and not _is_stored(folder, old.get(number))
        ]
        if not missing and len(new) == 0 and there:
            return MadeVariants(there, 0, [])
        total = len(missing)
        failed: list[Refused] = []
        paths = ((number, folder / journal.item(number).key) for number in missing)
        done = 0
        with closing(in_processes(load, _make, paths, processes or processes_for(total))) as all_made:
            made = next(all_made, None)
            for number in range(len(new), journal.count):
                item = journal.item(number)
                if made is None or made.number != number:
                    new.append(old.get(number))
                    continue
                if made.problem:
                    failed.append(Refused(str(folder / item.key), f"its variants cannot be made: {made.problem}"))
                new.append(None if made.problem else _store(objects, item, made.variants))
                done += 1
                progress(done, total)
                made = next(all_made, None)
    return MadeVariants(_store_list(objects, folder, there, version), total - len(failed), failed)


def keep_list(folder: Path, library: Library) -> None:
    """Delete all lists but that of a version which is complete."""
    for path in (folder / layout.VARIANTS).glob("*.jsonl"):
        if library.variants is None or path != folder / library.variants.key:
            path.unlink()


def _sound(folder: Path, journal: Journal, new: VariantsList) -> int:
    """How many lines of a list that was begun hold: up to the first whose files a failing machine did not keep."""
    for number in range(min(len(new), journal.count)):
        variants = new.get(number)
        if variants and not (variants.of == journal.item(number).sha256 and _is_stored(folder, variants)):
            return number
    return min(len(new), journal.count)


class _Made(NamedTuple):
    number: int
    variants: Mapping[str, Variant]
    problem: str = ""


def _make(make: MakeVariants, asked: tuple[int, Path]) -> _Made:
    number, path = asked
    try:
        variants = make(path)
    except (ValueError, OSError) as error:
        return _Made(number, {}, str(error) or type(error).__name__)
    except Exception as error:
        raise InvalidAnalysis(f"making variants of {path} failed: {type(error).__name__}: {error}") from error
    for name in variants:
        if not NAME.fullmatch(name):
            raise InvalidAnalysis(f"{name!r} is no name of a variant: use lower-case letters, digits and _")
    return _Made(number, variants)


def _is_stored(folder: Path, variants: ItemVariants | None) -> bool:
    if variants is None:
        return False
    paths = [(folder / file.key, file.size_bytes) for file in variants.files.values()]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def _store(objects: ObjectStore, item: Item, variants: Mapping[str, Variant]) -> ItemVariants:
    files = {}
    for name, variant in variants.items():
        key = layout.variant_key(item.key, name, variant.suffix)
        objects.put(key, variant.data)
        files[name] = VariantFile(key, len(variant.data), hashlib.sha256(variant.data).hexdigest())
    return ItemVariants(item.sha256, files)


def _store_list(objects: ObjectStore, folder: Path, there: ListFile | None, version: int) -> ListFile:
    """Store the list that was written, under the name of the version that is to have it; one that is there is kept."""
    path = folder / layout.NEXT_VARIANTS
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    listed = ListFile(layout.variants_list(version), path.stat().st_size, sha256)
    if there and there.sha256 == sha256:
        listed = there
    objects.put(listed.key, path)  # the same one too, which may be damaged
    return listed
