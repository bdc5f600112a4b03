"""Starts what follows a job, and remembers it among the job's objects: the same at each home."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skyburst.contracts import values
from skyburst.contracts.dataset import DELIVERED, DatasetState, dataset_prefix
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.engine.combine import FILES, RESULT
from skyburst.engine.evidence import AT_ONCE, status_of
from skyburst.engine.following import (
    Dataset,
    FollowUp,
    after_all,
    after_each,
    check_depth,
    key_of,
    may_follow,
    sections,
    told,
)
from skyburst.engine.plan import Plan
from skyburst.errors import JobNotFound, SkyburstError
from skyburst.objects import ObjectStore

if TYPE_CHECKING:
    from skyburst.homes.home import Home

FOLDER = "next/"
END, FAILED, CANCELLED = ".json", ".failed.json", ".cancelled.json"
"""Of the key of what is remembered of a job that was started, of one that could not be, and of one that was cancelled with the
job that it follows, and is resumed with it."""
Start = Callable[[FollowUp], str]
"""Starts a job, or finds that it was started before; its id. Raises a SkyburstError when it cannot be started."""


class Following:
    """What follows one job.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of its objects.
        job: its record.
        start: starts one that follows.
    """

    def __init__(self, objects: ObjectStore, prefix: str, job: JobRecord, start: Start) -> None:
        self._objects, self._prefix, self._job, self._start = objects, prefix, job, start
        names = (entry.key.removeprefix(prefix + FOLDER) for entry in objects.list(prefix + FOLDER))
        self._started = {name.removesuffix(END) for name in names if not name.endswith((FAILED, CANCELLED))}

    def each(self, batches: Iterable[int]) -> None:
        """Start what follows the datasets of batches that are done; those of which none succeeded have nothing for it."""
        if self._job.plan is None or not sections(self._job, "each"):
            return
        plan = Plan(**self._job.plan)
        for batch in batches:
            # Of thousands that were followed before, none is read again: who starts the others has only so much time.
            numbers = [number for number in range(*plan.items_of(batch)) if not self._is_followed(number)]
            for dataset in self._datasets(numbers):
                self._begin(after_each(self._job, dataset))

    def all(self) -> None:
        """Start what follows all of the job, which has succeeded."""
        if self._job.plan is None or not sections(self._job, "all"):
            return
        datasets = files = []
        if self._job.analysis["blueprint"].get("command"):
            datasets = self._datasets(range(self._job.plan["items"]))
        else:
            names = [RESULT, *(f"{FILES}{name}" for name in (self._job.outcome or {}).get("files") or [])]
            files = [f"{self._objects.location}/{self._prefix}{name}" for name in names]
        self._begin(after_all(self._job, datasets, files))

    def _is_followed(self, number: int) -> bool:
        """Whether everything that follows a dataset was started."""
        wanted = {key_of(section, number) for section, _ in sections(self._job, "each")}
        return wanted <= self._started

    def _begin(self, follow_ups: Iterable[FollowUp]) -> None:
        for follow_up in follow_ups:
            if follow_up.key in self._started:
                continue
            job_id, failure = None, None
            try:
                check_depth(self._job)
                job_id = self._start(follow_up)
                self._started.add(follow_up.key)
            except SkyburstError as error:
                failure = error
            start = f"{self._prefix}{FOLDER}{follow_up.key}"
            entry = told(follow_up, job_id, failure, time.time())
            self._objects.put(start + (FAILED if failure else END), values.encode(entry))
            if not failure:
                self._objects.delete([start + FAILED, start + CANCELLED])

    def _datasets(self, numbers: Sequence[int]) -> list[Dataset]:
        """The datasets that succeeded."""
        if not numbers:
            return []
        with ThreadPoolExecutor(AT_ONCE if self._objects.at_once > 1 else 1, "datasets") as pool:
            found = pool.map(lambda number: (number, status_of(self._objects, self._prefix, number)), numbers)
            return [
                Dataset(number, str(status["dataset"]), self._location(number))
                for number, status in found
                if status is not None and status.get("state") == DatasetState.SUCCEEDED
            ]

    def _location(self, number: int) -> str:
        return f"{self._objects.location}/{dataset_prefix(self._prefix, number)}{DELIVERED}"


def following_of(
    objects: ObjectStore, prefix: str, job: JobRecord, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """What follows a job so far, as `skyburst.engine.following.told` has it, in the order of the blueprint and the datasets.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of its objects.
        job: its record.
        without: names, such as `0-all.json`, of what is known already.
    """
    if not may_follow(job):
        return []
    start = prefix + FOLDER
    keys = sorted(entry.key for entry in objects.list(start) if entry.key.removeprefix(start) not in without)
    with ThreadPoolExecutor(AT_ONCE if objects.at_once > 1 else 1, "next") as pool:
        return [values.decode(data) for data in pool.map(objects.get, keys)]


def cancel_following(home: Home, job: JobRecord) -> None:
    """End the jobs that follow a job, and those that follow them, unless they have ended or are gone.

    Of those that it ends it is remembered, so that they go on when the job is resumed.
    """
    ended = []
    for entry in home.following(job):
        if entry["job"]:
            with suppress(JobNotFound):
                if not home.table.job(entry["job"]).state.finished:
                    ended.append(entry)
                home.cancel(entry["job"])
    if job.state is JobState.SUCCEEDED:  # which is not resumed
        return
    for entry in ended:
        start = f"jobs/{job.job_id}/{FOLDER}{entry['key']}"
        home.objects.put(start + CANCELLED, values.encode(entry))
        home.objects.delete([start + END])
