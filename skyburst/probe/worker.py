"""Sums the squares of numbers, does on purpose what happens to jobs by accident, and says where it ran."""

from __future__ import annotations

import hashlib
import os
import platform
import signal
import time
from collections.abc import Iterator
from typing import Any

import skyburst

MEDIUM_BYTES = 4_000
LARGE_BYTES = 100_000
NEVER_S = 3_600.0
DIES_AFTER_S = 4.0
"""By then it is known that the batch has begun; one of which nobody heard would be sent as its first attempt again."""
Found = dict[str, Any]


class OnPurpose(Exception):
    """Raised by the items that are to fail."""


@skyburst.worker
def probe(batch: skyburst.Batch) -> Found:
    """Sum the squares of the items; only first attempts go wrong."""
    for number in batch.items:
        print(f"probing item {number}, attempt {batch.context.attempt}")  # noqa: T201 - to be found in the log
        if batch.context.attempt == 1:
            _go_wrong(number, batch.parameters)
    return {
        "sum": sum(number * number for number in batch.items),
        "items": len(batch.items),
        "lanes": [lane for lane in [os.environ.get("SKYBURST_LANE")] if lane is not None],
        "machines": [f"Python {platform.python_version()} on {platform.machine()}"],
        "texts": {
            str(number): _text(number, size)
            for name, size in (("medium", MEDIUM_BYTES), ("large", LARGE_BYTES))
            for number in batch.items
            if number in batch.parameters[name]
        },
    }


@skyburst.combiner(associative=True)
def gathered(partials: Iterator[skyburst.PartialResult]) -> Found:
    """Add up, and check that long texts came through whole; only whether they did is handed on."""
    found: Found = {"sum": 0, "items": 0, "lanes": [], "machines": [], "whole": [], "damaged": []}
    for partial in partials:
        value = partial.value
        for name in ("sum", "items"):
            found[name] += value[name]
        for name in ("lanes", "machines"):
            found[name] = sorted({*found[name], *value[name]})
        for number, text in value.get("texts", {}).items():
            expected = (_text(int(number), size) for size in (MEDIUM_BYTES, LARGE_BYTES))
            found["whole" if text in expected else "damaged"].append(int(number))
        for name in ("whole", "damaged"):
            found[name].extend(value.get(name, []))
    return found


def _go_wrong(number: int, told: dict[str, Any]) -> None:
    if number in told["fails"]:
        raise OnPurpose(f"item {number} fails once, on purpose")
    if number in told["dies"]:
        time.sleep(DIES_AFTER_S)
        os.kill(os.getpid(), signal.SIGKILL)
    if number in told["hangs"]:
        time.sleep(NEVER_S)


def _text(number: int, size: int) -> str:
    """Twice so many characters, which compress to a little more than half; other numbers have others."""
    return hashlib.shake_256(str(number).encode()).hexdigest(size)
