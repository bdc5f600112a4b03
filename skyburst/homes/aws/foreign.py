"""Rows that workers of burst-compute write to the task table themselves.

Such a row is `{jobId, batchId, ttl, results}`, since 2023 also with `nresults` and `resultsMimeType`. It has no `state`: that
it exists says that its batch is done. Numbers in it are as exact as DynamoDB's, which does not tell 1.0 from 1.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from decimal import Decimal
from typing import Any

from skyburst.contracts import values
from skyburst.errors import NotJson, StorageError
from skyburst.homes.aws.calls import Item

RESULTS = ("results", "resultsMimeType")
GZIP = "application/gzip"
GZIP_START = b"\x1f\x8b"


def is_foreign(row: Item) -> bool:
    """True when the row is another framework's."""
    return "state" not in row


def payload_of(row: Item) -> bytes:
    """The results as a stored partial result: one JSON value, null when the worker wrote no `results`.

    Text that is JSON counts as JSON. Raises StorageError when the results are damaged.
    """
    try:
        return b"v" + values.encode(_results(row))
    except (ValueError, EOFError, OSError, zlib.error, NotJson) as error:
        raise StorageError(
            f"the results in the row of batch {row['batchId']['N']} of {row['jobId']['S']}, which no worker of skyburst wrote, "
            f"cannot be read: {error}"
        ) from error


def _results(row: Item) -> Any:
    attribute = row.get("results", {"NULL": True})
    zipped = row.get("resultsMimeType", {}).get("S") == GZIP
    ((kind, value),) = attribute.items()
    if zipped and kind in ("S", "B"):
        data = value if kind == "B" else value.encode()
        # A state machine that stores what a worker returned has base64 only, as text or as bytes.
        data = data if data.startswith(GZIP_START) else base64.b64decode(data, validate=True)
        return values.decode(gzip.decompress(data))
    if kind == "S":
        return _json_or_text(value)
    return _plain(attribute)


def _json_or_text(text: str) -> Any:
    try:
        return values.decode(text)
    except ValueError:
        return text


def _plain(attribute: Item) -> Any:
    """The value of an attribute as JSON has it; bytes as base64."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {name: _plain(entry) for name, entry in value.items()}
    if kind == "L":
        return [_plain(entry) for entry in value]
    if kind in ("SS", "NS", "BS"):
        return [_plain({kind[0]: entry}) for entry in value]
    if kind == "N":
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else float(number)
    if kind == "B":
        return base64.b64encode(value).decode()
    return None if kind == "NULL" else value
