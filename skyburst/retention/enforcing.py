"""Deletes what is due, and notes in the job's record what was deleted and when."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from skyburst import local_files
from skyburst.contracts.job import JobSpec
from skyburst.contracts.records import JobRecord
from skyburst.errors import Invalid, InvalidItems, InvalidJob, JobNotFound, ObjectNotFound, SkyburstError, StorageError
from skyburst.manifest import Manifest, parse_source, read_all
from skyburst.objects import ObjectStore, open_store
from skyburst.ports import TaskTable
from skyburst.retention.policy import MARKS, Due, Kind, data_of, due_of, is_result, mark_of, overlap, own_inputs
from skyburst.submissions.layout import INPUTS
from skyburst.submissions.owners import owner_of, record_of
from skyburst.submissions.record import Record

MOST_OTHERS = 1_000
"""Jobs, the newest, that are looked at for whether they still need the same inputs."""


class Keeping(Protocol):
    """What is needed of a home."""

    @property
    def objects(self) -> ObjectStore:
        """The object store."""

    @property
    def table(self) -> TaskTable:
        """The task table."""

    def following(self, job: JobRecord) -> list[dict[str, Any]]:
        """What follows a job."""


class Deleted(NamedTuple):
    """What became of something that was due."""

    job_id: str
    kind: Kind
    objects: int
    size: int
    """Bytes."""
    kept: str = ""
    """Why it was not deleted yet."""


class _Submission(NamedTuple):
    """The submission that a job is of."""

    record: Record
    location: str
    """Path or URL of its bucket."""

    @property
    def inputs(self) -> str:
        """Where its group uploads data."""
        return f"{self.location}/{self.record.group}/{INPUTS}"


def note(objects: ObjectStore, job_id: str, spec: JobSpec) -> None:
    """Remember that something of a new job is to be deleted one day, if its specification says so."""
    if spec.keep is not None:
        objects.put(mark_of(job_id), b"{}")


def enforce(home: Keeping, now: float) -> Iterator[Deleted]:
    """Delete everything that is due.

    Args:
        home: whose jobs they are.
        now: seconds since the epoch.
    """
    for mark in sorted(entry.key for entry in home.objects.list(MARKS)):
        try:
            job = home.table.job(mark.removeprefix(MARKS))
        except JobNotFound:  # it was deleted, and its objects with it
            home.objects.delete([mark])
            continue
        if not job.state.finished:
            continue
        left = [due for due in due_of(job) if due.kind not in deleted_of(job)]
        for due in [due for due in left if due.at <= now]:
            found = _enforced(home, job, due, now)
            yield found
            if not found.kept:
                left.remove(due)
        if not left:
            home.objects.delete([mark])


def _enforced(home: Keeping, job: JobRecord, due: Due, now: float) -> Deleted:
    try:
        submission = _submission_of(home, job)
        kept = _needed(home, job, due, submission)
        if kept:
            return Deleted(job.job_id, due.kind, 0, 0, kept)
        deleted = _results(home.objects, job) if due.kind is Kind.RESULTS else _inputs(submission)
    except (Invalid, StorageError) as error:  # it is tried again
        return Deleted(job.job_id, due.kind, 0, 0, f"not all could be deleted: {error}")
    outcome = dict(job.outcome or {})
    outcome["deleted"] = {**deleted_of(job), str(due.kind): {"at": now, "objects": deleted[0], "size": deleted[1]}}
    if due.kind is Kind.RESULTS:
        outcome |= {"files": None, "checksums": {}}
    job.outcome = outcome
    if not home.table.update_job(job, expected=[job.state], run=job.runs):
        return Deleted(job.job_id, due.kind, *deleted, "the job was resumed meanwhile")
    return Deleted(job.job_id, due.kind, *deleted)


def deleted_of(job: JobRecord) -> dict[str, dict[str, Any]]:
    """What was deleted of a job: by `inputs` and `results`, `{"at", "objects", "size"}`."""
    found: dict[str, dict[str, Any]] = (job.outcome or {}).get("deleted", {})
    return found


def _submission_of(home: Keeping, job: JobRecord) -> _Submission | None:
    """The submission of a job, as its own record says; None of any other job, whatever it says of itself."""
    owner = owner_of(home.objects, job.job_id)
    record = record_of(owner) if owner else None
    if owner is None or record is None or record.job_id not in (job.job_id, None):
        return None
    return _Submission(record, owner.location)


def _needed(home: Keeping, job: JobRecord, due: Due, submission: _Submission | None) -> str:
    """Why something cannot be deleted yet; empty when it can."""
    if submission is not None and not submission.record.state.over:
        return f"submission {submission.record.name} is not over"
    if due.kind is Kind.RESULTS:
        for entry in home.following(job):
            if entry["job"] and not _ended(home.table, entry["job"]):
                return f"job {entry['job']}, which follows, still runs"
        return ""
    mine = set(own_inputs(submission.record, submission.location)) if submission else set()
    for other in islice(home.table.jobs(), MOST_OTHERS) if mine else ():
        if other.job_id == job.job_id or other.state.finished:
            continue
        try:
            if overlap(mine, set(_data_of(home, job, other))):
                return f"job {other.job_id} still needs them"
        except SkyburstError as error:
            return f"job {other.job_id} may need them: its items cannot be read: {error}"
    return ""


def _ended(table: TaskTable, job_id: str) -> bool:
    try:
        return table.job(job_id).state.finished
    except JobNotFound:
        return True


def _results(objects: ObjectStore, job: JobRecord) -> tuple[int, int]:
    prefix = f"jobs/{job.job_id}/"
    found = [entry for entry in objects.list(prefix) if is_result(entry.key, prefix)]
    objects.delete([entry.key for entry in found])
    return len(found), sum(entry.size for entry in found)


def _data_of(home: Keeping, job: JobRecord, other: JobRecord) -> Iterator[str]:
    """Locations of the data of another job; of a stored list only when the same group pays, as there may be millions."""
    given = other.spec.get("items")
    if isinstance(given, list):
        yield from data_of(given)
    elif other.items and "manifest" in other.items and other.spec.get("group") == job.spec.get("group"):
        source = parse_source(other.items)
        assert isinstance(source, Manifest)
        yield from data_of(read_all(source, home.objects))


def _inputs(submission: _Submission | None) -> tuple[int, int]:
    """Delete what was uploaded for a submission: files, and folders with all that is in them; how many, and their bytes."""
    count = size = 0
    if submission is None:
        return count, size
    for location in own_inputs(submission.record, submission.location):
        found = _delete_at(location) if "://" in location else _delete_here(Path(location), Path(submission.inputs))
        count, size = count + found[0], size + found[1]
    return count, size


def _delete_at(location: str) -> tuple[int, int]:
    """Delete what is behind a URL; how many objects, and their bytes."""
    folder, _, name = location.rstrip("/").rpartition("/")
    try:
        store = open_store(folder)
        found = [(entry.key, entry.size) for entry in store.list(f"{name}/")] or [(name, store.size(name))]
    except (ObjectNotFound, InvalidItems):  # it is gone, or its folder is
        return 0, 0
    store.delete([key for key, _ in found])
    return len(found), sum(size for _, size in found)


def _delete_here(path: Path, folder: Path) -> tuple[int, int]:
    """The same on this machine, where what a link leads to was not uploaded, be the link above, at or below the path.

    Args:
        path: of the data.
        folder: of the group's inputs, which it is in.
    """
    if Path(os.path.realpath(path)) != Path(os.path.realpath(folder), path.relative_to(folder)):
        return 0, 0
    inside = (Path(above, file) for above, _, files in os.walk(path) for file in files)
    found = [(file, file.lstat().st_size) for file in ([path] if path.is_file() else inside) if not file.is_symlink()]
    for file, _ in found:
        local_files.delete(file)
    return len(found), sum(size for _, size in found)


def check_kept(job: JobRecord) -> None:
    """Raises InvalidJob when a job cannot go on because what it had found was deleted."""
    if Kind.RESULTS in deleted_of(job):
        raise InvalidJob(
            f"job {job.job_id} cannot be resumed: its {told(job, 'were deleted')}. Run it anew: `skyburst rerun {job.job_id}`"
        )


def told(job: JobRecord, how: str = "deleted") -> str:
    """What was deleted of a job, for people; empty when nothing was."""
    days = {
        kind: time.strftime("%Y-%m-%d", time.localtime(entry["at"])) for kind, entry in deleted_of(job).items()
    }  # fmt: skip
    return ", ".join(f"{kind} {how} on {day}" for kind, day in days.items())
