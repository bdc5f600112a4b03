"""Looks at what a running job on AWS has found so far: reads only what is new, and combines it on this machine.

What was read is kept in a task table of this machine, in a temporary folder, so that nothing is read twice and all of it is
combined as that of a job at home `local` is: in batch order, in a process of its own.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.contracts.records import JobRecord, Outcome, Stored
from skyburst.engine.plan import Plan
from skyburst.errors import ResultNotReady
from skyburst.homes.aws.account import asking
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.local.home import LocalHome
from skyburst.homes.local.preview import Preview
from skyburst.manifest import Manifest, library_of, parse_source
from skyburst.objects import check_key

if TYPE_CHECKING:
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.objects import ObjectStore

EVERY_S = 5.0
MOST_BYTES_A_LOOK = 8 * 2**20
"""Read in one look, about; the next one goes on."""
MOST_BYTES = 256 * 2**20
"""Read in all: a job that finds more is not shown while it runs."""
CLOSE_S = 1.0
"""Given to a read that is under way at the end."""


class AwsLooking:
    """Reads in a thread of its own. All its methods are called by one thread.

    Args:
        table: that has the job.
        objects: that have its large partial results.
        job: which one; it is planned.
        code: folder of its analysis' modules on this machine.
        environment: variables with which the analysis reads URLs.
    """

    every_s = EVERY_S

    def __init__(
        self, table: DynamoTaskTable, objects: ObjectStore, job: JobRecord, code: Path, environment: dict[str, str]
    ) -> None:
        assert job.plan is not None
        self._table, self._objects, self._job_id, self._plan = table, objects, job.job_id, Plan(**job.plan)
        self._folder = tempfile.TemporaryDirectory(prefix="skyburst-looking-", ignore_cleanup_errors=True)
        self._kept = LocalHome(Path(self._folder.name))
        here = {"location": str(code), "code": str(code)}
        kept_job = replace(job, analysis={**job.analysis, **here}, items=_library_of(job))
        self._kept.table.create_job(kept_job)
        self._preview = Preview(self._kept, kept_job, self._kept.close, environment)
        self._seen: set[int] = set()
        self._first = 0
        """The first batch that was not seen: those before it are not asked for again."""
        self._bytes = 0
        self._reading: _Reading | None = None
        self._last: tuple[Any, list[str]] = (None, [])

    def begin(self) -> None:
        """Begin to read what is new."""
        self._reading = _Reading(self._read)

    def poll(self) -> tuple[Any, list[str]] | None:
        """The value and its summary lines, or None while there is no answer.

        Raises:
            ResultNotReady: when there is too much to be read.
            AwsUnavailable: when AWS cannot be asked.
            JobFailed: when the combiner failed.
        """
        if self._reading is not None:
            found = self._reading.found()
            if found is None:
                return None
            self._reading = None
            if not found:
                return self._last
            self._keep(found)
            self._preview.begin()
        answer = self._preview.poll()
        self._last = answer or self._last
        return answer

    def close(self) -> None:
        """End the thread and the process, and forget what was read."""
        if self._reading is not None:
            self._reading.stop(CLOSE_S)
        self._preview.close()
        self._folder.cleanup()

    def _read(self, stopped: threading.Event) -> list[tuple[Stored, int]]:
        """New partial results and their sizes, as many as one look may read; those that are objects are downloaded."""
        found: list[tuple[Stored, int]] = []
        read = 0
        with asking("read the results so far"):
            for stored in self._table.partial_results_except(self._job_id, self._first, self._plan.batches, self._seen):
                size = len(stored.payload or b"") if stored.reference is None else self._objects.size(stored.reference)
                if self._bytes + read + size > MOST_BYTES:
                    raise ResultNotReady(
                        f"what was found so far has more than {MOST_BYTES // 2**20} MiB, which are not read each time"
                    )
                if stopped.is_set():
                    break
                if stored.reference is not None:
                    self._download(stored.reference)
                found.append((stored, size))
                read += size
                if read >= MOST_BYTES_A_LOOK:
                    break
        return found

    def _download(self, reference: str) -> None:
        path = self._kept.folder / check_key(reference)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._objects.open(reference) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target)

    def _keep(self, found: list[tuple[Stored, int]]) -> None:
        """Keep what was read, to be combined with what comes."""
        outcomes = []
        for stored, size in found:
            start, end = self._plan.items_of(stored.batch_id)
            outcomes.append(
                Outcome(
                    stored.batch_id, 1, end - start, stored.payload, stored.reference, size, None, 0.0, 0.0, 0.0, None, None
                )
            )  # fmt: skip
            self._seen.add(stored.batch_id)
            self._bytes += size
        self._kept.table.record(self._job_id, outcomes)
        while self._first in self._seen:
            self._seen.remove(self._first)
            self._first += 1


class _Reading:
    """One call of a function in a thread."""

    def __init__(self, read: Callable[[threading.Event], list[tuple[Stored, int]]]) -> None:
        self._read = read
        self._found: list[tuple[Stored, int]] = []
        self._failed: Exception | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)
        self._thread.start()

    def found(self) -> list[tuple[Stored, int]] | None:
        """What the function returned, or None while it runs. Raises what it raised."""
        if self._thread.is_alive():
            return None
        if self._failed is not None:
            raise self._failed
        return self._found

    def stop(self, seconds: float) -> None:
        """Ask for the end, and wait so long for it."""
        self._stopped.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._found = self._read(self._stopped)
        except Exception as error:  # noqa: BLE001 - raised where it is asked for
            self._failed = error


def _library_of(job: JobRecord) -> dict[str, Any] | None:
    """The items of a job that come from a library, which its combiner may ask for; None for those of its own."""

    def is_own(manifest: Manifest) -> bool:
        return manifest.prefix.startswith(job_prefix(job.job_id))

    return job.items if job.items and library_of(parse_source(job.items), is_own) else None
