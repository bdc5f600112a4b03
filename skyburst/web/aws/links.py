"""Addresses of objects, good for an hour: what is too long for a function's answer is had from the bucket itself."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from skyburst.homes.home import Readable
from skyburst.web.documents import Link

VALID_S = 3_600


class S3Links:
    """Signs addresses of objects.

    Args:
        client: of S3, as `signing_client` makes it.
        clock: seconds since the epoch.
    """

    def __init__(self, client: Any, clock: Callable[[], float] = time.time) -> None:
        self._client, self._clock = client, clock

    def of(self, readable: Readable, name: str) -> Link:
        """The address of an object of S3, which browsers save under a name, and never show as a page of the bucket."""
        bucket, _, key = readable.location.removeprefix("s3://").partition("/")
        file = quote(PurePosixPath(name).name, safe="")
        wanted = {
            "Bucket": bucket, "Key": key, "ResponseContentDisposition": f"attachment; filename*=UTF-8''{file}",
            "ResponseContentType": mimetypes.guess_type(name)[0] or "application/octet-stream",
        }  # fmt: skip
        url: str = self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=VALID_S)
        return Link(url=url, expires_at=self._clock() + VALID_S)
