"""A request to the local cloud as it came over the wire, and a refusal in the shape that its service uses."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

INVOKE = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations$")
XML_SERVICES = frozenset({"cloudformation", "ec2", "iam", "sns", "sts"})


@dataclass(frozen=True, slots=True)
class Request:
    """What one request asks for."""

    method: str
    path: str
    """Without the query, unquoted."""
    service: str
    """The name that it is signed for, such as `s3` or `states`; empty when it is not signed."""
    operation: str
    """Such as `PutItem`, for services that name it in a header; else empty."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def s3_key(self) -> str:
        """The key of an S3 request in path style, or nothing."""
        return self.path.lstrip("/").partition("/")[2]

    @property
    def invoked_function(self) -> str | None:
        """The name or ARN of the Lambda function that is invoked, if one is."""
        found = INVOKE.match(self.path) if self.service == "lambda" else None
        return unquote(found[1]) if found else None

    def json(self) -> dict[str, Any]:
        """The body of a request in JSON."""
        document = json.loads(self.body) if self.body else {}
        return document if isinstance(document, dict) else {}

    def tables(self) -> list[str]:
        """Names of the DynamoDB tables that a request is about."""
        body = self.json()
        names = [body["TableName"]] if "TableName" in body else list(body.get("RequestItems", {}))
        names += [one["TableName"] for item in body.get("TransactItems", []) for one in item.values()]
        return [name.rpartition("/")[2] for name in names]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a service answers."""

    status: int
    code: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)
    """Further members of the error, for services that speak JSON."""

    def body(self, service: str) -> bytes:
        """The error in the shape that a service uses."""
        if service == "s3":
            return (
                '<?xml version="1.0" encoding="UTF-8"?>'
                f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
                f"<RequestId>{uuid.uuid4()}</RequestId></Error>"
            ).encode()
        if service in XML_SERVICES:
            return (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{self.code}</Code>"
                f"<Message>{escape(self.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
            ).encode()
        return json.dumps(
            {"__type": self.code, "code": self.code, "message": self.message, "Message": self.message, **self.more}
        ).encode()

    def headers(self, service: str) -> list[tuple[str, str]]:
        """The headers of the answer."""
        kind = "application/xml" if service == "s3" or service in XML_SERVICES else "application/x-amz-json-1.0"
        return [("Content-Type", kind), ("x-amzn-ErrorType", self.code), ("x-amzn-RequestId", str(uuid.uuid4()))]
