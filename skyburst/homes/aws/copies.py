"""Copies of objects from bucket to bucket, which S3 makes itself: nothing passes through whoever asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from skyburst.errors import ObjectNotFound, StorageError
from skyburst.objects import ObjectStore, check_key

MOST_AT_ONCE = 5 * 2**30
"""Bytes of an object that one request copies; a larger one is copied in parts."""
PART = 2**30
THREADS = 8
MISSING = {"NoSuchKey", "404", "NotFound"}


class S3Copies:
    """Copies objects between stores that are buckets, or folders of buckets.

    Args:
        client: makes a client of S3, once.
        part: bytes of a part.
        at_once: bytes that are copied without parts.
    """

    def __init__(self, client: Callable[[], Any], *, part: int = PART, at_once: int = MOST_AT_ONCE) -> None:
        self._make = client
        self._client: Any = None
        self._part = part
        self._at_once = at_once

    def __call__(self, source: ObjectStore, key: str, target: ObjectStore, new_key: str) -> None:
        """Copy an object. Raises ObjectNotFound and StorageError."""
        if self._client is None:
            self._client = self._make()
        bucket, name = _place(source, key)
        new_bucket, new_name = _place(target, new_key)
        place = {"Bucket": new_bucket, "Key": new_name}
        old = {"Bucket": bucket, "Key": name}
        with _errors(f"s3://{bucket}/{name}", f"s3://{new_bucket}/{new_name}"):
            size = self._client.head_object(**old)["ContentLength"]
            if size <= self._at_once:
                self._client.copy_object(**place, CopySource=old)
            else:
                self._in_parts(old, place, size)

    def _in_parts(self, old: dict[str, str], place: dict[str, str], size: int) -> None:
        upload = {**place, "UploadId": self._client.create_multipart_upload(**place)["UploadId"]}

        def copy(number: int) -> dict[str, Any]:
            start, end = number * self._part, min(size, (number + 1) * self._part)
            copied = self._client.upload_part_copy(
                **upload, PartNumber=number + 1, CopySource=old, CopySourceRange=f"bytes={start}-{end - 1}"
            )
            return {"PartNumber": number + 1, "ETag": copied["CopyPartResult"]["ETag"]}

        try:
            with ThreadPoolExecutor(THREADS, "copy") as pool:
                parts = list(pool.map(copy, range(-(-size // self._part))))
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self._client.abort_multipart_upload(**upload)
            raise


def _place(store: ObjectStore, key: str) -> tuple[str, str]:
    """Bucket and key of an object of a store."""
    bucket, _, prefix = store.location.removeprefix("s3://").partition("/")
    return bucket, "/".join(filter(None, [prefix, check_key(key)]))


@contextmanager
def _errors(source: str, target: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise ObjectNotFound(f"there is no object {source}") from error
        raise StorageError(f"{source} cannot be copied to {target}: {error}") from error
    except BotoCoreError as error:
        raise StorageError(f"{source} cannot be copied to {target}: {error}") from error
