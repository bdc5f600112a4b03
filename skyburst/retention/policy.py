"""When something of a job is to be deleted, and what it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import unquote

from skyburst.contracts.dataset import DELIVERED, DELIVERED_LOGS, FOLDER
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.combine import FILES, PARTS, RESULT

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


def own_inputs(job: JobRecord, items: Iterable[Any]) -> list[str]:
    """Locations of the data of a job that were uploaded into the folder of its group: `.../GROUP/inputs/...`.

    Nothing of a job that came in another way than by a submission: its data are somebody's, and stay.

    Args:
        job: its record.
        items: its items.
    """
    group = job.spec.get("group")
    if not group or "submission" not in job.spec.get("labels", {}):
        return []
    found: dict[str, None] = {}
    for item in items:
        for location in _listed(item.get("data") if isinstance(item, dict) else item):
            if isinstance(location, str) and _is_below(location, f"/{group}/inputs/"):
                found[location] = None
    return list(found)


def in_inputs(location: str, group: str) -> tuple[str, str]:
    """A location below the folder of a group's inputs, as that folder and the rest."""
    before, between, name = location.partition(f"/{group}/inputs/")
    return f"{before}{between}".rstrip("/"), name.strip("/")


def overlap(some: set[str], others: set[str]) -> bool:
    """Whether two jobs have data in common: the same, or a folder of one that has data of the other in it."""
    first, second = ({location.rstrip("/") for location in given} for given in (some, others))
    return bool(first & (second | _above(second)) or second & _above(first))


def _above(locations: set[str]) -> set[str]:
    return {location[:at] for location in locations for at, letter in enumerate(location) if letter == "/"}


def _is_below(location: str, folder: str) -> bool:
    """Whether a location is that of something in a folder, and leads nowhere else."""
    path = unquote(location) if "://" in location else location
    before, between, name = path.partition(folder)
    return bool(between and before and name.strip("/")) and ".." not in path.split("/")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
