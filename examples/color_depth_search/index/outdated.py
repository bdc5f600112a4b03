"""Files of earlier indexes of a library, which no search needs any more."""

from __future__ import annotations

import re
from collections.abc import Iterable

import skyburst

from .document import Index

_WRITTEN = re.compile(r"(shards/../\d{8,}-[0-9a-f]{20})\.(?:entries|directory)|(items/[0-9a-f]{20})/\d+/\d+\.json")
"""Names of what is written for indexes in their folder, and the part that each belongs to; nothing else is removed."""


def kept_for(index: Index, replaced: Index | str) -> list[str]:
    """The parts that are kept for searches which run with the index before.

    An index that is published again, as when its job was interrupted after that, has the one before that it had.
    """
    if isinstance(replaced, str):
        return []
    return replaced.before if replaced.parts == index.parts else replaced.parts


def missing_parts(index: Index, names: Iterable[str]) -> list[str]:
    """Parts of an index of which no file is there, among the names of all files."""
    return sorted(set(index.parts) - set(_parts(names).values()))


def outdated_files(index: Index, names: Iterable[str]) -> list[str]:
    """Names of files that belong neither to an index nor to the one before."""
    kept = {*index.parts, *index.before}
    return [name for name, part in _parts(names).items() if part not in kept]


def remove(folder: skyburst.Folder, names: list[str]) -> str | None:
    """Remove files; the reason when some cannot be removed, which harms nobody: the next index removes them."""
    try:
        folder.delete(names)
    except skyburst.StorageError as error:
        return str(error)
    return None


def _parts(names: Iterable[str]) -> dict[str, str]:
    """The part that each file belongs to."""
    found = ((name, _WRITTEN.fullmatch(name)) for name in names)
    return {name: match[1] or match[2] for name, match in found if match}
