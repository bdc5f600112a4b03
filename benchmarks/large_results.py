"""An analysis whose partial results have a given size."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import skyburst


@skyburst.worker
def work(batch: skyburst.Batch) -> str:
    """Return text of so many bytes that zlib can't make much smaller."""
    size: int = batch.parameters["result_bytes"]
    return base64.b64encode(os.urandom(-(-size * 3 // 4))).decode()[:size]


@skyburst.combiner
def combine(partials: Iterator[skyburst.PartialResult]) -> int:
    """Add up the lengths."""
    return sum(len(partial.value) for partial in partials)
