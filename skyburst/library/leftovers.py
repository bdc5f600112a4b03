"""Remove what a build or a removal that was interrupted left unfinished."""

from __future__ import annotations

import shutil
from pathlib import Path

from skyburst.library import layout
from skyburst.library.document import Library
from skyburst.library.journal import Journal
from skyburst.library.removals import has_copy, keep_copy
from skyburst.library.variants import VariantsList
from skyburst.objects import ObjectStore


def remove_leftovers(objects: ObjectStore, folder: Path, journal: Journal, library: Library | None) -> None:
    """Remove files that no line of the journal and no version has; only who holds a library's lock may call it.

    They can only be where the next item goes, or after it, and in the manifest of the next version; and the copy of
    what was removed may tell of a removal that was not completed.
    """
    current = layout.prefix_of(journal.count)
    kept: set[str] = set()
    for number in range((current - 1) * layout.ITEMS_PER_PREFIX, journal.count):
        item = journal.item(number)
        kept.update(key for key in (item.key, item.thumbnail) if key)
    for area in (layout.IMAGES, layout.THUMBNAILS):
        for prefix in (folder / area).glob("[0-9]*"):
            if layout.prefix_in(prefix.name) < current:
                continue
            for path in list(prefix.iterdir()):
                if f"{area}/{prefix.name}/{path.name}" not in kept:
                    path.unlink()
            if layout.is_apart(prefix.name) and not any(prefix.iterdir()):
                prefix.rmdir()
    _remove_unlisted(folder, journal, library)
    next_manifest = folder / layout.manifest_prefix(library.version + 1 if library else 1)
    if next_manifest.exists():
        shutil.rmtree(next_manifest)
    for file in (layout.LIBRARY, layout.REMOVED):
        for path in folder.glob(f"{file}#*"):
            path.unlink()
    if library and not has_copy(objects, journal.removals):
        keep_copy(objects, journal.removals)


def _remove_unlisted(folder: Path, journal: Journal, library: Library | None) -> None:
    """Remove what a build that made variants did not come to list; what it did list, the next one goes on with."""
    begun = folder / layout.NEXT_VARIANTS
    for path in (folder / layout.VARIANTS).glob("*.jsonl*"):
        if path != begun and (library is None or library.variants is None or path != folder / library.variants.key):
            path.unlink()
    there = library.variants if library else None
    with (
        VariantsList(folder / there.key if there else None) as old,
        VariantsList(begun if begun.exists() else None) as new,
    ):
        first = layout.prefix_of(min(len(new), journal.count) if begun.exists() else journal.count)
        numbers = range((first - 1) * layout.ITEMS_PER_PREFIX, journal.count)
        listed = [variants for each in (old, new) for variants in map(each.get, numbers) if variants]
    kept = {file.key for variants in listed for file in variants.files.values()}
    for prefix in (folder / layout.VARIANTS).glob("*/[0-9]*"):
        if layout.prefix_in(prefix.name) >= first:
            for path in list(prefix.iterdir()):
                if path.relative_to(folder).as_posix() not in kept:
                    path.unlink()
