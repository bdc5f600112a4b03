"""Deletes what is due, and notes in the job's record what was deleted and when.

The record says so before anything is gone: whatever ends this meanwhile, no record tells of what is not there, and the next look
goes on.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from skyburst import local_files
from skyburst.contracts.job import JobSpec
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import UNFINISHED
from skyburst.errors import Invalid, InvalidItems, InvalidJob, JobNotFound, ObjectNotFound, SkyburstError, StorageError
from skyburst.manifest import manifests_of, read_all
from skyburst.objects import ObjectStore, open_store
from skyburst.ports import TaskTable
from skyburst.retention.policy import (
    MARKS,
    Due,
    Kind,
    due_of,
    is_result,
    mark_of,
    named_locations,
    overlap,
    own_inputs,
    topmost,
)
from skyburst.retention.waiting import WaitingSubmissions
from skyburst.submissions.layout import INPUTS
from skyburst.submissions.owners import owner_of, record_of
from skyburst.submissions.record import Record


class Keeping(Protocol):
    """What is needed of a home."""

    @property
    def objects(self) -> ObjectStore:
        """The object store."""

    @property
    def table(self) -> TaskTable:
        """The task table."""

    @property
    def submission_buckets(self) -> list[str]:
        """Locations of the buckets of submissions that are known, beside that of a submission itself."""

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


class _Found(NamedTuple):
    """What is there to be deleted, at one place."""

    objects: int
    size: int
    """Bytes."""
    delete: Callable[[], None]


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
    waiting = WaitingSubmissions()
    for mark in sorted(entry.key for entry in home.objects.list(MARKS)):
        try:
            job = home.table.job(mark.removeprefix(MARKS))
        except JobNotFound:  # it was deleted, and its objects with it
            home.objects.delete([mark])
            continue
        if not job.state.finished:
            continue
        left = [due for due in due_of(job) if _is_left(job, due.kind)]
        for due in [due for due in left if due.at <= now]:
            found = _enforced(home, job, due, now, waiting)
            yield found
            if not found.kept:
                left.remove(due)
        if not left:
            home.objects.delete([mark])


def _enforced(home: Keeping, job: JobRecord, due: Due, now: float, waiting: WaitingSubmissions) -> Deleted:
    def kept(why: str) -> Deleted:
        return Deleted(job.job_id, due.kind, 0, 0, why)

    try:
        submission = _submission_of(home, job)
        if why := _needed(home, job, due, submission, waiting):
            return kept(why)
        found = _results(home.objects, job) if due.kind is Kind.RESULTS else _inputs(submission)
        # What was begun before keeps its numbers: what is left of it is less.
        entry = deleted_of(job).get(due.kind) or {
            "at": now, "objects": sum(each.objects for each in found), "size": sum(each.size for each in found),
        }  # fmt: skip
        if not _noted(home, job, due.kind, {**entry, "unfinished": True}):
            return kept("the job was resumed meanwhile")
        for each in found:
            each.delete()
    except (Invalid, StorageError) as error:  # it is tried again
        return kept(f"not all could be deleted: {error}")
    done = {name: value for name, value in entry.items() if name != "unfinished"}
    if not _noted(home, job, due.kind, done):
        return kept("the job was resumed meanwhile")
    return Deleted(job.job_id, due.kind, done["objects"], done["size"])


def _noted(home: Keeping, job: JobRecord, kind: Kind, entry: dict[str, Any]) -> bool:
    """Have the job's record say it; False when the job was resumed meanwhile."""
    gone: dict[str, Any] = {"files": None, "checksums": {}} if kind is Kind.RESULTS else {}
    job.outcome = {**(job.outcome or {}), **gone, "deleted": {**deleted_of(job), str(kind): entry}}
    return home.table.update_job(job, expected=[job.state], run=job.runs)


def _is_left(job: JobRecord, kind: Kind) -> bool:
    """Whether something is still to be deleted, or was begun and not ended."""
    entry = deleted_of(job).get(kind)
    return entry is None or "unfinished" in entry


def deleted_of(job: JobRecord) -> dict[str, dict[str, Any]]:
    """What was deleted of a job: by `inputs` and `results`, `{"at", "objects", "size"}`; `unfinished` while some may be left."""
    found: dict[str, dict[str, Any]] = (job.outcome or {}).get("deleted", {})
    return found


def _submission_of(home: Keeping, job: JobRecord) -> _Submission | None:
    """The submission of a job, as its own record says; None of any other job, whatever it says of itself."""
    owner = owner_of(home.objects, job.job_id)
    record = record_of(owner) if owner else None
    if owner is None or record is None or record.job_id not in (job.job_id, None):
        return None
    return _Submission(record, owner.location)


def _needed(
    home: Keeping, job: JobRecord, due: Due, submission: _Submission | None, waiting: WaitingSubmissions
) -> str:
    """Why something cannot be deleted yet; empty when it can."""
    if submission is not None and not submission.record.state.over:
        return f"submission {submission.record.name} is not over"
    if due.kind is Kind.RESULTS:
        for entry in home.following(job):
            if entry["job"] and not _ended(home.table, entry["job"]):
                return f"job {entry['job']}, which follows, still runs"
        return ""
    mine = own_inputs(submission.record, submission.location) if submission else []
    if submission is None or not mine:
        return ""
    # Submissions before jobs: one that gets its job meanwhile is found among these.
    return _waited_for(home, submission, mine, waiting) or _worked_on(home, job, mine)


def _waited_for(home: Keeping, submission: _Submission, mine: list[str], waiting: WaitingSubmissions) -> str:
    """Which other submission still needs inputs; empty when none does."""
    for bucket in dict.fromkeys([submission.location, *home.submission_buckets]):
        try:
            found = waiting.of(bucket, submission.record.group)
        except (SkyburstError, OSError) as error:
            return f"it cannot be seen which submissions still need them: {error}"
        for other in found:
            if overlap(mine, other.locations):
                return f"{other.text} still needs them"
    return ""


def _worked_on(home: Keeping, job: JobRecord, mine: list[str]) -> str:
    """Which job that goes on still needs inputs, whoever pays for it; empty when none does."""
    for other in home.table.jobs(UNFINISHED):
        if other.job_id == job.job_id:
            continue
        try:
            if overlap(mine, named_locations(chain([other.parameters], _items(home, other)))):
                return f"job {other.job_id} still needs them"
        except SkyburstError as error:
            if not _ended(home.table, other.job_id):  # nor deleted since it was listed
                return f"job {other.job_id} may need them: its items cannot be read: {error}"
    return ""


def _ended(table: TaskTable, job_id: str) -> bool:
    try:
        return table.job(job_id).state.finished
    except JobNotFound:
        return True


def _results(objects: ObjectStore, job: JobRecord) -> list[_Found]:
    prefix = f"jobs/{job.job_id}/"
    found = [entry for entry in objects.list(prefix) if is_result(entry.key, prefix)]
    keys = [entry.key for entry in found]
    return [_Found(len(found), sum(entry.size for entry in found), partial(objects.delete, keys))]


def _items(home: Keeping, job: JobRecord) -> Iterator[Any]:
    """The items of a job that are no numbers."""
    given = job.spec.get("items")
    if isinstance(given, list):
        yield from given
        return
    for manifest in manifests_of(job.items) if job.items else ():
        objects = home.objects if manifest.location == home.objects.location else open_store(manifest.location)
        yield from read_all(manifest, objects)


def _inputs(submission: _Submission | None) -> list[_Found]:
    """What was uploaded for a submission: files, and folders with all that is in them."""
    if submission is None:
        return []
    return [
        _found_at(location) if "://" in location else _found_here(Path(location), Path(submission.inputs))
        for location in topmost(own_inputs(submission.record, submission.location))
    ]


def _found_at(location: str) -> _Found:
    """What is behind a URL."""
    folder, _, name = location.rpartition("/")
    try:
        store = open_store(folder)
        found = [(entry.key, entry.size) for entry in store.list(f"{name}/")] or [(name, store.size(name))]
    except (ObjectNotFound, InvalidItems):  # it is gone, or its folder is
        return _Found(0, 0, lambda: None)
    return _Found(len(found), sum(size for _, size in found), partial(store.delete, [key for key, _ in found]))


def _found_here(path: Path, folder: Path) -> _Found:
    """The same on this machine, where what a link leads to was not uploaded, be the link above, at or below the path.

    Args:
        path: of the data.
        folder: of the group's inputs, which it is in.
    """
    found: dict[Path, int] = {}
    if Path(os.path.realpath(path)) == Path(os.path.realpath(folder), path.relative_to(folder)):
        inside = (Path(above, file) for above, _, files in os.walk(path) for file in files)
        for file in [path] if path.is_file() else inside:
            try:
                status = file.lstat()
            except FileNotFoundError:  # somebody else deletes it
                continue
            if not stat.S_ISLNK(status.st_mode):
                found[file] = status.st_size
    return _Found(len(found), sum(found.values()), partial(_delete_here, list(found)))


def _delete_here(files: list[Path]) -> None:
    for file in files:
        local_files.delete(file)


def check_kept(job: JobRecord) -> None:
    """Raises InvalidJob when a job cannot go on because what it had found was deleted."""
    if Kind.RESULTS in deleted_of(job):
        raise InvalidJob(
            f"job {job.job_id} cannot be resumed: its {told(job, 'were deleted')}. Run it anew: `skyburst rerun {job.job_id}`"
        )


def told(job: JobRecord, how: str = "deleted") -> str:
    """What was deleted of a job, for people; empty when nothing was."""
    return ", ".join(
        f"{kind} {how} on {time.strftime('%Y-%m-%d', time.localtime(entry['at']))}{_unfinished(entry)}"
        for kind, entry in deleted_of(job).items()
    )


def _unfinished(entry: dict[str, Any]) -> str:
    return " (not all of them yet)" if "unfinished" in entry else ""
