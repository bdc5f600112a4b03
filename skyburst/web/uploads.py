"""Files that come in parts: into a folder of this machine, each part written where it belongs, never whole in memory.

A part may be sent again, parts may come at once and in any order, and what was received stays when the sender or this program
ends. A file can be used when all its parts are there and it is what it says it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from skyburst.errors import (
    InvalidUpload,
    StorageError,
    StorageFull,
    UploadBusy,
    UploadInUse,
    UploadNotFound,
    is_disk_full,
)
from skyburst.homes.home import forgotten
from skyburst.local_files import write_whole
from skyburst.web.documents import NewUpload, Upload, UploadLine, UploadPart
from skyburst.web.images import Size, facts_of
from skyburst.web.locks import held
from skyburst.web.ports import Check, nothing_needs

PART_BYTES = 8 * 2**20
MOST_PARTS = 10_000
KEPT_S = 7 * 24 * 3600.0
"""An upload that nobody completed is removed after so long, and one that is damaged."""
BEGUN_S = 3600.0
"""After so long, a folder without what is known of its upload is one that a program left which ended while it made it."""
ABOUT, DATA, PARTS, FILE = "upload.json", "data", "parts", "file"
WRITERS = "writers.lock"
"""Held by those who write parts together, and alone by who completes the upload: what is checked stays as it is."""
USERS = "users.lock"
"""Held by those who start jobs with the upload or note something of it, and alone by who removes it."""
STARTED_S = 30.0
"""For so long jobs are waited for that are about to be stored."""
LAST_PARTS_S = 5.0
"""For so long parts are waited for that still come: of a connection that was lost, a server may hear some time later."""
REMOVED = ".removed"
"""End of the name of a folder that is being removed."""
ID = re.compile(r"[0-9a-f]{32}\Z")
NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}\Z")


def check_new(new: NewUpload, limit_bytes: int) -> None:
    """Raise InvalidUpload for a file that cannot be expected."""
    if not NAME.match(new.name) or new.name in (".", "..") or len(new.name.encode()) > 200:
        raise InvalidUpload(
            f"name is {new.name!r}: expected the name of a file, without folders and control characters", "name"
        )
    if new.size > limit_bytes:
        raise InvalidUpload(f"size is {new.size:,}: at most {limit_bytes:,} bytes can be uploaded", "size")


def part_bytes(size: int) -> int:
    """Bytes of each part but the last one of a file of this size."""
    return max(PART_BYTES, -(-size // MOST_PARTS))


def no_upload(upload_id: str) -> UploadNotFound:
    """Of an id that nothing has, or something of somebody else's."""
    return UploadNotFound(f"there is no upload {upload_id[:40]!r}: begin one with its name and size")


def not_complete(upload_id: str) -> InvalidUpload:
    """Of one that jobs cannot name yet."""
    return InvalidUpload(f"upload {upload_id} is not complete: send its parts, then complete it", "parameters")


def missing_parts(upload_id: str, missing: Sequence[int]) -> InvalidUpload:
    """Of one that cannot be completed yet."""
    some = ", ".join(map(str, missing[:10]))
    return InvalidUpload(f"{len(missing)} parts of upload {upload_id} are missing, {some} among them", "parts")


class Kept(msgspec.Struct, kw_only=True):
    """What is stored of an upload beside its bytes."""

    id: str
    new: NewUpload
    created_at: float
    part_bytes: int
    complete: bool = False
    width: int | None = None
    height: int | None = None
    channels: int = 1
    sha256: str | None = None
    owner: str | None = None

    def __post_init__(self) -> None:
        if self.part_bytes < 1 or self.count > MOST_PARTS:
            raise ValueError(
                f"{self.new.size:,} bytes in parts of {self.part_bytes:,}: expected {MOST_PARTS:,} parts at most"
            )

    @property
    def count(self) -> int:
        """Of parts."""
        return -(-self.new.size // self.part_bytes)

    def part(self, number: int) -> UploadPart:
        """A part, counted from 1, as if it had not been received."""
        offset = (number - 1) * self.part_bytes
        return UploadPart(
            number=number,
            offset=offset,
            size=min(self.part_bytes, self.new.size - offset),
            url=f"/api/uploads/{self.id}/parts/{number}",
            received=False,
        )


class Stored(Protocol):
    """What lists need of what is stored of an upload."""

    id: str
    new: NewUpload
    created_at: float
    complete: bool
    owner: str | None


def newest_first(stored: Iterable[Stored], owner: str | None, now: float) -> list[UploadLine]:
    """Lines of the uploads of an owner, without those that nobody completed in time."""
    theirs = [one for one in stored if one.owner == owner and (one.complete or now - one.created_at <= KEPT_S)]
    return [
        UploadLine(
            id=one.id, name=one.new.name, size=one.new.size, purpose=one.new.purpose,
            state="complete" if one.complete else "open", created_at=one.created_at,
        )
        for one in sorted(theirs, key=lambda one: (one.created_at, one.id), reverse=True)
    ]  # fmt: skip


class LocalUploads:
    """Uploads below one folder; see the port for what each method does.

    Args:
        folder: where they are kept; made when the first one comes.
        limit_bytes: of one file.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self.limit_bytes = limit_bytes

    def begin(self, new: NewUpload, now: float, owner: str | None) -> Upload:
        """Expect a file. Raises InvalidUpload, StorageFull."""
        check_new(new, self.limit_bytes)
        self._sweep(now)
        kept = Kept(
            id=secrets.token_hex(16),
            new=new,
            created_at=now,
            part_bytes=part_bytes(new.size),
            owner=owner and str(owner),
        )
        folder = self._folder / kept.id
        try:
            self._make(folder, kept)
        except BaseException as error:  # whatever it is, nobody knows the id of what was made
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise _stored(error, folder) from error
            raise
        return self._shown(kept)

    def _make(self, folder: Path, kept: Kept) -> None:
        (folder / PARTS).mkdir(parents=True)
        with open(folder / DATA, "xb") as file:
            file.truncate(kept.new.size)
        if shutil.disk_usage(folder).free < kept.new.size:
            raise StorageFull(f"the disk of {self._folder} has no room for {kept.new.size:,} bytes: free some space")
        self._keep(kept)

    def all(self, owner: str | None) -> list[UploadLine]:
        """Those of an owner, newest first; without one that is damaged, which whoever asks for it is told."""
        found = []
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(UploadNotFound, StorageError):
                found.append(self._kept(folder.name))
        return newest_first(found, owner, time.time())

    def get(self, upload_id: str, owner: str | None) -> Upload:
        """An upload. Raises UploadNotFound."""
        return self._shown(self._of(upload_id, owner))

    async def receive(self, upload_id: str, number: int, body: AsyncIterator[bytes], owner: str | None) -> UploadPart:
        """Write the bytes of one part as they come.

        Raises:
            UploadNotFound: when there is no such upload, or no such part of it.
            InvalidUpload: when the part has fewer or more bytes than it should, or the upload is complete.
            UploadBusy: while it is being completed.
        """
        kept = self._of(upload_id, owner)
        if not 1 <= number <= kept.count:
            raise UploadNotFound(f"upload {upload_id} has no part {number}: it has {kept.count}")
        part = kept.part(number)
        folder = self._folder / kept.id
        try:
            with held(folder / WRITERS, alone=False):
                if self._of(upload_id, owner).complete:
                    raise InvalidUpload(
                        f"upload {upload_id} is complete: begin another one to send other bytes", "number"
                    )
                written = await _write(folder, part, body)
        except BlockingIOError as error:
            raise UploadBusy(
                f"upload {upload_id} is being completed: its parts are not taken again; begin another one to send other bytes"
            ) from error
        except FileNotFoundError as error:  # removed while its parts came
            raise no_upload(upload_id) from error
        except OSError as error:
            raise _stored(error, folder) from error
        if written != part.size:
            has = "more" if written > part.size else f"{written:,}"
            raise InvalidUpload(f"part {number} has {has} bytes: expected {part.size:,}", "body")
        part.received = True
        return part

    def complete(self, upload_id: str, expected: Size | None, owner: str | None) -> Upload:
        """Check a file whose parts have all been received, so that jobs can name it.

        Args:
            upload_id: which one.
            expected: of an image, the width and height in pixels that it must have.
            owner: whose it is.

        Raises:
            UploadNotFound: when there is no such upload.
            InvalidUpload: when parts are missing, or it is no image, or one of another size.
            UploadBusy: when parts are received that are sent once more.
        """
        folder = self._folder / self._of(upload_id, owner).id
        try:
            with held(folder / WRITERS, alone=True, wait_s=LAST_PARTS_S):
                return self._completed(upload_id, expected, owner)
        except BlockingIOError as error:
            raise UploadBusy(
                f"parts of upload {upload_id} are being received: complete it once more when they are there"
            ) from error
        except FileNotFoundError as error:  # removed since it was looked at
            raise no_upload(upload_id) from error
        except OSError as error:
            raise _stored(error, folder) from error

    def _completed(self, upload_id: str, expected: Size | None, owner: str | None) -> Upload:
        kept = self._of(upload_id, owner)
        missing = [part.number for part in self._shown(kept).parts if not part.received]
        if missing:
            raise missing_parts(upload_id, missing)
        data = self._folder / kept.id / DATA
        if kept.new.purpose == "image":
            with open(data, "rb") as file:
                (kept.width, kept.height), kept.channels = facts_of(file, kept.new.name, expected)
        if not kept.complete:
            with open(data, "rb") as file:
                kept.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            kept.complete = True
        self._keep(kept)
        return self._shown(kept)

    def location(self, upload_id: str, owner: str | None) -> str:
        """The file of a complete upload, under its own name. Raises UploadNotFound, InvalidUpload."""
        return str(self._path(upload_id, owner))

    def named(self, location: str) -> str | None:
        """The id of the upload that is, or was, at a path."""
        path = Path(location)
        for folder in {self._folder, self._folder.resolve()}:
            if path.is_relative_to(folder):
                upload_id, *below = path.relative_to(folder).parts or ("",)
                return upload_id if ID.match(upload_id) and below[:1] == [FILE] else None
        return None

    def open(self, upload_id: str, owner: str | None) -> AbstractContextManager[BinaryIO]:
        """The bytes of a complete upload. Raises UploadNotFound, InvalidUpload."""
        try:
            return self._path(upload_id, owner).open("rb")
        except FileNotFoundError as error:  # removed since it was looked at
            raise no_upload(upload_id) from error

    @contextmanager
    def starting(self, upload_ids: Collection[str]) -> Iterator[Callable[[str], None]]:
        """Entered, these uploads stay until a job is stored that needs them. Raises UploadNotFound."""
        with ExitStack() as locks:
            for upload_id in sorted(upload_ids):
                try:
                    locks.enter_context(held(self._folder / self._kept(upload_id).id / USERS, alone=False))
                except (BlockingIOError, FileNotFoundError) as error:  # somebody removes it
                    raise no_upload(upload_id) from error
                self._kept(upload_id)
            yield forgotten

    def remove(self, upload_id: str, owner: str | None, check: Check = nothing_needs) -> None:
        """Remove a file. Raises UploadNotFound, and UploadInUse for a job that is being started."""
        self._refuse_removal(upload_id, owner)
        folder = self._folder / upload_id
        try:
            with held(folder / USERS, alone=True, wait_s=STARTED_S):
                self._refuse_removal(upload_id, owner)
                check({})
                self._discard(folder)
        except BlockingIOError as error:
            raise UploadInUse(f"a job is being started that needs upload {upload_id}: try again in a while") from error
        except FileNotFoundError as error:
            raise no_upload(upload_id) from error

    def _refuse_removal(self, upload_id: str, owner: str | None) -> None:
        """Raise what keeps an upload from being removed; one that is damaged may be, where there is one user only."""
        try:
            self._of(upload_id, owner)
        except StorageError:
            if owner is not None:  # whose it is cannot be read any more: it goes after a while
                raise

    def _path(self, upload_id: str, owner: str | None) -> Path:
        kept = self._of(upload_id, owner)
        if not kept.complete:
            raise not_complete(upload_id)
        folder = self._folder / kept.id
        named = folder / FILE / kept.new.name
        try:
            if not named.exists():
                named.parent.mkdir(exist_ok=True)
                with suppress(FileExistsError):  # another request came first
                    os.link(folder / DATA, named)
        except (FileNotFoundError, FileExistsError) as error:  # removed since it was looked at, or while it was made
            raise no_upload(upload_id) from error
        except OSError as error:
            raise _stored(error, folder) from error
        return named

    def _of(self, upload_id: str, owner: str | None) -> Kept:
        """An upload of its owner, to whom alone it is there."""
        kept = self._kept(upload_id)
        if kept.owner != owner:
            raise no_upload(upload_id)
        return kept

    def _kept(self, upload_id: str) -> Kept:
        if not ID.match(upload_id):
            raise no_upload(upload_id)
        about = self._folder / upload_id / ABOUT
        try:
            kept = msgspec.json.decode(about.read_bytes(), type=Kept)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise no_upload(upload_id) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IsADirectoryError) as error:
            raise _damaged(about, error) from error
        if kept.id != upload_id:
            raise _damaged(about, f"it is of upload {kept.id[:40]!r}")
        return kept

    def _keep(self, kept: Kept) -> None:
        """Store what is known of an upload. Raises UploadNotFound, and UploadBusy while somebody is about to remove it."""
        folder = self._folder / kept.id
        try:
            with held(folder / USERS, alone=False, wait_s=STARTED_S):
                if not folder.is_dir():  # removed meanwhile, and not to be made again
                    raise no_upload(kept.id)
                write_whole(folder / ABOUT, msgspec.json.encode(kept))
        except BlockingIOError as error:
            raise UploadBusy(f"upload {kept.id} is being removed: begin another one") from error
        except FileNotFoundError as error:
            raise no_upload(kept.id) from error

    def _shown(self, kept: Kept) -> Upload:
        parts = [kept.part(number) for number in range(1, kept.count + 1)]
        try:
            received = {path.name for path in (self._folder / kept.id / PARTS).iterdir()}
        except FileNotFoundError as error:  # removed since it was looked at
            raise no_upload(kept.id) from error
        for part in parts:
            part.received = str(part.number) in received  # what else lies there is none of it
        return Upload(
            id=kept.id, name=kept.new.name, size=kept.new.size, purpose=kept.new.purpose, parts=parts,
            state="complete" if kept.complete else "open", created_at=kept.created_at, width=kept.width,
            height=kept.height, channels=kept.channels, sha256=kept.sha256,
        )  # fmt: skip

    def _sweep(self, now: float) -> None:
        """Remove what nobody completed in time, and what is left of uploads that nobody can use."""
        for folder in self._folder.glob("*/") if self._folder.is_dir() else ():
            if folder.name.endswith(REMOVED):  # by a program that ended too early
                shutil.rmtree(folder, ignore_errors=True)
                continue
            if not ID.match(folder.name):
                continue
            with suppress(
                OSError, UploadNotFound, StorageError
            ):  # as of what somebody uses or removes: the next one looks again
                changed_at = _changed_at(folder)
                if not self._is_late(folder, now, changed_at):
                    continue
                with held(folder / USERS, alone=True):  # which, made here, changes the folder
                    if self._is_late(folder, now, changed_at):  # it was not completed at this moment
                        self._discard(folder)

    def _is_late(self, folder: Path, now: float, changed_at: float) -> bool:
        try:
            kept = self._kept(folder.name)
        except UploadNotFound:
            return now - changed_at > BEGUN_S
        except StorageError:
            return now - changed_at > KEPT_S
        return not kept.complete and now - kept.created_at > KEPT_S

    def _discard(self, folder: Path) -> None:
        """Remove an upload: at once for who looks for it, so that no part which still comes is written meanwhile."""
        removed = folder.with_name(folder.name + REMOVED)
        try:
            folder.rename(removed)
        except FileNotFoundError as error:
            raise no_upload(folder.name) from error
        except OSError as error:
            raise StorageError(f"upload {folder.name} cannot be removed: {error}") from error
        try:
            shutil.rmtree(removed)
        except FileNotFoundError:  # by another request, which removes what was left
            shutil.rmtree(removed, ignore_errors=True)
        except OSError as error:
            raise StorageError(f"upload {folder.name} cannot be removed: {error}") from error


def _changed_at(folder: Path) -> float:
    """When something was made in the folder of an upload, or removed from it, or written anew, as what is known of it."""
    return folder.stat().st_mtime


async def _write(folder: Path, part: UploadPart, body: AsyncIterator[bytes]) -> int:
    """Write a part where it belongs; how many bytes it has, or one more than it should at least. It is there when it is whole."""
    received = folder / PARTS / str(part.number)
    received.unlink(missing_ok=True)  # sent again, it is not there until all its bytes are: they may be others
    written = 0
    try:
        with open(folder / DATA, "r+b") as file:
            file.seek(part.offset)
            async for chunk in body:
                written += len(chunk)
                if written > part.size:
                    break
                file.write(chunk)
        if written == part.size:
            received.touch()
        return written
    finally:
        if written != part.size:  # another request may have sent it whole meanwhile, and this one has written over it
            received.unlink(missing_ok=True)


def _damaged(about: Path, why: object) -> StorageError:
    return StorageError(f"{about} is damaged ({why}): upload the file again, and remove this upload")


def _stored(error: OSError, folder: Path) -> StorageError:
    if is_disk_full(error):
        return StorageFull(f"the disk of {folder} is full: free some space and try again")
    return StorageError(f"{folder} cannot be written: {error.strerror}")
