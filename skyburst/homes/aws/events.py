"""Events: changes of jobs and batches, told to EventBridge. A job never fails because nobody could be told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord, JobRecord, Progress
from skyburst.contracts.states import BatchState
from skyburst.engine.watch import reason_of
from skyburst.notifications.targets import may_be_told

log = logging.getLogger(__name__)

SOURCE = "skyburst"
JOB_CHANGE = "Skyburst Job State Change"
JOB_PROGRESS = "Skyburst Job Progress"
DRIFT = "Skyburst Deployment Drift"
MOST_DRIFTED = 20
"""Resources, and properties of each, in an event, which holds 256 KiB."""
BATCH_CHANGE = "Skyburst Batch State Change"
REAPED = "Skyburst Environment Reaped"
AT_ONCE = 10
"""Events in one call of PutEvents."""
THREADS = 8
"""Calls in flight: about 4,000 events a second."""
LONGEST_REASON = 256
"""Characters of a reason in an event; the whole one is in the task table."""
MOST_IN_A_LOOK = 2_000
"""Changes of batches that are told after one look, half a second's worth; the others wait for the next."""
MOST_AT_THE_END = 20_000
"""Changes of batches that are told when a job is over, before its results are combined."""
STATES = tuple(BatchState)
MOST_ATTEMPTS = 255 // len(STATES)


class Events:
    """Tells of changes. What cannot be told is logged."""

    def __init__(self, deployment: str, location: str, connect: Callable[[], Any]) -> None:
        """Prepare.

        Args:
            deployment: start of the names of its functions.
            location: URL of its objects.
            connect: makes a client of EventBridge, when there is something to tell.
        """
        self._deployment = deployment
        self._location = location
        self._connect = connect
        self._client: Any = None

    def job(self, job: JobRecord, counts: Progress | None = None, objects: dict[str, str | None] | None = None) -> None:
        """Tell the state of a job, just stored.

        Args:
            job: its record.
            counts: what is done, if it is known.
            objects: keys of what it left behind, by what they are.
        """
        plan = job.plan or {}
        detail = {
            "deployment": self._deployment,
            "job": job.job_id,
            "name": job.spec.get("name"),
            "user": job.spec.get("user"),
            "analysis": job.analysis["name"],
            "run": job.runs,
            "state": str(job.state),
            "reason": job.reason[:LONGEST_REASON],
            "batches": plan.get("batches"),
            "items": plan.get("items"),
            "done": counts.done if counts else None,
            "failed": counts.failed if counts else None,
            "notifies": may_be_told(job.spec),
            "at": time.time(),
            **{name: key and f"{self._location}/{key}" for name, key in (objects or {}).items()},
        }
        self._put([_entry(JOB_CHANGE, detail)])

    def progress(self, job: JobRecord, *, done: int, failed: int) -> None:
        """Tell how far a job is that runs."""
        plan = job.plan or {}
        detail = {
            "deployment": self._deployment,
            "job": job.job_id,
            "user": job.spec.get("user"),
            "run": job.runs,
            "state": str(job.state),
            "batches": plan.get("batches"),
            "items": plan.get("items"),
            "done": done,
            "failed": failed,
            "at": time.time(),
        }
        self._put([_entry(JOB_PROGRESS, detail)])

    def drift(self, found: dict[str, Any]) -> None:
        """Tell that the deployment is not as its template says: the resources, and their properties that differ."""
        some = found["drifted"][:MOST_DRIFTED]
        shortened = [
            {**one, "properties": [_shortened(each) for each in one["properties"][:MOST_DRIFTED]]} for one in some
        ]
        detail = {
            "deployment": self._deployment,
            "resources": len(found["drifted"]),
            "drifted": shortened,
            "at": time.time(),
        }
        self._put([_entry(DRIFT, detail)])

    def reaped(self, kind: str, name: str, job: str, reason: str) -> None:
        """Tell that something was ended that had outlived its job.

        Args:
            kind: `job` for one of AWS Batch, or `instance`.
            name: its id.
            job: the job that it worked for, if any.
            reason: why it was ended.
        """
        detail = {"deployment": self._deployment, "kind": kind, "id": name, "job": job or None, "reason": reason}
        self._put([_entry(REAPED, {**detail, "at": time.time()})])

    def batches(self, job_id: str, run: int, changed: Sequence[BatchRecord]) -> None:
        """Tell the states of batches, ten at a time."""
        now = time.time()
        entries = [
            _entry(
                BATCH_CHANGE,
                {
                    "deployment": self._deployment,
                    "job": job_id,
                    "run": run,
                    "batch": record.batch_id,
                    "state": str(record.state),
                    "attempt": record.attempt,
                    "items": record.items,
                    "seconds": record.seconds,
                    "reason": reason_of(record)[:LONGEST_REASON] if record.failures else "",
                    "at": now,
                },
            )
            for record in changed
        ]
        groups = [entries[first : first + AT_ONCE] for first in range(0, len(entries), AT_ONCE)]
        if not groups:
            return
        self._put(groups[0])  # makes the client, which must not be done in several threads
        with ThreadPoolExecutor(THREADS, "events") as pool:
            for _ in pool.map(self._put, groups[1:]):
                continue

    def _put(self, entries: list[dict[str, str]]) -> None:
        try:
            if self._client is None:
                self._client = self._connect()
            answer = self._client.put_events(Entries=entries)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on
            log.warning("events were not told", extra={"events": len(entries), "reason": str(error)})
            return
        if answer["FailedEntryCount"]:
            reasons = sorted({entry["ErrorCode"] for entry in answer["Entries"] if entry.get("ErrorCode")})
            log.warning("events were refused", extra={"events": answer["FailedEntryCount"], "reason": reasons})


class Told:
    """What was told of each batch of a job, in one byte each, so that only changes are told."""

    def __init__(self, batches: int, told: bytes = b"") -> None:
        self._told = bytearray(told.ljust(batches, b"\0"))
        self._changed: list[BatchRecord] = []
        self._left = 0

    def watching(self, records: Iterable[BatchRecord], most: int) -> Iterator[BatchRecord]:
        """The records as they come; up to so many that changed are kept for `changed`."""
        for record in records:
            byte = _byte(record)
            if self._told[record.batch_id] != byte:
                if len(self._changed) < most:
                    self._changed.append(record)
                    self._told[record.batch_id] = byte
                else:
                    self._left += 1
            yield record

    def add(self, record: BatchRecord) -> None:
        """A change that is known without looking."""
        self._changed.append(record)
        self._told[record.batch_id] = _byte(record)

    def is_told(self, record: BatchRecord) -> bool:
        """Whether nothing is left to tell of it."""
        return self._told[record.batch_id] == _byte(record)

    def changed(self) -> tuple[list[BatchRecord], int]:
        """What changed since the last call, and how much more did."""
        changed, left = self._changed, self._left
        self._changed, self._left = [], 0
        return changed, left

    def document(self) -> bytes:
        """For another watcher that goes on."""
        return bytes(self._told)


def _shortened(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:LONGEST_REASON] if isinstance(value, str) else value for name, value in one.items()}


def _byte(record: BatchRecord) -> int:
    """State and attempt; a batch of which nothing was heard is 0."""
    return STATES.index(record.state) + len(STATES) * min(record.attempt, MOST_ATTEMPTS - 1)


def _entry(kind: str, detail: dict[str, Any]) -> dict[str, str]:
    return {"Source": SOURCE, "DetailType": kind, "Detail": values.encode(detail).decode()}
