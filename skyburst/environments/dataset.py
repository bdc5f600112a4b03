"""The worker and the combiner of analyses that are a command: a batch is one dataset."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import skyburst
from skyburst.analysis import Batch, CombineContext, FinishContext, PartialResult, Place
from skyburst.contracts.dataset import (
    ALL,
    STATUS,
    TABLE,
    DatasetState,
    base_name,
    dataset_prefix,
    parse_dataset,
)
from skyburst.errors import InvalidAnalysis, InvalidItems, ObjectNotFound

MOST_LINES = 5
SHORT = ("number", "dataset", "state", "reason", "exit_code", "seconds", "peak_memory_mb", "data", "files")
"""What the result has of each dataset; the rest is in the file of all."""
COLUMNS = (
    "number",
    "dataset",
    "state",
    "exit_code",
    "attempt",
    "seconds",
    "peak_memory_mb",
    "files",
    "bytes",
    "reason",
)


@skyburst.worker
def run(batch: Batch) -> dict[str, Any]:
    """Run the command on the dataset of a batch; its final status.

    Raises:
        DatasetEnded: when it did not end with success.
        InvalidItems, ObjectNotFound: when it is no dataset, or its data is not there.
        StorageError: when its data cannot be read, or its results cannot be stored.
    """
    from skyburst.environments.attempt import Attempt

    place = batch.context.place
    if place is None or place.setup is None:
        raise InvalidAnalysis("a command runs in an environment, and this worker has none")
    if len(batch.items) != 1:
        raise InvalidItems(
            f"batch {batch.id} has {len(batch.items)} datasets, and an environment takes one: leave out batch_size"
        )
    dataset = parse_dataset(batch.items[0], batch.start)
    return Attempt(dataset, batch.parameters, batch.context, place).run()


@skyburst.combiner
def collect(partials: Iterator[PartialResult], context: CombineContext) -> list[dict[str, Any]]:
    """The final statuses of all datasets by their numbers, those that did not succeed included."""
    found = {partial.start: partial.value for partial in partials}
    for gap in context.missing:
        for number in range(gap.start, gap.end):
            found[number] = _unfinished(context.place, number, gap.reason)
    return [{"number": number, **found[number]} for number in sorted(found)]


@collect.summary
def lines(value: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[str]:
    """How many ended how, and the first that did not succeed."""
    del parameters
    states = [entry["state"] for entry in value]
    counts = [f"{states.count(state)} {state.lower().replace('_', ' ')}" for state in DatasetState if state in states]
    files = sum(len(entry["files"]) for entry in value)
    told = [f"{len(value):,} dataset{'s' * (len(value) != 1)}: {', '.join(counts)}; {files:,} file{'s' * (files != 1)}"]
    names = Counter(entry["dataset"] for entry in value)
    told += [
        f"{_label(entry, alone=names[entry['dataset']] == 1)}: {entry['state']}: {entry['reason']}"
        for entry in value
        if entry["state"] != DatasetState.SUCCEEDED
    ]
    return told[:MOST_LINES]


def _label(entry: Mapping[str, Any], *, alone: bool) -> str:
    """What a dataset is called; of several that are called so, as those of an ensemble, its number and its config too."""
    if alone:
        return str(entry["dataset"])
    config = entry.get("config")
    said = f", {base_name(config)}" if isinstance(config, str) else ""
    return f"{entry['dataset']} (dataset {entry['number']}{said})"


@collect.finish
def finish(value: list[dict[str, Any]], context: FinishContext) -> list[dict[str, Any]]:
    """Write the statuses as JSON and as a table; the result has less of each."""
    context.write(ALL, json.dumps(value, indent=1).encode() + b"\n")
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for entry in value:
        size = sum(file["size"] for file in entry["files"])
        writer.writerow({**entry, "dataset": _cell(entry["dataset"]), "files": len(entry["files"]), "bytes": size})
    context.write(TABLE, table.getvalue().encode())
    return [{key: entry.get(key) for key in SHORT} for entry in value]


def _unfinished(place: Place | None, number: int, reason: str) -> dict[str, Any]:
    """The status of a dataset that has no partial result, as it was stored; or that there is none."""
    stored: dict[str, Any] = {}
    if place is not None:
        try:
            stored = json.loads(place.objects.get(dataset_prefix(place.prefix, number) + STATUS))
        except ObjectNotFound:
            stored = {}
    if not stored:
        return {"dataset": str(number), "state": str(DatasetState.PENDING), "reason": reason, "data": [], "files": []}
    if not DatasetState(stored["state"]).finished:  # whoever was to say how it ended was ended itself
        stored |= {"state": str(DatasetState.FAILED), "reason": reason}
    return stored


def _cell(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
