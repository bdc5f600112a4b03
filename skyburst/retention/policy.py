"""When something of a job is to be deleted, and what it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from skyburst.contracts.dataset import DELIVERED, DELIVERED_LOGS, FOLDER
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.combine import FILES, PARTS, RESULT
from skyburst.objects import locate
from skyburst.submissions.layout import INPUTS
from skyburst.submissions.record import Record
from skyburst.submissions.submit_file import place_of

MARKS = "retention/"
"""Where a note is of each job of which something is to be deleted: so that looking for them does not read all jobs."""
DAY_S = 86_400
PARTIALS = "partials/"


class Kind(StrEnum):
    """What is deleted."""

    INPUTS = "inputs"
    RESULTS = "results"


class Due(NamedTuple):
    """Something of a job that is to be deleted."""

    kind: Kind
    at: float
    """Not before, seconds since the epoch."""


def mark_of(job_id: str) -> str:
    """Key of the note that something of a job is to be deleted one day."""
    return f"{MARKS}{job_id}"


def due_of(job: JobRecord) -> Iterator[Due]:
    """What is to be deleted of a job that has ended, by `keep` of its specification; nothing unless it says so."""
    keep: Mapping[str, Any] = job.spec.get("keep") or {}
    if job.finished_at is None:
        return
    days = keep.get("inputs_days")
    inputs = [job.finished_at + DAY_S * days] if days is not None else []
    if keep.get("delete_inputs_after_success") and job.state is JobState.SUCCEEDED:
        inputs.append(job.finished_at)
    if inputs:
        yield Due(Kind.INPUTS, min(inputs))
    if keep.get("results_days") is not None:
        yield Due(Kind.RESULTS, job.finished_at + DAY_S * keep["results_days"])


def is_result(key: str, prefix: str) -> bool:
    """Whether an object of a job is one of its results: what it found, and what was stored on the way there.

    Args:
        key: of the object.
        prefix: of all objects of the job.
    """
    if not key.startswith(prefix):
        return False
    name = key.removeprefix(prefix)
    if name == RESULT or name.startswith((FILES, PARTS, PARTIALS)):
        return True
    folder, _, rest = name.removeprefix(FOLDER).partition("/")
    return name.startswith(FOLDER) and folder.isdigit() and rest.startswith((DELIVERED, DELIVERED_LOGS))


def own_inputs(record: Record, location: str) -> list[str]:
    """Locations of the data of a submission that were uploaded for it: those in its group's folder of inputs, in its own bucket.

    What a job says of itself, such as its labels, is anybody's; the record of a submission is the deployment's alone.

    Args:
        record: of the submission.
        location: path or URL of its bucket.
    """
    found: dict[str, None] = {}
    for dataset in record.datasets:
        place = place_of(dataset.dataname)
        if place.bucket in (None, record.bucket) and place.key.startswith(f"{record.group}/{INPUTS}/"):
            found[locate(location, place.key)] = None
    return list(found)


def named_locations(values: Iterable[Any]) -> Iterator[str]:
    """Everything in JSON values that may be a path or a URL, such as the data of items and parameters that name files."""
    for value in values:
        if isinstance(value, str):
            if "/" in value:
                yield value
        elif isinstance(value, list):
            yield from named_locations(value)
        elif isinstance(value, dict):
            yield from named_locations(value.values())


def overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether two jobs have data in common: the same, or a folder of one that has data of the other in it.

    Args:
        some: locations.
        others: likewise; they may be many, and are read one by one.
    """
    first = {location.rstrip("/") for location in some}
    above = {folder for location in first for folder in _above(location)}
    for given in others:
        location = given.rstrip("/")
        if location in first or location in above or not first.isdisjoint(_above(location)):
            return True
    return False


def topmost(locations: Iterable[str]) -> list[str]:
    """Locations without those that are in a folder which is one of them, too."""
    found = dict.fromkeys(location.rstrip("/") for location in locations)
    return [location for location in found if not any(folder in found for folder in _above(location))]


def _above(location: str) -> list[str]:
    return [location[:at] for at, letter in enumerate(location) if letter == "/"]
