"""The logs of a job as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skyburst.contracts.records import BatchRecord, JobRecord
from skyburst.errors import InvalidJob
from skyburst.homes.home import Home


def log_text(home: Home, job: JobRecord, batch: int | None = None) -> str:
    """What the batches of a job wrote and why attempts failed, in batch order; or one batch.

    Raises:
        InvalidJob: when the job has no such batch.
    """
    return "".join(log_lines(home, job, batch))


def log_lines(home: Home, job: JobRecord, batch: int | None = None) -> Iterator[str]:
    """The same, piece by piece."""
    if batch is None:
        for record in home.table.batches(job.job_id):
            yield from _of_batch(home, job.job_id, record)
        yield job_failure(job)
        return
    batches = (job.plan or {}).get("batches", 0)
    if not 0 <= batch < batches:
        raise InvalidJob(f"job {job.job_id} has no batch {batch}: its batches are 0 to {batches - 1}")
    found = home.table.batch(job.job_id, batch)
    if found is None:
        yield f"== batch {batch}: not sent yet\n"
    else:
        yield from _of_batch(home, job.job_id, found)


def job_failure(job: JobRecord) -> str:
    """What failed besides batches, such as the combiner; empty when nothing did."""
    failure = (job.outcome or {}).get("failure")
    return f"== job: {failure[0]}: {failure[1]}\n{failure[2]}" if failure else ""


def _of_batch(home: Home, job_id: str, record: BatchRecord) -> Iterator[str]:
    if not (record.log or record.failures or record.item_errors):
        return
    yield f"== batch {record.batch_id}: {record.state}, attempt {record.attempt}\n"
    for number, failure in enumerate(record.failures, start=1):
        yield f"-- failure {number}: {failure.kind}: {failure.message}\n"
        if failure.traceback:
            yield failure.traceback.rstrip("\n") + "\n"
    for entry in record.item_errors:
        yield f"-- {item_error_line(entry)}\n"
    if record.log:
        text = home.log_of(job_id, record.log)
        if text:
            yield text if text.endswith("\n") else text + "\n"


def item_error_line(entry: dict[str, Any]) -> str:
    """An item that could not be used, and why; or how many more there were in the batch."""
    return entry["error"] if entry["item"] is None else f"{item_name(entry['item'])}: {entry['error']}"


def item_name(item: object) -> str:
    """An item in few words."""
    if isinstance(item, dict):
        for key in ("file", "name", "id", "key", "location"):
            if isinstance(item.get(key), str):
                return str(item[key])
    return str(item)
