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
from skyburst.errors import Invalid, NotJson, StorageError
from skyburst.homes.aws.calls import Item

RESULTS = ("results", "resultsMimeType")
GZIP = "application/gzip"
GZIP_START = b"\x1f\x8b"
MOST_RESULTS_BYTES = 396 * 1024
"""An item of DynamoDB holds 400 KB, its key and the names of its attributes included."""


class InvalidRow(Invalid):
    """Raised when a worker returned a row that cannot be stored."""


def row_of(returned: dict[str, Any], job_id: str, batch_id: int) -> Item:
    """The row that a worker returned, as a state machine of burst-compute stores it: texts, and whole numbers.

    Raises:
        InvalidRow: naming the field, its value and what was expected.
    """
    for field, expected in (("jobId", job_id), ("batchId", batch_id)):
        if returned.get(field) != expected or isinstance(returned.get(field), bool):
            raise InvalidRow(f"{field} is {returned.get(field)!r}: expected {expected!r}, as in the event")
    row: Item = {"jobId": {"S": job_id}, "batchId": {"N": str(batch_id)}}
    for field in ("results", "resultsMimeType"):
        value = returned.get(field)
        if value is None and field != "results":
            continue
        if not isinstance(value, str):
            raise InvalidRow(f"{field} is {str(value)[:200]}: expected text, such as the JSON of the results")
        row[field] = {"S": value}
    for field in ("nresults", "ttl"):
        value = returned.get(field)
        if value is None:
            continue
        try:
            row[field] = {"N": str(int(value))}
        except (TypeError, ValueError) as error:
            raise InvalidRow(f"{field} is {str(value)[:200]!r}: expected a whole number") from error
    size = len(row["results"]["S"].encode())
    if size > MOST_RESULTS_BYTES:
        raise InvalidRow(
            f"results has {size:,} bytes, and a row of the table holds {MOST_RESULTS_BYTES:,}: have the worker return less, "
            "compressed (`resultsMimeType` application/gzip), or write the results to S3 and return where they are"
        )
    return row


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
