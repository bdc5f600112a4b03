"""How two JSON values, or two files, differ: where the first difference is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

MOST = 10
READ_BYTES = 1 << 20
LONGEST_JSON = 64 << 20
"""Bytes of a result that is compared value by value; a longer one only byte by byte."""
SHOWN = 100


def value_differences(before: Any, now: Any, path: str = "$") -> Iterator[str]:
    """Where two JSON values differ, in the order of the first one; numbers of another type differ, as 1 and 1.0 do."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before:
            if key in now:
                yield from value_differences(before[key], now[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: {_short(before[key])} then, not there now"
        yield from (f"{path}.{key}: not there then, {_short(now[key])} now" for key in now if key not in before)
    elif isinstance(before, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip(before, now, strict=False)):
            yield from value_differences(one, other, f"{path}[{number}]")
        if len(before) != len(now):
            yield f"{path}: {len(before):,} entries then, {len(now):,} now"
    elif type(before) is not type(now) or before != now:
        yield f"{path}: {_short(before)} then, {_short(now)} now"


def first_byte_that_differs(before: BinaryIO, now: BinaryIO) -> int | None:
    """Number of the first byte in which two files differ; None when they are the same."""
    position = 0
    while True:
        one, other = before.read(READ_BYTES), now.read(READ_BYTES)
        if one != other:
            shorter = min(len(one), len(other))
            return position + next((n for n in range(shorter) if one[n] != other[n]), shorter)
        if not one:
            return None
        position += len(one)


def described(before: BinaryIO, now: BinaryIO, *, json_size: int | None) -> list[str]:
    """How two files differ: JSON value by value, else the first byte; nothing when they are the same.

    Args:
        before: as it was.
        now: as it is.
        json_size: bytes of the longer one when both are JSON; None for other files.
    """
    if json_size is not None and json_size <= LONGEST_JSON:
        found = list(islice(value_differences(json.load(before), json.load(now)), MOST + 1))
        more = ["... and more"] if len(found) > MOST else []
        return [*found[:MOST], *more]
    position = first_byte_that_differs(before, now)
    return [] if position is None else [f"from byte {position:,} on"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
