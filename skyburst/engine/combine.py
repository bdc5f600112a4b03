"""Combine: merge partial results, streamed in batch order, as a tree when the combiner is associative."""

from __future__ import annotations

import hashlib
import inspect
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from skyburst.analysis import CombineContext, Combiner, FinishContext, PartialResult, Place
from skyburst.contracts import values
from skyburst.contracts.records import Stored
from skyburst.engine.ahead import read_ahead
from skyburst.engine.plan import COMBINE_FAN_IN, Plan, combine_levels
from skyburst.errors import InvalidAnalysis, InvalidItems
from skyburst.objects import check_key
from skyburst.ports import Objects
from skyburst.stored import store_value, store_yielded

RESULT = "result.json"
FILES = "files/"
PARTS = "combined/"
NOTHING = b"0"
"""What is stored for a group without partial results: a group of which nothing is stored was not merged, or was removed."""
MOST_SUMMARY_LINES = 6
LONGEST_SUMMARY_LINE = 1_000


@dataclass(slots=True)
class CombineBench:
    """What a combiner's process has at hand."""

    combiner: Combiner
    plan: Plan
    partials: Callable[[int, int], Iterator[Stored]]
    """Stored partial results of the DONE batches of a half-open range."""
    objects: Objects
    prefix: str
    """Key prefix of the job's objects."""
    scratch: Path
    context: dict[str, Any]
    """Fields of `CombineContext`."""
    parts: str = PARTS
    """Start of the keys of the tree's values, after the prefix: another one for each of several that combine one job at once."""

    def combine_context(self, *, preview: bool = False) -> CombineContext:
        """What the combiner may ask of the engine."""
        fields = {**self.context, "preview": preview} if preview else self.context
        return CombineContext(**fields, place=Place(self.objects, self.prefix))


def levels_of(bench: CombineBench) -> list[int]:
    """Groups on each level of the tree; none when the combiner is not associative or one call can take everything."""
    return combine_levels(bench.plan.batches) if bench.combiner.associative else []


def combine_group(bench: CombineBench, level: int, group: int) -> None:
    """Merge the children of one group of the tree and store the value, or that there are no partial results."""
    partials = _children(bench, level, group * COMBINE_FAN_IN, (group + 1) * COMBINE_FAN_IN)
    first = next(partials, None)
    if first is None:
        bench.objects.put(_group_key(bench, level, group), NOTHING)
        return
    value = bench.combiner(_chain(first, partials), bench.combine_context())
    put_stored(bench.objects, _group_key(bench, level, group), value, bench.scratch)


def combine_all(bench: CombineBench) -> dict[str, Any]:
    """Merge what is left of the tree, finish, and store the result; what it returns is that of `make_result`."""
    return make_result(bench, combine_top(bench))


def combine_top(bench: CombineBench) -> Any:
    """Merge what is left of the tree. A combiner that yields merges while its value is iterated."""
    levels = levels_of(bench)
    below = levels[-1] if levels else bench.plan.batches
    return bench.combiner(_children(bench, len(levels), 0, below), bench.combine_context())


def make_result(bench: CombineBench, value: Any) -> dict[str, Any]:
    """Finish a value, and store the result.

    Returns:
        `{"files": [names of result files], "checksums": {name: [bytes, SHA-256]}, "summary": [lines], "size": bytes of the
        result}`.
    """
    files: dict[str, list[Any]] = {}
    if bench.combiner.finish_function and inspect.isgenerator(value):
        value = list(value)
    summary = _last_summary(bench, value)
    if bench.combiner.finish_function:
        opener = partial(_result_file, bench, files=files)
        context = FinishContext(**bench.context, place=Place(bench.objects, bench.prefix), opener=opener)
        value = bench.combiner.finish_function(value, context)
    path = bench.scratch / f"result-{bench.context['job_id']}.json"
    try:
        _write_json(path, value)
        size = path.stat().st_size
        bench.objects.put(bench.prefix + RESULT, path)
    finally:
        path.unlink(missing_ok=True)
    return {"files": list(files), "checksums": files, "summary": summary, "size": size}


def put_stored(objects: Objects, key: str, value: Any, scratch: Path) -> None:
    """Store a value as partial results are stored: a generator's entry by entry."""
    stored = store_yielded(value, scratch) if inspect.isgenerator(value) else store_value(value, scratch)
    try:
        data = stored.payload if stored.payload is not None else stored.path
        assert data is not None
        objects.put(key, data)
    finally:
        if stored.path:
            stored.path.unlink(missing_ok=True)


def preview(bench: CombineBench) -> tuple[Any, list[str]]:
    """What the partial results so far combine to, unfinished, and its summary lines."""
    context = bench.combine_context(preview=True)
    value = bench.combiner(_children(bench, 0, 0, bench.plan.batches), context)
    if inspect.isgenerator(value):
        value = list(value)
    return value, _summary(bench, value)


def _summary(bench: CombineBench, value: Any) -> list[str]:
    function = bench.combiner.summary_function
    lines = function(value, bench.context["parameters"]) if function else []
    return [str(line)[:LONGEST_SUMMARY_LINE] for line in lines][:MOST_SUMMARY_LINES]


def _last_summary(bench: CombineBench, value: Any) -> list[str]:
    """A summary that fails costs nobody the result."""
    if inspect.isgenerator(value):  # what streams may be too large to look at
        return []
    try:
        return _summary(bench, value)
    except Exception as error:  # noqa: BLE001 - the developer's
        return [f"(no summary: {type(error).__name__}: {error})"]


def _children(bench: CombineBench, level: int, first: int, last: int) -> Iterator[PartialResult]:
    """Values one level further down: batches for level 0, groups above."""
    if level == 0:
        for begun in read_ahead(bench.objects, bench.partials(first, min(last, bench.plan.batches))):
            start, end = bench.plan.items_of(begun.number)
            yield PartialResult(start, end, begun.open)
        return
    plan = bench.plan
    groups = range(first, min(last, combine_levels(plan.batches)[level - 1]))
    batches_each = COMBINE_FAN_IN**level
    values = (Stored(group, None, _group_key(bench, level - 1, group)) for group in groups)
    for begun in read_ahead(bench.objects, values):
        with begun.open() as file:
            if file.read(1) == NOTHING:
                continue
        batch = begun.number * batches_each
        start, end = plan.items_of(batch)[0], plan.items_of(min(batch + batches_each, plan.batches) - 1)[1]
        yield PartialResult(start, end, begun.open)


def _group_key(bench: CombineBench, level: int, group: int) -> str:
    return f"{bench.prefix}{bench.parts}{level}/{group:08d}"


def _chain(first: PartialResult, rest: Iterator[PartialResult]) -> Iterator[PartialResult]:
    yield first
    yield from rest


@contextmanager
def _result_file(bench: CombineBench, name: str, *, files: dict[str, list[Any]]) -> Iterator[BinaryIO]:
    name = str(name)
    try:
        key = check_key(f"{bench.prefix}{FILES}{name}")
    except InvalidItems as error:
        raise InvalidAnalysis(
            f"{name!r} cannot be the name of a result file: give a plain name such as 'table.csv'"
        ) from error
    descriptor, scratch = tempfile.mkstemp(dir=bench.scratch, prefix="file-")
    path = Path(scratch)
    try:
        with open(descriptor, "wb") as file:
            yield file
        with open(path, "rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        bench.objects.put(key, path)
    finally:
        path.unlink(missing_ok=True)
    files[name] = [size, checksum]


def _write_json(path: Path, value: Any) -> None:
    """Write a value as JSON; of a generator entry by entry."""
    with open(path, "wb") as file:
        if not inspect.isgenerator(value):
            file.write(values.encode(value, "result") + b"\n")
            return
        separator = b"[\n"
        for number, entry in enumerate(value):
            file.write(separator + values.encode(entry, f"result[{number}]"))
            separator = b",\n"
        file.write(b"\n]\n" if separator == b",\n" else b"[]\n")
