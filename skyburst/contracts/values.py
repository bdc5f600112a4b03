"""Values that cross a process boundary: exactly what JSON can hold, and never silently something else.

`json.dumps` turns the key 1 into "1", and other encoders turn NaN into null. Here such values are refused
with the place where they are, so that the same job gives the same numbers in every home.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
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
SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two halves of one character as two characters of a string; JSON has the same text for both."""

ENCODER = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))
"""Made once: `json.dumps` would make one for each value."""


def encode(value: Any, path: str = "$") -> bytes:
    """The value as compact ASCII JSON; `path` is what messages call it.

    Raises:
        NotJson: when JSON cannot hold the value exactly; the message has the path, the type and the remedy.
    """
    check(value, path)
    try:
        text = ENCODER.encode(value)
    except ValueError:  # Python writes and reads no numbers that long
        _visit(value, path, _refuse_long_number)
        raise
    if "\\ud" in text:
        _visit(value, path, _refuse_surrogate_pair)
    return text.encode("ascii")


def decode(data: bytes | str) -> Any:
    """The value that `encode` was given; integers stay integers and floats stay floats. Raises ValueError for what is no JSON."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError(
            f"it is nested deeper than the {DEEPEST} levels that are written: it is none of these"
        ) from error


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


def _visit(value: Any, path: str, refuse: Callable[[Any, str], None]) -> None:
    """Show every number and string of a checked value to a function."""
    if isinstance(value, dict):
        for key, entry in value.items():
            refuse(key, f"a key of {path}")
            _visit(entry, f"{path}.{key}", refuse)
    elif isinstance(value, list | tuple):
        for position, entry in enumerate(value):
            _visit(entry, f"{path}[{position}]", refuse)
    else:
        refuse(value, path)


def _refuse_long_number(value: Any, path: str) -> None:
    most = sys.get_int_max_str_digits()
    if most and isinstance(value, int) and abs(value) >= 10**most:
        raise NotJson(f"{path} is a number of more than {most:,} digits: use hex(), which int(text, 16) reads")


def _refuse_surrogate_pair(value: Any, path: str) -> None:
    if isinstance(value, str) and SURROGATE_PAIR.search(value):
        raise NotJson(
            f"{path} has two surrogates side by side, which JSON cannot tell from one character: "
            "use .encode('utf-16', 'surrogatepass').decode('utf-16', 'surrogatepass')"
        )


def _refusal(value: Any, path: str) -> NotJson:
    kind = type(value)
    remedy = TYPE_REMEDIES.get(kind.__name__)
    if remedy is None:
        numpy_scalar = kind.__module__ == "numpy"
        remedy = "use .item()" if numpy_scalar else "use dicts, lists, strings, numbers, True, False or None"
    return NotJson(f"{path} is of type {kind.__module__}.{kind.__qualname__}, which JSON cannot hold: {remedy}")
