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
from skyburst.errors import InvalidItems, InvalidJob, JobNotFound, ObjectNotFound, StorageError
from skyburst.manifest import Manifest, parse_source, read_all
from skyburst.objects import ObjectStore, open_store
from skyburst.ports import TaskTable
from skyburst.retention.policy import MARKS, Due, Kind, due_of, in_inputs, is_result, mark_of, overlap, own_inputs

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
    kept = _needed(home, job, due)
    if kept:
        return Deleted(job.job_id, due.kind, 0, 0, kept)
    try:
        deleted = _results(home.objects, job) if due.kind is Kind.RESULTS else _inputs(_own_inputs(home, job), job)
    except StorageError as error:  # it is tried again
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


def _needed(home: Keeping, job: JobRecord, due: Due) -> str:
    """Why something cannot be deleted yet; empty when it can."""
    if due.kind is Kind.RESULTS:
        for entry in home.following(job):
            if entry["job"] and not _ended(home.table, entry["job"]):
                return f"job {entry['job']}, which follows, still runs"
        return ""
    mine = set(_own_inputs(home, job))
    for other in islice(home.table.jobs(), MOST_OTHERS) if mine else ():
        if other.job_id != job.job_id and not other.state.finished and overlap(mine, set(_own_inputs(home, other))):
            return f"job {other.job_id} still needs them"
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


def _own_inputs(home: Keeping, job: JobRecord) -> list[str]:
    given = job.spec.get("items")
    if isinstance(given, list):
        return own_inputs(job, given)
    if job.items is None or "manifest" not in job.items:
        return []
    source = parse_source(job.items)
    assert isinstance(source, Manifest)
    return own_inputs(job, read_all(source, home.objects))


def _inputs(locations: list[str], job: JobRecord) -> tuple[int, int]:
    """Delete what was uploaded for a job: files, and folders with all that is in them."""
    count = size = 0
    for location in locations:
        found = _delete_at(location) if "://" in location else _delete_here(location, job)
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


def _delete_here(location: str, job: JobRecord) -> tuple[int, int]:
    """The same on this machine, where what a link leads to was not uploaded, be the link above, at or below the location."""
    root, name = in_inputs(location, str(job.spec.get("group")))
    path = Path(root, name)
    if Path(os.path.realpath(path)) != Path(os.path.realpath(root), os.path.normpath(name)):
        return 0, 0
    inside = (Path(folder, file) for folder, _, files in os.walk(path) for file in files)
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
