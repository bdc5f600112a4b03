"""The libraries that a server offers: those in some folders, found anew each time they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from skyburst.errors import InvalidItems, InvalidLibrary, LibraryNotFound, UnreadableLibrary
from skyburst.folders import open_folder
from skyburst.homes.home import StoredFile
from skyburst.library import inspect_library, layout, read_index
from skyburst.library.document import Library as Stored
from skyburst.library.document import open_searchable
from skyburst.web.documents import Library
from skyburst.web.images import Size


def unreadable(library_id: str, why: str) -> UnreadableLibrary:
    """Of a library that is offered, and cannot be read for a reason that has the remedy."""
    return UnreadableLibrary(
        f"library {library_id!r} cannot be used until whoever runs this server has mended it: {why}"
    )


class LocalLibraries:
    """Libraries below some folders.

    Args:
        folders: each a library, or a folder of libraries.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def all(self) -> list[Library]:
        """All of them by their names; one that cannot be read says why."""
        found: dict[str, Library] = {}
        for folder in self._found():
            if folder.name in found:
                continue  # hidden by an earlier one, as commands hide analyses
            try:
                found[folder.name] = _shown(folder)
            except InvalidLibrary as error:
                found[folder.name] = Library(
                    id=folder.name, name=folder.name, items=0, version=0, properties={}, metadata={}, indexed=False,
                    problem=str(unreadable(folder.name, str(error))),
                )  # fmt: skip
        return sorted(found.values(), key=lambda library: (library.name.lower(), library.id))

    def get(self, library_id: str) -> Library:
        """A library. Raises LibraryNotFound, UnreadableLibrary."""
        try:
            return _shown(self._folder(library_id))
        except InvalidLibrary as error:
            raise unreadable(library_id, str(error)) from error

    def location(self, library_id: str) -> str:
        """Its folder. Raises LibraryNotFound."""
        return str(self._folder(library_id))

    def _folder(self, library_id: str) -> Path:
        for folder in self._found():
            if folder.name == library_id:
                return folder
        raise LibraryNotFound(f"there is no library {library_id[:200]!r} among those that this server offers")

    def named(self, location: str) -> str | None:
        """The id of the library in a folder; None for one that is not offered, or hidden by another one."""
        path = _library(location)
        if path is None:  # as most: the folders that are served need not be looked at
            return None
        seen: set[str] = set()
        for folder in self._found():
            if folder.name not in seen and folder.resolve() == path:
                return folder.name
            seen.add(folder.name)
        return None

    def size(self, library_id: str) -> Size | None:
        """Width and height of its images in pixels; None when it is no library of images."""
        try:
            size = open_searchable(self._folder(library_id)).size
        except InvalidLibrary as error:
            raise unreadable(library_id, str(error)) from error
        return Size(*size) if size else None

    def thumbnail(self, library_id: str, key: str) -> StoredFile:
        """A small picture, by its path in the folder of these. Raises LibraryNotFound."""
        pictures = self._folder(library_id) / layout.THUMBNAILS
        try:
            there = open_folder(pictures).has(key)
        except InvalidItems:  # a name that leads out of the folder, or is none
            there = False
        if not there:
            raise LibraryNotFound(f"library {library_id} has no small picture {key[:200]!r}")
        return StoredFile(pictures / key)

    def _found(self) -> Iterator[Path]:
        for folder in self._folders:
            if (folder / layout.LIBRARY).is_file():
                yield folder
            elif folder.is_dir():
                yield from sorted(path.parent for path in folder.glob(f"*/{layout.LIBRARY}"))


def _shown(folder: Path) -> Library:
    stored: Stored = open_searchable(folder)
    index = read_index(folder)
    return Library(
        id=folder.name, name=stored.name, items=stored.count, version=stored.version, properties=stored.properties,
        metadata=_metadata(folder, stored.version, stored.manifest.digest), indexed=bool(index and index.fits(stored)),
    )  # fmt: skip


def _library(location: str) -> Path | None:
    """The folder of a library at a path; None for what is none, or no path."""
    with suppress(OSError, ValueError):
        path = Path(location).resolve()
        if (path / layout.LIBRARY).is_file():
            return path
    return None


@lru_cache(maxsize=256)
def _metadata(folder: Path, _version: int, _digest: str) -> dict[str, dict[str, int]]:
    """Items by value for each kind of metadata; counted once for each version of a library."""
    return inspect_library(folder).metadata
