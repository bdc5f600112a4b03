"""Run jobs, and look after them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.records import BatchRecord, JobRecord, Progress, Result
from skyburst.contracts.states import JobState
from skyburst.errors import (
    AnalysisNotFound,
    InvalidJob,
    JobCancelled,
    JobEnded,
    JobFailed,
    JobTimedOut,
    ResultNotReady,
    SkyburstError,
    StorageError,
)
from skyburst.finding import Found, find_analysis
from skyburst.homes.home import Home, forgotten, open_home
from skyburst.homes.waiting import progress_of, wait

log = logging.getLogger(__name__)
Job = JobSpec | Mapping[str, Any]


class JobHandle:
    """One job, wherever it runs. Any program with the same state folder, or for the same deployment, can make one.

    Args:
        job_id: which one.
        home: where it runs: `local` or `aws`, or a home.
    """

    def __init__(self, job_id: str, home: Home | str | None = None) -> None:
        self.home = open_home(home)
        self.job_id = job_id

    def __repr__(self) -> str:
        return f"<skyburst.JobHandle {self.job_id}>"

    def record(self) -> JobRecord:
        """Everything the task table has of the job. Raises JobNotFound."""
        return self.home.table.job(self.job_id)

    def status(self) -> JobState:
        """Where the job is in its life."""
        return self.record().state

    def progress(self) -> Progress:
        """Batches and items done, failed and running, counted without reading results."""
        return progress_of(self.home, self.job_id)

    def batches(self) -> list[BatchRecord]:
        """What was recorded of each batch, in order; a batch of which nothing was is PENDING."""
        return list(self.home.table.batches(self.job_id))

    def interrupted(self) -> bool:
        """True when the job has not ended and nothing drives it: its program was killed, and `resume` goes on."""
        return not self.status().finished and not self.home.is_driven(self.job_id) and not self.status().finished

    def wait(self, timeout: float | None = None, on_progress: Callable[[Progress], None] | None = None) -> JobState:
        """Wait for the end of the job.

        Args:
            timeout: seconds to wait at most; None for as long as it takes.
            on_progress: called with each look at the job, up to ten times a second; at home `aws` twice a second.

        Raises:
            TimeoutError: when the job goes on longer.
            JobInterrupted: when nothing drives the job any more.
        """
        return wait(self.home, self.job_id, timeout=timeout, on_progress=on_progress)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the end and return what was found; a PARTIAL job's result says what is missing.

        Raises:
            JobFailed, JobTimedOut, JobCancelled: with `.result`, what was found before, if anything.
            TimeoutError: when the job goes on longer than `timeout` seconds.
        """
        self.wait(timeout)
        return _result_of(self.home, self.record())

    def partial_results(self) -> Any:
        """What the partial results so far combine to, unfinished; the whole combined value once the job has ended.

        Raises:
            ResultNotReady: before the job was planned.
            JobFailed: when the combiner fails.
        """
        job = self.record()
        if job.plan is None:
            raise ResultNotReady(f"job {self.job_id} is {job.state} and its items are not listed yet")
        return self.home.partial_results(job)

    def cancel(self) -> None:
        """Ask for the end of the job: its workers are stopped, what was found is combined, and it can be resumed."""
        self.home.cancel(self.job_id)

    def resume(self) -> JobHandle:
        """Run what is missing, in the background; a job that succeeded stays as it is.

        Raises:
            JobBusy: when something drives the job.
        """
        if self.status() is not JobState.SUCCEEDED:
            before = self.record()
            self.home.prepare_resume(self.job_id)
            self._reopen(before.runs)
            self.home.drive_in_background(self.job_id)
        return self

    def following(self) -> list[dict[str, Any]]:
        """What follows the job so far, as `[[next]]` of its blueprint says.

        Returns:
            Of each `{"analysis", "on", "dataset", "job", "reason", ...}`: `job` is the id of the job that was started; None when
            it could not be, and `reason` says why.
        """
        return self.home.following(self.record())

    def certificate(self) -> dict[str, Any]:
        """The record that makes the job reproducible. Raises ResultNotReady until the job has ended."""
        return self.home.certificate(self.job_id)

    def datasets(self) -> list[dict[str, Any]]:
        """The status of each dataset of a job whose analysis is a command: `{"number", "dataset", "state", "files", ...}`."""
        return list(self.home.datasets(self.record()))

    def logs(self, batch: int | None = None) -> str:
        """What the batches wrote and why they failed, or one of them."""
        from skyburst.logs import log_text

        return log_text(self.home, self.record(), batch)

    def _reopen(self, run: int) -> None:
        """Have `wait` not take the state of the run before for that of the next, unless that one has begun already."""
        job = self.record()
        job.state, job.reason = JobState.PENDING, "resumed"
        self.home.table.update_job(job, expected=[state for state in JobState if state.finished], run=run)


def run(
    job: Job | str | Path | None = None,
    *,
    home: Home | str = "local",
    on_progress: Callable[[Progress], None] | None = None,
    **fields: Any,
) -> Result:
    """Run a job to its end: in this process, on all processors of this machine, or at another home.

    Args:
        job: a job specification, or the analysis alone, by name or path.
        home: where to run: `local` or `aws`, or a home such as `AwsHome(prefix="mine")`.
        on_progress: called up to ten times a second while the job runs.
        **fields: fields of the job specification, added to `job`.

    Raises:
        InvalidJob: naming the field, its value and what was expected; nothing was started.
        JobFailed, JobTimedOut, JobCancelled: with `.result`, what was found before, if anything.
    """
    handle = create(job, home=home, **fields)
    if handle.home.is_taken(handle.job_id):  # the job of the same idempotency key, started by another program
        handle.wait(on_progress=on_progress)
    elif not handle.status().finished:
        handle.home.drive(handle.job_id, on_progress)
    return _result_of(handle.home, handle.record())


def submit(job: Job | str | Path | None = None, *, home: Home | str = "local", **fields: Any) -> JobHandle:
    """Start a job in the background and return at once; it goes on when this program ends. Arguments as for `run`."""
    handle = create(job, home=home, **fields)
    if handle.status() is JobState.PENDING and not handle.home.is_driven(handle.job_id):
        handle.home.drive_in_background(handle.job_id)
    return handle


def create(
    job: Job | str | Path | None = None, *, home: Home | str = "local", folder: Path | None = None,
    note_id: Callable[[str], None] = forgotten, **fields: Any,
) -> JobHandle:  # fmt: skip
    """Check and store a job without starting it.

    Arguments as for `run`; paths are relative to the folder, else to the current one. `note_id` is called with the id of a new
    job before it is stored.
    """
    if isinstance(job, JobSpec):
        document = job.document()
    elif isinstance(job, str | Path):
        document = {"analysis": str(job)}
    elif job is None or isinstance(job, Mapping):
        document = dict(job or {})
    else:
        raise InvalidJob(
            f"job is of type {type(job).__name__}: expected a specification, or the name or path of an analysis"
        )
    spec = parse_job({**document, **{field: _plain(value) for field, value in fields.items() if value is not None}})
    folder = folder or Path.cwd()
    where = open_home(home)
    try:
        found = _found(spec.analysis, folder, where)
        record = where.create_job(spec, found, folder, note_id)
    except SkyburstError:
        if where is not home:
            where.close()
        raise
    if found is not None and found.location.is_dir():
        _note(found)
    return JobHandle(record.job_id, where)


def _note(found: Found) -> None:
    """Have the history of the blueprint say that it was run. A job that is stored runs, also when that cannot be written."""
    from skyburst.blueprints.history import record
    from skyburst.homes.local.folder import state_folder

    try:
        record(state_folder(), found.blueprint, how="run", now=time.time(), folder=found.location)
    except StorageError as error:
        log.warning("the history of blueprints is not written: %s", error)


def _found(analysis: str, folder: Path, home: Home) -> Found | None:
    """The analysis on this machine; at another home one may be deployed that is not here. Raises AnalysisNotFound."""
    try:
        return find_analysis(analysis, folder)
    except AnalysisNotFound:
        if home.name == "local" or "/" in analysis or analysis.endswith(".py"):
            raise
        return None


def _plain(value: Any) -> Any:
    """Python values that stand for JSON ones: ranges, paths, iterables of items."""
    if isinstance(value, range):
        return {"range": [value.start, value.stop]} if value.step == 1 else list(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict | str | bytes | list | set | frozenset):  # a set has no order to number items by
        return value
    return list(value) if hasattr(value, "__iter__") else value


def _result_of(home: Home, job: JobRecord) -> Result:
    """The result of a job that has ended, or the error that says how it did."""
    errors: dict[JobState, type[JobEnded]] = {
        JobState.FAILED: JobFailed,
        JobState.TIMED_OUT: JobTimedOut,
        JobState.CANCELLED: JobCancelled,
    }
    try:
        result = home.result(job)
    except ResultNotReady:
        if job.state not in errors:  # it was deleted, as the job asked for
            raise
        result = None
    if job.state in errors:
        failure = (job.outcome or {}).get("failure")
        details = f"\n{failure[2]}" if failure and failure[2] else ""
        kind = errors[job.state]
        raise kind(f"job {job.job_id} is {job.state}: {job.reason}{details}", job_id=job.job_id, result=result)
    assert result is not None
    return result
