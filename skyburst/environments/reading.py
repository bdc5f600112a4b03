"""What there is to know of the datasets of a job, from the objects that they leave and the task table: the same at each home."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skyburst.contracts.dataset import ALL, DELIVERED, LOG, STATUS, TABLE, DatasetState, dataset_prefix, parse_dataset
from skyburst.contracts.records import BatchRecord, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.combine import RESULT
from skyburst.engine.watch import NOT_SENT, reason_of
from skyburst.errors import DatasetNotFound, InvalidItems, ObjectNotFound
from skyburst.manifest import ItemReader, Manifest, parse_source
from skyburst.objects import ObjectStore
from skyburst.ports import TaskTable

AT_ONCE = 16


def is_command(job: JobRecord) -> bool:
    """Whether a job's analysis is a command, and its items are datasets."""
    return job.analysis.get("blueprint", {}).get("command") is not None


def job_prefix(job: JobRecord) -> str:
    """Key prefix of a job's objects."""
    return f"jobs/{job.job_id}/"


def statuses(objects: ObjectStore, table: TaskTable, job: JobRecord) -> Iterator[dict[str, Any]]:
    """The status of each dataset of a job in order, with its `number`: what it says itself, set right by the task table.

    None of an analysis that is no command, or before its items are listed.
    """
    if not is_command(job) or job.plan is None:
        return
    batches = {batch.batch_id: batch for batch in table.batches(job.job_id)}
    numbers = range(job.plan["items"])
    items = _reader(objects, job)
    for number, stored in zip(numbers, read_statuses(objects, job, numbers), strict=True):
        told = stored or {"dataset": _name(items, number), "state": str(DatasetState.PENDING), "reason": ""}
        yield settled(number, told, batches.get(number), job.state)


def read_statuses(objects: ObjectStore, job: JobRecord, numbers: Iterable[int]) -> Iterator[dict[str, Any] | None]:
    """What datasets say of themselves; None of one that says nothing yet."""

    def read(number: int) -> dict[str, Any] | None:
        try:
            status: dict[str, Any] = json.loads(objects.get(dataset_prefix(job_prefix(job), number) + STATUS))
        except ObjectNotFound:
            return None
        return status

    if objects.at_once == 1:
        yield from map(read, numbers)
        return
    with ThreadPoolExecutor(AT_ONCE, "statuses") as pool:
        yield from pool.map(read, numbers)


def settled(number: int, stored: dict[str, Any], batch: BatchRecord | None, job_state: JobState) -> dict[str, Any]:
    """The status of a dataset: what it said last, unless the task table knows better. Pure.

    Whatever ran it may have been killed before it could say so; and it may be waiting for another attempt.

    Args:
        number: of the dataset.
        stored: what it said last; of one that said nothing yet, that it is PENDING.
        batch: what was recorded of its batch, if anything was.
        job_state: of its job.
    """
    status = {
        "number": number,
        **(stored or {"dataset": str(number), "state": str(DatasetState.PENDING), "reason": ""}),
    }
    state = DatasetState(status["state"])
    if batch is not None and batch.state is BatchState.DONE:
        return status
    if job_state.finished:
        if state.finished:
            return status
        if batch is not None and batch.state is BatchState.FAILED:
            return {**status, "state": str(DatasetState.FAILED), "reason": reason_of(batch)}
        if state is DatasetState.PENDING:
            return {**status, "reason": NOT_SENT}
        return {**status, "state": str(DatasetState.CANCELLED), "reason": f"its job ended as {job_state} while it ran"}
    if batch is not None and batch.state is BatchState.FAILED:
        return status if state.finished else {**status, "state": str(DatasetState.FAILED), "reason": reason_of(batch)}
    lost = batch is not None and batch.state in (BatchState.PENDING, BatchState.LOST)
    if state.finished or (lost and batch is not None and batch.attempt >= status.get("attempt", 0) > 0):
        again = f": {reason_of(batch)}" if batch is not None and batch.failures else ""
        return {
            **status,
            "state": str(DatasetState.PENDING),
            "reason": f"waits to run once more{again}",
            "progress": None,
        }
    return status


def _reader(objects: ObjectStore, job: JobRecord) -> ItemReader:
    assert job.items is not None
    source = parse_source(job.items)
    own = isinstance(source, Manifest) and source.location == objects.location
    return ItemReader(source, objects if own else None)


def _name(items: ItemReader, number: int) -> str:
    """The name of a dataset that says nothing yet; its number when the item is none, which its attempt will say."""
    try:
        return parse_dataset(items.read(number, number + 1)[0], number).name
    except InvalidItems:
        return str(number)


def log_lines(objects: ObjectStore, job: JobRecord, number: int, after: int = 0) -> list[dict[str, Any]]:
    """The lines of a dataset's log, those after one: `{"line", "at", "stream", "text"}`, as of some seconds ago.

    Raises:
        DatasetNotFound: saying how many datasets the job has.
    """
    _check_number(job, number)
    try:
        data = objects.get(dataset_prefix(job_prefix(job), number) + LOG)
    except ObjectNotFound:
        return []
    lines = [json.loads(line) for line in data.splitlines()]
    return [line for line in lines if line["line"] > after]


def _check_number(job: JobRecord, number: int) -> None:
    if not is_command(job):
        raise DatasetNotFound(
            f"job {job.job_id} has no dataset {number}: its analysis {job.analysis['name']!r} is no command, and has none"
        )
    if job.plan is None:
        raise DatasetNotFound(f"job {job.job_id} has no dataset {number} yet: its datasets are not listed")
    count = job.plan["items"]
    if not 0 <= number < count:
        has = (
            f"{count:,} datasets, with the numbers 0 to {count - 1}" if count > 1 else "one dataset, with the number 0"
        )
        raise DatasetNotFound(f"job {job.job_id} has no dataset {number}: it has {has}")


def result_keys(job: JobRecord, status: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """Keys and sizes of a dataset's result files, by name."""
    prefix = dataset_prefix(job_prefix(job), status["number"]) + DELIVERED
    return {file["name"]: (prefix + file["name"], file["size"]) for file in status.get("files", [])}


def folder_names(names: Iterable[str]) -> list[str]:
    """Names of folders for datasets of these names: with their number where several, or a file beside them, have one. Pure."""
    given = list(names)
    beside = (RESULT, ALL, TABLE)
    times = Counter(name.casefold() for name in (*given, *beside))  # some disks do not tell capitals from small letters
    found = [name if times[name.casefold()] == 1 else f"{name}-{number}" for number, name in enumerate(given)]
    again = Counter(name.casefold() for name in found)
    return [name if again[name.casefold()] == 1 else f"{name}-{number}" for number, name in enumerate(found)]


class DatasetsLooking:
    """Looks at the datasets that run at this moment.

    Args:
        objects: of the home.
        table: of the home, which this closes nothing of.
        job: which one.
        every_s: seconds between two looks.
    """

    def __init__(self, objects: ObjectStore, table: TaskTable, job: JobRecord, every_s: float) -> None:
        self.every_s = every_s
        self._objects = objects
        self._table = table
        self._job = job

    def begin(self) -> None:
        """Nothing is asked of another process."""

    def poll(self) -> tuple[float, list[dict[str, Any]]]:
        """How much of the running datasets is done, in datasets, and their statuses."""
        running = [batch.batch_id for batch in self._table.batches(self._job.job_id, [BatchState.RUNNING])]
        found = [
            {"number": number, **status}
            for number, status in zip(running, read_statuses(self._objects, self._job, running), strict=True)
            if status is not None and status["state"] == DatasetState.RUNNING
        ]
        return sum(status["progress"] or 0.0 for status in found), found
