"""Remove what a build that was interrupted left unfinished."""

from __future__ import annotations

import shutil
from pathlib import Path

from skyburst.library import layout
from skyburst.library.document import Library
from skyburst.library.journal import Journal


def remove_leftovers(folder: Path, journal: Journal, library: Library | None) -> None:
    """Remove files that no line of the journal and no version has; only the builder of a library may call it.

    They can only be where the next item goes, or after it, and in the manifest of the next version.
    """
    current = layout.prefix_of(journal.count)
    kept: set[str] = set()
    for number in range((current - 1) * layout.ITEMS_PER_PREFIX, journal.count):
        item = journal.item(number)
        kept.update(key for key in (item.key, item.thumbnail) if key)
    for area in (layout.IMAGES, layout.THUMBNAILS):
        for prefix in (folder / area).glob("[0-9]*"):
            if int(prefix.name) < current:
                continue
            for path in prefix.iterdir():
                if f"{area}/{prefix.name}/{path.name}" not in kept:
                    path.unlink()
    next_manifest = folder / layout.manifest_prefix(library.version + 1 if library else 1)
    if next_manifest.exists():
        shutil.rmtree(next_manifest)
    for path in folder.glob(f"{layout.LIBRARY}#*"):
        path.unlink()
