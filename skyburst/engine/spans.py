"""Spans of a job, as objects beside its results: each part stores its own when it ends."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from skyburst.contracts import values
from skyburst.contracts.spans import Part, Span
from skyburst.errors import SkyburstError
from skyburst.ports import Objects

log = logging.getLogger(__name__)
FOLDER = "spans/"
AT_ONCE = 32


def store_span(objects: Objects, prefix: str, span: Span) -> None:
    """Store a span, over one of the same run, part and name. What goes wrong is logged: no job fails of it.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of the job's objects.
        span: to store.
    """
    key = f"{prefix}{FOLDER}{span.run}-{span.part}-{span.name}.json"
    try:
        objects.put(key, values.encode(list(span)))
    except SkyburstError as error:
        log.warning("no span is stored", extra={"key": key, "reason": str(error)})


def spans_of(objects: Objects, prefix: str, run: int) -> list[Span]:
    """The spans of one run of a job, by the time they started."""
    start = f"{prefix}{FOLDER}{run}-"
    keys = [entry.key for entry in objects.list(prefix + FOLDER) if entry.key.startswith(start)]
    with ThreadPoolExecutor(AT_ONCE, "spans") as pool:
        found = [Span(Part(part), *rest) for part, *rest in map(values.decode, pool.map(objects.get, keys))]
    return sorted(found, key=lambda span: (span.started_at, span.part, span.name))
