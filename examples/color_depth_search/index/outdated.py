"""Files of earlier indexes of a library, which no search needs any more."""

from __future__ import annotations

import re
from collections.abc import Iterable

import skyburst
from skyburst.objects import locate

from .document import FOLDER, Index, read_index

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


def remove(library: str, index: Index, names: list[str]) -> str | None:
    """Remove files that this index of a library does not need, if it still is the one in use.

    Returns:
        The reason when some were not removed, which harms nobody: the next index removes them.
    """
    try:
        if read_index(library) != index:  # what is outdated for this one may belong to that
            return "another job published an index of the library meanwhile: index it again to remove outdated files"
        skyburst.open_folder(locate(library, FOLDER)).delete(names)
    except skyburst.StorageError as error:
        return str(error)
    return None


def _parts(names: Iterable[str]) -> dict[str, str]:
    """The part that each file belongs to."""
    found = ((name, _WRITTEN.fullmatch(name)) for name in names)
    return {name: match[1] or match[2] for name, match in found if match}
