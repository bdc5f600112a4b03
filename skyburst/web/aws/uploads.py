"""Uploads straight to the deployment's bucket: S3 takes the parts at presigned addresses, and no byte passes through the API.

What is known of an upload is an item of the table `web`; its file is `uploads/web/ID/NAME`. Until it is complete, the file has a
tag by which a rule of the bucket removes it after a week, as another one removes parts that nobody put together.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, BinaryIO

import msgspec

from skyburst.errors import InvalidItems, InvalidUpload, ObjectNotFound, StorageError, UploadNotFound
from skyburst.homes.aws.calls import Calls, ConditionFailed, Item
from skyburst.homes.aws.rows import number
from skyburst.homes.aws.schema import NEWEST
from skyburst.objects import ObjectStore, check_key
from skyburst.web.documents import NewUpload, Upload, UploadLine, UploadPart
from skyburst.web.images import Size, facts_of
from skyburst.web.ports import Check, nothing_needs
from skyburst.web.uploads import ID, KEPT_S, PART_BYTES, check_new, missing_parts, newest_first, no_upload, not_complete

PREFIX = "uploads/web/"
OPEN_TAG, OPEN = "skyburst-upload", "open"
"""Tag of a file that is not complete."""
MOST_PARTS = 500
"""S3 takes 10,000; each has an address of more than a kilobyte, and a function answers with 6 MB."""
SMALLEST_PART = 5 * 2**20
"""Of S3, but for the last part."""
LARGEST_IMAGE = 2**30
"""Bytes of an image. What is opened to be looked at must not be of any size."""
VALID_S = 3_600
"""An address is good for so long; asking for the upload again makes new ones."""
GRACE_S = 24 * 3600.0
"""What is known of an upload is kept longer than its parts."""
NOTED_S = 2 * 24 * 3600.0
"""A job that is about to be started is stored by then, or will not be: so long an execution tries to have it planned."""
MOST_NOTED = 200
"""Of one upload; an item is written whole for each."""
TRIES = 20
"""Of changing an item that others change at the same time."""
UPLOAD = "upload#"
OF_USER = "uploads#"
"""Kind of the uploads of a user in the index of the table."""
GONE = frozenset({"NoSuchUpload", "NoSuchKey", "404", "NotFound"})
WRONG_PARTS = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


class Kept(msgspec.Struct, kw_only=True):
    """What is stored of an upload beside its bytes."""

    id: str
    new: NewUpload
    created_at: float
    part_bytes: int
    multipart: str
    """Id that S3 gave it."""
    owner: str | None = None
    assembled: bool = False
    """Whether S3 has put the parts together."""
    complete: bool = False
    width: int | None = None
    height: int | None = None
    channels: int = 1
    jobs: dict[str, float] = {}
    """Ids of jobs that were about to be started with it, and when that was."""
    removing: bool = False
    """Whether somebody removes it: to all others it is gone."""

    @property
    def key(self) -> str:
        """Of its file."""
        return f"{PREFIX}{self.id}/{self.new.name}"

    @property
    def count(self) -> int:
        """Of parts."""
        return -(-self.new.size // self.part_bytes)

    def size_of(self, part: int) -> int:
        """Bytes of a part, counted from 1."""
        return min(self.part_bytes, self.new.size - (part - 1) * self.part_bytes)


class S3Uploads:
    """Uploads to one bucket.

    Args:
        objects: of the bucket.
        client: of S3, which signs addresses.
        calls: of DynamoDB.
        table: name of the table `web`.
        limit_bytes: of one file.
        clock: seconds since the epoch.
    """

    def __init__(
        self, objects: ObjectStore, client: Any, calls: Calls, table: str, limit_bytes: int, *,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.limit_bytes = limit_bytes
        self._objects, self._client, self._calls, self._table, self._clock = objects, client, calls, table, clock
        self._bucket = objects.location.removeprefix("s3://").rstrip("/")

    def begin(self, new: NewUpload, now: float, owner: str | None) -> Upload:
        """Expect a file. Raises InvalidUpload."""
        check_new(new, self.limit_bytes if new.purpose != "image" else min(self.limit_bytes, LARGEST_IMAGE))
        try:
            check_key(new.name)
        except InvalidItems as error:
            raise InvalidUpload(f"name is {new.name!r}: {error}", "name") from error
        size = max(PART_BYTES, SMALLEST_PART, -(-new.size // MOST_PARTS))
        kept = Kept(
            id=secrets.token_hex(16), new=new, created_at=now, part_bytes=size, multipart="",
            owner=owner and str(owner),
        )  # fmt: skip
        with self._asking(kept):
            began = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=kept.key, Tagging=f"{OPEN_TAG}={OPEN}"
            )
        kept.multipart = began["UploadId"]
        self._keep(kept)
        return self._shown(kept, {})

    def all(self, owner: str | None) -> list[UploadLine]:
        """Those of an owner, newest first."""
        keys = [{"id": {"S": one}} for one in self._calls.newest(self._table, f"{OF_USER}{owner or ''}", "id")]
        found = map(_kept, self._calls.get_many(self._table, keys))
        return newest_first((kept for kept in found if not kept.removing), owner, self._clock())

    def get(self, upload_id: str, owner: str | None) -> Upload:
        """An upload. Raises UploadNotFound."""
        kept = self._of(upload_id, owner)
        return self._shown(kept, self._received(kept))

    async def receive(self, upload_id: str, number: int, body: AsyncIterator[bytes], owner: str | None) -> UploadPart:
        """Refuse the part: S3 takes it. Raises UploadNotFound, InvalidUpload."""
        del number, body
        self._of(upload_id, owner)
        raise InvalidUpload(
            f"parts of upload {upload_id} are PUT to the addresses that `parts` has, not to the API", "number"
        )

    def complete(self, upload_id: str, expected: Size | None, owner: str | None) -> Upload:
        """Have S3 put the parts together, and check the file. Raises UploadNotFound, InvalidUpload."""
        kept = self._of(upload_id, owner)
        if not kept.assembled:
            self._assemble(kept)
        if kept.new.purpose == "image":
            with self._opened(kept) as file:
                (kept.width, kept.height), kept.channels = facts_of(file, kept.new.name, expected)
        if not kept.complete:
            with self._asking(kept):  # first: what is noted as complete must not be removed
                self._client.delete_object_tagging(Bucket=self._bucket, Key=kept.key)
        size = {"width": kept.width, "height": kept.height, "channels": kept.channels}
        return self._shown(self._changed(upload_id, complete=True, **size), {})

    def location(self, upload_id: str, owner: str | None) -> str:
        """URL of a complete upload. Raises UploadNotFound, InvalidUpload."""
        return f"{self._objects.location}/{self._completed(upload_id, owner).key}"

    def open(self, upload_id: str, owner: str | None) -> AbstractContextManager[BinaryIO]:
        """The bytes of a complete upload, read in ranges. Raises UploadNotFound, InvalidUpload."""
        return self._opened(self._completed(upload_id, owner))

    def named(self, location: str) -> str | None:
        """The id of the upload that is, or was, at a URL; None for what is none."""
        start = f"{self._objects.location}/{PREFIX}"
        found = location.removeprefix(start).partition("/")[0] if location.startswith(start) else ""
        return found if ID.match(found) else None

    @contextmanager
    def starting(self, upload_ids: Collection[str]) -> Iterator[Callable[[str], None]]:
        """What is entered notes that a job is about to be started with these uploads. Raises UploadNotFound."""

        def note(job_id: str) -> None:
            now = self._clock()
            for upload_id in upload_ids:
                self._changed(upload_id, jobs=lambda kept: _latest({**kept.jobs, job_id: now}, now))

        yield note

    def remove(self, upload_id: str, owner: str | None, check: Check = nothing_needs) -> None:
        """Remove an upload, its parts and its file. Raises UploadNotFound."""
        self._of(upload_id, owner, removing=True)

        def checked(kept: Kept) -> bool:
            check(kept.jobs)
            return True

        kept = self._changed(upload_id, removing=checked)
        if not kept.assembled:
            try:
                with self._asking(kept):
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=kept.key, UploadId=kept.multipart)
            except UploadNotFound:  # its parts are gone already, or put together
                pass
        self._objects.delete([kept.key])
        self._calls.call("delete_item", self._table, TableName=self._table, Key=_key(kept.id))

    @contextmanager
    def _opened(self, kept: Kept) -> Iterator[BinaryIO]:
        try:
            with self._objects.open(kept.key) as file:
                yield file
        except ObjectNotFound as error:  # removed since it was looked at
            raise no_upload(kept.id) from error

    def _assemble(self, kept: Kept) -> None:
        try:
            received = self._parts(kept)
            missing = [part for part in range(1, kept.count + 1) if part not in received]
            if missing:
                raise missing_parts(kept.id, missing)
            parts = [{"PartNumber": part, "ETag": received[part]} for part in range(1, kept.count + 1)]
            with self._asking(kept):
                self._client.complete_multipart_upload(
                    Bucket=self._bucket, Key=kept.key, UploadId=kept.multipart, MultipartUpload={"Parts": parts}
                )
        except UploadNotFound:
            # Put together by who died before it was noted, or by another request at the same time; else a week has passed.
            if not self._is_there(kept):
                raise
        self._changed(kept.id, assembled=True)

    def _is_there(self, kept: Kept) -> bool:
        found = next((info for info in self._objects.list(f"{PREFIX}{kept.id}/") if info.key == kept.key), None)
        return found is not None and found.size == kept.new.size

    def _received(self, kept: Kept) -> dict[int, str]:
        return {} if kept.assembled else self._parts(kept)

    def _parts(self, kept: Kept) -> dict[int, str]:
        """ETags of the parts that S3 has, whose length is as it should be. Raises UploadNotFound when they are gone."""
        with self._asking(kept):
            told = self._client.list_parts(
                Bucket=self._bucket, Key=kept.key, UploadId=kept.multipart, MaxParts=MOST_PARTS
            )
        return {
            part["PartNumber"]: part["ETag"]
            for part in told.get("Parts", [])
            if part["PartNumber"] <= kept.count and part["Size"] == kept.size_of(part["PartNumber"])
        }

    def _completed(self, upload_id: str, owner: str | None) -> Kept:
        kept = self._of(upload_id, owner)
        if not kept.complete:
            raise not_complete(upload_id)
        return kept

    def _of(self, upload_id: str, owner: str | None, *, removing: bool = False) -> Kept:
        """An upload of its owner, to whom alone it is there; not one that is being removed, unless that is to be gone on with."""
        item = self._calls.get(self._table, _key(upload_id)) if ID.match(upload_id) else None
        kept = _kept(item) if item else None
        if kept is None or kept.owner != owner or (kept.removing and not removing):
            raise no_upload(upload_id)
        return kept

    def _changed(self, upload_id: str, **changes: Any) -> Kept:
        """Change fields of what is stored, whoever else changes others at the same time. Raises UploadNotFound.

        Args:
            upload_id: which one.
            changes: values of fields, or functions that make them of what is stored.
        """
        for _ in range(TRIES):
            item = self._calls.get(self._table, _key(upload_id))
            kept = _kept(item) if item else None
            if item is None or kept is None or (kept.removing and "removing" not in changes):
                raise no_upload(upload_id)
            for name, value in changes.items():
                setattr(kept, name, value(kept) if callable(value) else value)
            with suppress(ConditionFailed):  # changed since it was read
                self._keep(kept, before=item["about"])
                return kept
        raise StorageError(f"upload {upload_id} is changed by many requests at once: try again")

    def _keep(self, kept: Kept, *, before: Item | None = None) -> None:
        """Store what is known of an upload; one that is not complete is forgotten some time after its parts.

        Raises:
            ConditionFailed: when it is not any more as it was before.
        """
        item: Item = {
            **_key(kept.id), "about": {"S": msgspec.json.encode(kept).decode()},
            NEWEST.partition.name: {"S": f"{OF_USER}{kept.owner or ''}"}, NEWEST.sort.name: number(int(kept.created_at * 1000)),
        }  # fmt: skip
        if not kept.complete:
            item["ttl"] = number(int(kept.created_at + KEPT_S + GRACE_S))
        condition: dict[str, Any] = {}
        if before is not None:
            condition = {
                "ConditionExpression": "#about = :before", "ExpressionAttributeNames": {"#about": "about"},
                "ExpressionAttributeValues": {":before": before},
            }  # fmt: skip
        self._calls.call("put_item", self._table, TableName=self._table, Item=item, **condition)

    def _shown(self, kept: Kept, received: dict[int, str]) -> Upload:
        parts = [
            UploadPart(
                number=part, offset=(part - 1) * kept.part_bytes, size=kept.size_of(part),
                url="" if kept.assembled else self._address(kept, part),
                received=kept.assembled or part in received,
            )
            for part in range(1, kept.count + 1)
        ]  # fmt: skip
        return Upload(
            id=kept.id, name=kept.new.name, size=kept.new.size, purpose=kept.new.purpose, parts=parts,
            state="complete" if kept.complete else "open", created_at=kept.created_at, width=kept.width, height=kept.height,
            channels=kept.channels,
        )  # fmt: skip

    def _address(self, kept: Kept, part: int) -> str:
        """Where a part is PUT, with as many bytes as it has and no others: the length is signed."""
        wanted = {
            "Bucket": self._bucket, "Key": kept.key, "UploadId": kept.multipart, "PartNumber": part,
            "ContentLength": kept.size_of(part),
        }  # fmt: skip
        address: str = self._client.generate_presigned_url("upload_part", Params=wanted, ExpiresIn=VALID_S)
        return address

    @contextmanager
    def _asking(self, kept: Kept) -> Iterator[None]:
        """Translate errors of S3."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in GONE:
                raise no_upload(kept.id) from error
            if code in WRONG_PARTS:
                raise InvalidUpload(
                    f"the parts of upload {kept.id} do not fit ({code}): send them again", "parts"
                ) from error
            raise StorageError(f"upload {kept.id}: S3 says {error}") from error
        except BotoCoreError as error:
            raise StorageError(f"upload {kept.id}: S3 cannot be reached: {error}") from error


def _latest(jobs: dict[str, float], now: float) -> dict[str, float]:
    """Those that may not be stored yet, the latest of them. Pure."""
    recent = sorted((entry for entry in jobs.items() if now - entry[1] < NOTED_S), key=lambda entry: entry[1])
    return dict(recent[-MOST_NOTED:])


def _kept(item: Item) -> Kept:
    return msgspec.json.decode(item["about"]["S"], type=Kept)


def _key(upload_id: str) -> Item:
    return {"id": {"S": f"{UPLOAD}{upload_id}"}}
