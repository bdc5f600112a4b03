"""Which submission a job is of: noted among the job's objects, where no submitter writes; its record has to say so, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from skyburst.contracts import values
from skyburst.errors import ObjectNotFound, SubmissionNotFound
from skyburst.objects import ObjectStore, open_store
from skyburst.ports import Objects
from skyburst.submissions.record import Record, Records

KEY = "submission.json"


class Owner(NamedTuple):
    """The submission of a job."""

    location: str
    """Path or URL of the bucket that has its record."""
    group: str
    name: str


def note_owner(objects: Objects, job_id: str, location: str, record: Record) -> None:
    """Note of which submission a job is, before it can end.

    Args:
        objects: of the home where the job runs.
        job_id: of the job.
        location: path or URL of the bucket that has the record.
        record: of the submission.
    """
    owner = Owner(location, record.group, record.name)
    objects.put(f"jobs/{job_id}/{KEY}", values.encode(owner._asdict()))


def owner_of(objects: Objects, job_id: str) -> Owner | None:
    """The submission that a job is noted to be of; None for a job that came in another way."""
    try:
        return Owner(**values.decode(objects.get(f"jobs/{job_id}/{KEY}")))
    except ObjectNotFound:
        return None


def record_of(owner: Owner, open_bucket: Callable[[str], ObjectStore] = open_store) -> Record | None:
    """The record of a submission; None when it is gone.

    Raises:
        Invalid, StorageError: when its bucket cannot be read.
    """
    try:
        return Records(open_bucket(owner.location)).get(owner.group, owner.name)
    except SubmissionNotFound:
        return None
