"""Decide about files that were examined, and store those that a library takes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from skyburst.errors import InvalidLibrary
from skyburst.library import layout
from skyburst.library.description import Description
from skyburst.library.examination import Examined
from skyburst.library.journal import Journal
from skyburst.library.lines import Entry, Item
from skyburst.library.sources import Refused
from skyburst.objects import ObjectStore


class Outcome(Enum):
    """What became of a file that was not refused."""

    ADDED = "added"
    ALREADY_THERE = "already there"
    IGNORED = "ignored"


class Additions:
    """Adds files to a library one by one: first the file, then its thumbnail, then its journal line."""

    def __init__(self, objects: ObjectStore, journal: Journal, properties: Mapping[str, Any] | None) -> None:
        """Add to the library of this journal, whose items have these properties, if any are given.

        Raises:
            InvalidLibrary: when its items have others.
        """
        self._objects = objects
        self._journal = journal
        there = journal.properties()
        self._needed = there if properties is None else dict(properties)
        if there is not None and self._needed != there:
            raise InvalidLibrary(
                f"the items of the library {objects.location} have {_listed(there)}, "
                f"not {_listed(self._needed or {})}: build another library for those"
            )

    def known_sha256(self, path: Path) -> str | None:
        """SHA-256 of the item that has this file's name, if there is one."""
        item = self._journal.find(path.name)
        return item.sha256 if item else None

    def add(self, examined: Examined) -> Outcome | Refused:
        """Store a file unless something speaks against it."""
        path, description = examined.path, examined.description
        if examined.problem:
            return Refused(str(path), examined.problem)
        if not examined.sha256:
            return Outcome.IGNORED
        namesake = self._journal.find(path.name)
        if namesake and namesake.sha256 == examined.sha256:
            return Outcome.ALREADY_THERE
        if namesake:
            return Refused(
                str(path),
                f"the library has another file of this name, {self._objects.location}/{namesake.key}: "
                "rename one of them",
            )
        assert description is not None
        if self._needed is None:
            self._needed = description.properties
        if description.properties != self._needed:
            return Refused(
                str(path),
                f"has {_listed(description.properties)}, and this library needs {_listed(self._needed)}: "
                "build another library for such files",
            )
        return self._store(examined, description)

    def _store(self, examined: Examined, description: Description) -> Outcome | Refused:
        path = examined.path
        number = self._journal.count
        apart = self._journal.meets_removed(path.name)
        key = layout.image_key(number, path.name, apart=apart)
        if _is_unchanged(examined):
            self._objects.put(key, path)
        if not _is_unchanged(examined):
            self._objects.delete([key])
            return Refused(str(path), "was changed while it was read: build again to add it")
        thumbnail = None
        if description.thumbnail is not None:
            thumbnail = layout.thumbnail_key(number, path.name, description.thumbnail_suffix, apart=apart)
            self._objects.put(thumbnail, description.thumbnail)
        item = Item(
            id=layout.item_id(path.name),
            file=path.name,
            key=key,
            size_bytes=examined.size,
            sha256=examined.sha256,
            thumbnail=thumbnail,
            metadata=description.metadata,
        )
        self._journal.append(Entry.of(item, description))
        return Outcome.ADDED


def _is_unchanged(examined: Examined) -> bool:
    try:
        status = examined.path.stat()
    except OSError:
        return False  # it is gone
    return (status.st_size, status.st_mtime_ns) == (examined.size, examined.modified_ns)


def _listed(properties: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in properties.items()) or "no properties"
