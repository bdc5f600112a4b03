"""The libraries that a deployment offers: those under some locations in S3, read with few requests and known for a while.

What is counted in a library takes all lines of it: it is counted once for each version, and the counts are kept in the
deployment's bucket, so that no other function reads the lines again.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import NamedTuple

import msgspec

from skyburst.errors import (
    InvalidItems,
    InvalidLibrary,
    LibraryNotFound,
    ObjectNotFound,
    StorageError,
    UnreadableLibrary,
)
from skyburst.homes.home import StoredObject
from skyburst.library import inspect_library, layout, read_index
from skyburst.library.document import Library as Stored
from skyburst.library.document import open_searchable
from skyburst.objects import ObjectStore, open_store
from skyburst.web.documents import Library
from skyburst.web.images import Size
from skyburst.web.libraries import unreadable

log = logging.getLogger(__name__)

FRESH_S = 30.0
"""What was read is believed for so long."""
AT_ONCE = 16
COUNTS = "web/libraries/"
"""Keys of what was counted."""
Metadata = dict[str, dict[str, int]]


class _Known(NamedTuple):
    """A library, as it was read."""

    location: str
    digest: str
    """Of its items; empty when it cannot be read."""
    shown: Library
    size: Size | None


class S3Libraries:
    """Libraries under some locations.

    Args:
        locations: URLs, each of a library or of a folder of libraries; an earlier one hides later ones of its name.
        objects: the deployment's, where counts are kept.
        clock: seconds, for how long what was read is believed.
    """

    def __init__(
        self, locations: Sequence[str], objects: ObjectStore, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._locations = [location.rstrip("/") for location in locations]
        self._objects, self._clock = objects, clock
        self._known: dict[str, _Known] = {}
        self._read_at: float | None = None
        self._lock = Lock()

    def all(self) -> list[Library]:
        """All of them by their names; one that cannot be read says why."""
        known = self._fresh()
        return sorted((one.shown for one in known.values()), key=lambda library: (library.name.lower(), library.id))

    def get(self, library_id: str) -> Library:
        """A library. Raises LibraryNotFound, UnreadableLibrary."""
        found = self._one(library_id)
        if found.shown.problem is not None:
            raise UnreadableLibrary(found.shown.problem)
        return found.shown

    def location(self, library_id: str) -> str:
        """Its URL. Raises LibraryNotFound."""
        return self._one(library_id).location

    def named(self, location: str) -> str | None:
        """The id of the library that is at a URL; None for what is none that is offered."""
        if not location.startswith(tuple(self._locations)):
            return None
        wanted = location.rstrip("/")
        return next((name for name, one in self._fresh().items() if one.location == wanted), None)

    def size(self, library_id: str) -> Size | None:
        """Width and height of its images in pixels; None when it is no library of images."""
        self.get(library_id)
        return self._one(library_id).size

    def thumbnail(self, library_id: str, key: str) -> StoredObject:
        """A small picture. Raises LibraryNotFound."""
        return self._object(library_id, f"{layout.THUMBNAILS}/{key}")

    def _object(self, library_id: str, key: str) -> StoredObject:
        location = self.location(library_id)
        try:
            objects = open_store(location)
            return StoredObject(objects, key, f"{location}/{key}", objects.size(key))
        except (ObjectNotFound, InvalidItems) as error:
            raise LibraryNotFound(f"library {library_id} has no picture {key[:200]!r}") from error

    def _one(self, library_id: str) -> _Known:
        found = self._fresh().get(library_id)
        if found is None:
            raise LibraryNotFound(f"there is no library {library_id[:200]!r} among those that this server offers")
        return found

    def _fresh(self) -> dict[str, _Known]:
        with self._lock:  # of several requests at once one reads
            now = self._clock()
            if self._read_at is None or now - self._read_at > FRESH_S:
                self._known = self._read()
                self._read_at = now
            return self._known

    def _read(self) -> dict[str, _Known]:
        places = dict(self._places())
        with ThreadPoolExecutor(AT_ONCE, "libraries") as pool:
            read = list(pool.map(lambda place: self._library(*place), places.items()))
        return {one.shown.id: one for one in read if one is not None}

    def _places(self) -> Iterator[tuple[str, str]]:
        """Names and locations of what may be libraries, the one that counts of each name last."""
        for location in reversed(self._locations):
            try:
                store = open_store(location)
                folders = store.folders()
                is_library = any(folder in (layout.IMAGES, layout.MANIFESTS) for folder in folders)
            except (InvalidItems, StorageError) as error:  # the other locations are offered
                log.warning(
                    "a location of libraries cannot be read", extra={"location": location, "reason": str(error)}
                )
                continue
            if is_library:
                yield location.rpartition("/")[2], location
            else:
                for folder in folders:
                    yield folder, f"{location}/{folder}"

    def _library(self, name: str, location: str) -> _Known | None:
        """The library at a location; None when there is none."""
        try:
            stored = open_searchable(location)
            index = read_index(location)
            metadata = self._metadata(location, stored)
        except (InvalidLibrary, StorageError) as error:
            if not self._has_description(location):
                return None
            problem = Library(
                id=name, name=name, items=0, version=0, properties={}, metadata={}, indexed=False,
                problem=str(unreadable(name, str(error))),
            )  # fmt: skip
            return _Known(location, "", problem, None)
        shown = Library(
            id=name, name=stored.name, items=stored.count, version=stored.version, properties=stored.properties,
            metadata=metadata, indexed=bool(index and index.fits(stored)),
        )  # fmt: skip
        return _Known(location, stored.manifest.digest, shown, Size(*stored.size) if stored.size else None)

    def _has_description(self, location: str) -> bool:
        try:
            open_store(location).size(layout.LIBRARY)
        except (ObjectNotFound, StorageError):
            return False
        return True

    def _metadata(self, location: str, stored: Stored) -> Metadata:
        before = self._known.get(location.rpartition("/")[2])
        # One that was built anew in the same place may have the same version.
        seen = None if before is None else (before.location, before.shown.version, before.digest)
        if before is not None and seen == (location, stored.version, stored.manifest.digest):
            return before.shown.metadata
        told = f"{location}\0{stored.version}\0{stored.manifest.digest}"
        key = f"{COUNTS}{hashlib.sha256(told.encode()).hexdigest()}.json"
        try:
            return msgspec.json.decode(self._objects.get(key), type=Metadata)
        except ObjectNotFound:
            metadata = inspect_library(location).metadata
            self._objects.put(key, msgspec.json.encode(metadata))
            return metadata
