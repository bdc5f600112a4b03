"""Values that cross a process boundary: exactly what JSON can hold, and never silently something else.

`json.dumps` turns the key 1 into "1", and other encoders turn NaN into null. Here such values are refused
with the place where they are, so that the same job gives the same numbers in every home.
"""

from __future__ import annotations

import json
import math
from typing import Any

from skyburst.errors import NotJson

TYPE_REMEDIES = {
    "bytes": "encode it as text, for example with base64",
    "set": "make it a sorted list",
    "datetime": "use .isoformat()",
    "Path": "use str()",
    "PosixPath": "use str()",
    "Decimal": "use float() or str()",
    "ndarray": "use .tolist()",
}
DEEPEST = 200


def encode(value: Any) -> bytes:
    """The value as compact ASCII JSON.

    Raises:
        NotJson: when JSON cannot hold the value exactly; the message has the path, the type and the remedy.
    """
    check(value)
    return json.dumps(value, allow_nan=False, check_circular=False, separators=(",", ":")).encode("ascii")


def decode(data: bytes | str) -> Any:
    """The value that `encode` was given; integers stay integers and floats stay floats."""
    return json.loads(data)


def check(value: Any, path: str = "$", depth: int = 0) -> None:
    """Refuse what JSON cannot hold exactly."""
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJson(f"{path} is {value}, which JSON does not have: use None or a string instead")
    elif depth > DEEPEST:
        raise NotJson(f"{path[:200]} is nested more than {DEEPEST} levels deep, or contains itself: flatten it")
    elif isinstance(value, dict):
        for key, entry in value.items():
            if type(key) is not str:
                kind = type(key).__name__
                raise NotJson(f"{path} has the key {key!r} of type {kind}, and JSON keys are strings: use str()")
            check(entry, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for position, entry in enumerate(value):
            if type(entry) is not str and type(entry) is not int:  # most entries, and a call is slow
                check(entry, f"{path}[{position}]", depth + 1)
    else:
        raise _refusal(value, path)


def _refusal(value: Any, path: str) -> NotJson:
    kind = type(value)
    remedy = TYPE_REMEDIES.get(kind.__name__)
    if remedy is None:
        numpy_scalar = kind.__module__ == "numpy"
        remedy = "use .item()" if numpy_scalar else "return dicts, lists, strings, numbers, True, False or None"
    return NotJson(f"{path} is of type {kind.__module__}.{kind.__qualname__}, which JSON cannot hold: {remedy}")
