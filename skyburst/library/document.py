"""`library.json`: what a library is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from skyburst.contracts import values
from skyburst.errors import InvalidItems, InvalidLibrary, ObjectNotFound
from skyburst.library import layout
from skyburst.library.removals import Ranges, check_removals, count_of, numbers_in
from skyburst.library.variants import ListFile
from skyburst.manifest import Manifest
from skyburst.objects import ObjectStore, open_store

FORMAT = 1
FORMAT_WITH_REMOVALS = 2
"""Of a library from which items were removed: a skyburst that knew none would add them again."""
FORMAT_WITH_VARIANTS = 3
"""Of a library with variants: a skyburst that knew none would neither verify nor delete them."""
FORMATS = (FORMAT, FORMAT_WITH_REMOVALS, FORMAT_WITH_VARIANTS)
HERE = "."
"""What `library.json` gives as the manifest's location, so that the library can be moved."""


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A complete version of a library."""

    format: int = FORMAT
    location: str
    """Folder or URL; not stored, the library is where it was opened."""
    name: str
    version: int
    """1 for the first build; one more for each build or removal that changed it. Older versions' manifests are kept."""
    count: int
    """Number of items; those that were removed do not count."""
    size_bytes: int
    """Of these items' files together."""
    analysis: str
    """Name of the analysis that described the items."""
    properties: dict[str, Any]
    """What is equal for all items, such as width and height in pixels."""
    seed: int
    """Of the order of the manifest."""
    created_at: float
    """Seconds since the epoch."""
    updated_at: float
    """Seconds since the epoch."""
    manifest: Manifest
    """The items, shuffled. Their keys are relative to `location`."""
    journal_bytes: int
    """How much of `items.jsonl` is in this version; what follows was added by a build that did not finish."""
    journal_sha256: str
    """Of that part, hexadecimal."""
    removed: Ranges = ()
    """Numbers of the items that were removed, as half-open ranges. No other items get them."""
    purged: Ranges = ()
    """Those of them whose files were deleted."""
    variants: ListFile | None = None
    """The list of variants, if items have some."""

    def __post_init__(self) -> None:
        check_removals(self.removed, self.purged)
        if self.removed and self.removed[-1][1] > self.numbers:
            raise ValueError(f"item {self.removed[-1][1] - 1} of {self.numbers} is removed")

    @property
    def numbers(self) -> int:
        """How many numbers items were given: the first has 0, the last one less than this."""
        return self.count + self.removed_count

    @property
    def removed_count(self) -> int:
        """How many items were removed."""
        return count_of(self.removed)

    @property
    def removed_numbers(self) -> frozenset[int]:
        """Numbers of the items that were removed."""
        return frozenset(numbers_in(self.removed))

    @property
    def purged_numbers(self) -> frozenset[int]:
        """Numbers of the removed items whose files were deleted."""
        return frozenset(numbers_in(self.purged))

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of all images in pixels, when the library is one of images."""
        match self.properties:
            case {"width": int(width), "height": int(height)}:
                return width, height
        return None

    def encode(self) -> bytes:
        """As the bytes of `library.json`."""
        fields = msgspec.to_builtins(self)
        del fields["location"]
        if not self.removed:
            del fields["removed"], fields["purged"]
        if not self.variants:
            del fields["variants"]
        fields["manifest"]["location"] = HERE
        values.check(fields)
        return json.dumps({**fields, "sha256": digest_of(fields)}, indent=2).encode() + b"\n"


def open_library(location: str | Path) -> Library:
    """Open a library by its folder or URL.

    Raises:
        InvalidLibrary: when there is none, when it is unfinished or when its description cannot be read.
    """
    try:
        objects = open_store(location)
    except InvalidItems as error:
        raise InvalidLibrary(f"there is no library at {str(location)!r}: {error}") from error
    return read_library(objects)


def open_searchable(location: str | Path) -> Library:
    """Open a library whose list of items is there, too; the names of its pieces are looked at, not what is in them.

    Raises:
        InvalidLibrary: as `open_library`, and when pieces are missing, without which a job fails.
    """
    library = open_library(location)
    manifest = library.manifest
    there = {info.key for info in open_store(location).list(f"{manifest.prefix}/")}
    missing = [key for key in map(manifest.chunk_key, range(manifest.chunks)) if key not in there]
    if missing:
        raise InvalidLibrary(
            f"the library {library.location} has lost its list of items: {len(missing)} of its {manifest.chunks} pieces are "
            f"missing, {missing[0]} among them: restore it from a copy, or remove it and build again"
        )
    return library


def read_library(objects: ObjectStore) -> Library:
    """The library in an object store.

    Raises:
        InvalidLibrary: as `open_library`.
    """
    where = objects.location
    try:
        data = objects.get(layout.LIBRARY)
    except ObjectNotFound as error:
        raise InvalidLibrary(_why_missing(objects)) from error
    try:
        fields = values.decode(data)
        fields["location"] = where
        fields["manifest"]["location"] = where
        if fields["format"] in FORMATS:
            return msgspec.convert(fields, Library)
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidLibrary(
            f"{layout.LIBRARY} of the library {where} is damaged ({error}): "
            "restore it from a copy, or remove it and build again"
        ) from error
    raise InvalidLibrary(
        f"{where} is a library of format {fields['format']!r}, and this version of skyburst reads "
        f"{', '.join(map(str, FORMATS))}: "
        "use the version that built it"
    )


def is_unchanged(data: bytes) -> bool:
    """True when `library.json` is as it was written."""
    fields = values.decode(data)
    return bool(fields.pop("sha256", None) == digest_of(fields))


def digest_of(fields: dict[str, Any]) -> str:
    """SHA-256 of a document, hexadecimal, however it is laid out."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _why_missing(objects: ObjectStore) -> str:
    try:
        with objects.open(layout.JOURNAL):
            return (
                f"the library {objects.location} is unfinished: its build was interrupted; "
                "give the same `skyburst library build` again to finish it"
            )
    except ObjectNotFound:
        return (
            f"{objects.location} is not a library: it has no {layout.LIBRARY}; make one with `skyburst library build`"
        )
