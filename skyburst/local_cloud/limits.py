"""Sizes that AWS refuses, refused in the same words. moto accepts any size in most of these places.

The numbers are the quotas of AWS as of 2025, in bytes unless the name says otherwise.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any
from urllib.parse import parse_qs

from skyburst.local_cloud.requests import Refusal, Request

SYNC_PAYLOAD = 6 * 1024 * 1024
EVENT_PAYLOAD = 1024 * 1024
RESPONSE_PAYLOAD = 6 * 1024 * 1024
ENVIRONMENT = 4 * 1024
ZIP_UPLOAD = 50 * 1024 * 1024
UNZIPPED = 250 * 1024 * 1024
STATE = 256 * 1024
"""Input and output of a state, and of an execution."""
DEFINITION = 1024 * 1024
HISTORY_EVENTS = 25_000
EXECUTION_NAME = 80
"""Characters."""
EVENTS = 256 * 1024
"""All entries of one PutEvents together."""
ITEM = 400 * 1024
TRANSACT_ITEMS = 100
BATCH_WRITE_ITEMS = 25
TEMPLATE_BODY = 51_200
TEMPLATE_OBJECT = 1024 * 1024
RECURSIVE_INVOKES = 16
"""Invocations of a function in one chain, after which Lambda stops it unless its configuration allows recursion."""


def refusal(request: Request) -> Refusal | None:
    """What to answer to a request that is too large, or None."""
    check = CHECKS.get(request.service)
    return check(request) if check else None


def size_of_item(item: dict[str, Any]) -> int:
    """The size of a DynamoDB item: attribute names and values, in bytes, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind in ("S", "B"):
        return len(base64.b64decode(content)) if kind == "B" else len(content.encode())
    if kind == "N":
        return len(content.lstrip("-").replace(".", "")) // 2 + 2
    if kind in ("SS", "NS", "BS"):
        return sum(_size_of_value({kind[0]: one}) for one in content)
    if kind == "L":
        return 3 + sum(1 + _size_of_value(one) for one in content)
    if kind == "M":
        return 3 + len(content) + size_of_item(content)
    return 1


def unzipped_bytes(archive: bytes) -> int:
    """Size of the files of a zip."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return sum(entry.file_size for entry in opened.infolist())


def _of_tables(request: Request) -> Refusal | None:
    body = request.json()
    if len(body.get("TransactItems", [])) > TRANSACT_ITEMS:
        return _invalid("Member must have length less than or equal to 100")
    puts = [body["Item"]] if "Item" in body else []
    puts += [one["Put"]["Item"] for one in body.get("TransactItems", []) if "Put" in one]
    for entries in body.get("RequestItems", {}).values() if request.operation == "BatchWriteItem" else ():
        if len(entries) > BATCH_WRITE_ITEMS:
            return _invalid("Too many items requested for the BatchWriteItem call")
        puts += [one["PutRequest"]["Item"] for one in entries if "PutRequest" in one]
    if any(size_of_item(item) > ITEM for item in puts):
        return _invalid("Item size has exceeded the maximum allowed size")
    return None


def _of_states(request: Request) -> Refusal | None:
    body = request.json()
    if request.operation in ("StartExecution", "StartSyncExecution") and len(body.get("input", "").encode()) > STATE:
        message = f"1 validation error detected: Value at 'input' must have length less than or equal to {STATE}"
        return _invalid(message)
    if request.operation == "StartExecution" and len(body.get("name") or "") > EXECUTION_NAME:
        return _invalid(f"1 validation error detected: Value at 'name' must have length at most {EXECUTION_NAME}")
    if request.operation == "SendTaskSuccess" and len(body.get("output", "").encode()) > STATE:
        return _invalid(f"1 validation error detected: Value at 'output' must have length at most {STATE}")
    if len(body.get("definition", "").encode()) > DEFINITION:
        return Refusal(400, "InvalidDefinition", f"Invalid State Machine Definition: more than {DEFINITION} bytes")
    return None


def _of_events(request: Request) -> Refusal | None:
    entries = request.json().get("Entries", []) if request.operation == "PutEvents" else []
    if sum(size_of_entry(entry) for entry in entries) > EVENTS:
        return _invalid("Total size of the entries in the request is over the limit.")
    return None


def size_of_entry(entry: dict[str, Any]) -> int:
    """The size of an entry of PutEvents, in bytes, as EventBridge counts it."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + list(entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (14 if "Time" in entry else 0)


def _of_functions(request: Request) -> Refusal | None:
    if request.invoked_function is not None:
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        most = EVENT_PAYLOAD if kind == "Event" else SYNC_PAYLOAD
        if len(request.body) > most:
            message = (
                f"{len(request.body)} byte payload is too large for the {kind} invocation type (limit {most} bytes)"
            )
            return Refusal(413, "RequestEntityTooLargeException", message)
        return None
    if "/functions" not in request.path or request.method not in ("POST", "PUT"):
        return None
    return _of_function(request)


def _of_function(request: Request) -> Refusal | None:
    body = request.json()
    variables = (body.get("Environment") or {}).get("Variables") or {}
    if len(json.dumps(variables, separators=(",", ":")).encode()) > ENVIRONMENT:
        message = (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {ENVIRONMENT // 1024}KB limit."
        )
        return Refusal(400, "InvalidParameterValueException", message)
    archive = base64.b64decode((body.get("Code") or body).get("ZipFile") or "")
    if len(archive) > ZIP_UPLOAD:
        return Refusal(413, "RequestEntityTooLargeException", f"Request must be smaller than {ZIP_UPLOAD} bytes")
    return None


def _of_stacks(request: Request) -> Refusal | None:
    if len(request.body) <= TEMPLATE_BODY:
        return None
    template = parse_qs(request.body.decode(), keep_blank_values=True).get("TemplateBody", [""])[0]
    if len(template.encode()) > TEMPLATE_BODY:
        message = f"1 validation error detected: Value at 'templateBody' must have length at most {TEMPLATE_BODY}"
        return Refusal(400, "ValidationError", message)
    return None


def _invalid(message: str) -> Refusal:
    return Refusal(400, "ValidationException", message)


CHECKS = {
    "dynamodb": _of_tables, "states": _of_states, "lambda": _of_functions, "cloudformation": _of_stacks,
    "events": _of_events,
}  # fmt: skip
