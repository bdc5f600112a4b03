"""What the API needs of where it runs: a folder of this machine, or a bucket of a deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from skyburst.homes.home import Readable
from skyburst.web.documents import Library, Link, NewUpload, Upload, UploadLine, UploadPart
from skyburst.web.images import Size

Check = Callable[[Mapping[str, float]], None]
"""Raises UploadInUse. It is given the ids of jobs that were about to be started and may not be stored yet, and when that was."""


def nothing_needs(_noted: Mapping[str, float]) -> None:
    """The check of who knows that no job needs an upload."""


class Uploads(Protocol):
    """Files that come in parts, each part into its place, never whole in memory.

    An upload belongs to its owner, None where there is one user only. To all others it is as if it were not there: every method
    that takes its id raises UploadNotFound.
    """

    limit_bytes: int
    """Of one file."""

    def begin(self, new: NewUpload, now: float, owner: str | None) -> Upload:
        """Expect a file. Raises InvalidUpload, StorageFull."""

    def all(self, owner: str | None) -> list[UploadLine]:
        """Those of an owner, newest first; without those that nobody completed in time."""

    def get(self, upload_id: str, owner: str | None) -> Upload:
        """An upload, with its parts, and which of them were received."""

    async def receive(self, upload_id: str, number: int, body: AsyncIterator[bytes], owner: str | None) -> UploadPart:
        """Take the bytes of one part as they come, where parts are PUT here. Raises InvalidUpload when they are not as many as
        they should be, or when parts are PUT elsewhere.
        """

    def complete(self, upload_id: str, expected: Size | None, owner: str | None) -> Upload:
        """Check a file whose parts have all been received, so that jobs can name it.

        Args:
            upload_id: which one.
            expected: of an image, the width and height in pixels that it must have.
            owner: whose it is.

        Raises:
            InvalidUpload: when parts are missing, or it is no image, or one of another size; it stays open.
        """

    def location(self, upload_id: str, owner: str | None) -> str:
        """Path or URL of a complete upload, which ends with its own name, as jobs read it. Raises InvalidUpload."""

    def named(self, location: str) -> str | None:
        """The id of the upload that is, or was, at a path or URL; None for what is none. Nothing is read."""

    def open(self, upload_id: str, owner: str | None) -> AbstractContextManager[BinaryIO]:
        """The bytes of a complete upload, as a file that can seek. Raises InvalidUpload."""

    def starting(self, upload_ids: Collection[str]) -> AbstractContextManager[Callable[[str], None]]:
        """Entered, these uploads stay until a job is stored that needs them. What is entered is called with its id before.

        Raises:
            UploadNotFound: entered, or called, when one has been removed.
        """

    def remove(self, upload_id: str, owner: str | None, check: Check = nothing_needs) -> None:
        """Remove an upload and its file, unless the check raises; meanwhile no job is started that needs it."""


class Libraries(Protocol):
    """The libraries that are offered, found anew each time they are asked for, or as of some seconds ago."""

    def all(self) -> list[Library]:
        """All of them by their names; one that cannot be read says why."""

    def get(self, library_id: str) -> Library:
        """A library. Raises LibraryNotFound, UnreadableLibrary."""

    def location(self, library_id: str) -> str:
        """Its folder or URL. Raises LibraryNotFound."""

    def named(self, location: str) -> str | None:
        """The id of the library that is at a path or URL; None for what is none that is offered."""

    def size(self, library_id: str) -> Size | None:
        """Width and height of its images in pixels; None when it is no library of images. Raises as `get`."""

    def thumbnail(self, library_id: str, key: str) -> Readable:
        """A small picture, by its path in the folder of these. Raises LibraryNotFound."""


class Links(Protocol):
    """Addresses at which files can be had without asking the API, where there are such."""

    def of(self, readable: Readable, name: str) -> Link:
        """Where a file is, to be saved under a name."""
