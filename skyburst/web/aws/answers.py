"""Answers that are too long for a function: put into the bucket, and had from there."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

LONGEST = 5 * 2**20
"""Bytes of an answer, as text or in base64. A function answers with 6 MiB at most, its headers and all JSON included."""
PREFIX = "answers/"
"""Keys of such answers; a rule of the bucket removes them after a day."""
VALID_S = 300
KEPT = {
    "content-type": "ContentType",
    "content-encoding": "ContentEncoding",
    "content-disposition": "ContentDisposition",
}


class Answers:
    """Has long answers fit.

    Args:
        client: of S3, which signs addresses.
        bucket: of the deployment.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def fitting(self, event: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """The answer; one to a GET that is too long as the address of an object that has it."""
        body = answer.get("body") or ""
        # Text is written as JSON: a quotation mark and what is not ASCII take more than a byte.
        short = len(body) <= LONGEST if answer.get("isBase64Encoded") else len(body) <= LONGEST // 6
        if short or event["requestContext"]["http"]["method"] != "GET":
            return answer
        data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        key = f"{PREFIX}{secrets.token_hex(16)}"
        place = {"Bucket": self._bucket, "Key": key}
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        self._client.put_object(
            **place, Body=data, **{KEPT[name]: value for name, value in headers.items() if name in KEPT}
        )
        url = self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=VALID_S)
        return {"statusCode": 303, "headers": {"location": url, "cache-control": "no-store"}, "body": ""}
