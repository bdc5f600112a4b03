"""What clients and the command line need of a home, the same words at each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from skyburst.errors import InvalidJob, JobNotFound, ObjectNotFound

if TYPE_CHECKING:
    from skyburst.budgets.paying import Paying
    from skyburst.budgets.port import Budgets
    from skyburst.contracts.job import JobSpec
    from skyburst.contracts.records import JobRecord, Progress, Result
    from skyburst.contracts.spans import Span
    from skyburst.environments.reading import DatasetsLooking
    from skyburst.finding import Found
    from skyburst.objects import ObjectStore
    from skyburst.ports import Objects, TaskTable
    from skyburst.retention.enforcing import Deleted

HOMES = ("local", "aws")
OnProgress = Callable[["Progress"], None]


def forgotten(_job_id: str) -> None:
    """Of the id of a new job that nobody wants to know before it is stored."""


class Readable(Protocol):
    """A result or a result file, wherever it is stored."""

    @property
    def location(self) -> str:
        """Path or URL."""

    @property
    def size(self) -> int:
        """Bytes. Raises ObjectNotFound."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """For reading in order. Raises ObjectNotFound."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of this machine."""

    path: Path

    @property
    def location(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes. Raises ObjectNotFound."""
        with self._errors():
            return self.path.stat().st_size

    def open(self) -> AbstractContextManager[BinaryIO]:
        """For reading in order. Raises ObjectNotFound."""
        with self._errors():
            return open(self.path, "rb")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ObjectNotFound(f"there is no file {self.path} any more") from error


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a bucket."""

    objects: Objects
    key: str
    location: str
    size: int
    """Bytes."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """For reading in order. Raises ObjectNotFound."""
        return self.objects.open(self.key)


class Looking(Protocol):
    """Looks at what a running job has found so far, without keeping anybody waiting."""

    @property
    def every_s(self) -> float:
        """Seconds between two looks, at least."""

    def begin(self) -> None:
        """Ask for a look; `poll` has the answer later."""

    def poll(self) -> tuple[Any, list[str]] | None:
        """The value and its summary lines, or None while there is no answer. Raises a SkyburstError when there is none."""

    def close(self) -> None:
        """End what looks."""


class Home(Protocol):
    """Where jobs run. Methods that are given a job's id raise JobNotFound when there is no such job."""

    @property
    def name(self) -> str:
        """`local` or `aws`."""

    @property
    def where(self) -> str:
        """Where its jobs are kept, for people."""

    @property
    def option(self) -> str:
        """What commands that are about its jobs have to say, with a space before it; empty when it is the default."""

    @property
    def gone(self) -> str:
        """What is said of a job that has not ended and that nothing drives."""

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at a job that is waited for."""

    @property
    def table(self) -> TaskTable:
        """The task table."""

    @property
    def objects(self) -> ObjectStore:
        """The object store."""

    @property
    def budgets(self) -> Budgets:
        """The budgets. Raises NotDeployed when the deployment has none."""

    @property
    def paying(self) -> Paying | None:
        """What reserves and settles; None while there are no budgets."""

    def close(self) -> None:
        """Close what was opened."""

    def create_job(
        self, spec: JobSpec, found: Found | None, folder: Path, note_id: Callable[[str], None] = forgotten
    ) -> JobRecord:
        """Check a job as far as can be before it starts, and store it; paths are relative to the folder.

        Args:
            spec: the job specification.
            found: the analysis as it is on this machine, if it is.
            folder: that relative paths start from.
            note_id: called with the job's id before it is stored, or started where what starts it stores it.

        Raises:
            InvalidJob: naming the field, its value and what was expected.
        """

    def check_job(self, spec: JobSpec, found: Found | None, folder: Path) -> None:
        """Refuse what `create_job` would, as far as that is known before anything is stored.

        Raises:
            InvalidJob: as `create_job`.
            NotAllowed: when the user or group of the job may not run the analysis.
        """

    def find_job(self, name: str) -> JobRecord:
        """The job of an id, of the start of an id that no other has, or `last` for the newest. Raises JobNotFound."""

    def delete(self, job_id: str) -> None:
        """Forget a job and remove all its files. Raises JobBusy while it is driven."""

    def prepare_resume(self, job_id: str) -> None:
        """Have everything that is missing run again: failed batches get new attempts. Raises JobBusy while it is driven."""

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job, and of what follows it; one that nothing drives is ended here."""

    def following(self, job: JobRecord) -> list[dict[str, Any]]:
        """What follows a job so far: `{"key", "analysis", "on", "dataset", "job", "reason", "at"}`; `job` is None and `reason`
        says why where one could not be started.
        """

    def notified(self, job: JobRecord) -> list[dict[str, Any]]:
        """Who was told that the last run of a job has ended: `{"target", "run", "state", "attempts", "at", "reason"}`; `state` is
        `sent`, `failed` for the `reason`, or `sending`.
        """

    def retain(self, now: float) -> Iterator[Deleted]:
        """Delete what is due of jobs whose specifications ask for it.

        Args:
            now: seconds since the epoch.
        """

    def drive(self, job_id: str, on_progress: OnProgress | None = None) -> JobRecord:
        """Take a job to its end and return then; Ctrl-C ends the job, a second one only this call.

        Raises:
            JobBusy: when another program drives it and this one cannot join in.
        """

    def drive_in_background(self, job_id: str) -> None:
        """Have a job go on to its end, also when this program ends."""

    def is_driven(self, job_id: str) -> bool:
        """Whether something takes the job to its end at this moment."""

    def is_awaited(self, job_id: str, since: float) -> bool:
        """Whether a job may still be stored that is not, and whose id was noted then, seconds since the epoch."""

    def is_taken(self, job_id: str) -> bool:
        """Whether another program drives the job such that this one can only wait for it."""

    def workers_of(self, job: JobRecord) -> int | None:
        """Workers that the job may have at once; None for as many as it has batches."""

    def log_of(self, job_id: str, log: tuple[str, int, int]) -> str:
        """What one attempt at a batch wrote to its standard output and standard error."""

    def result(self, job: JobRecord) -> Result:
        """What a job found. Raises ResultNotReady with the reason."""

    def result_file(self, job: JobRecord) -> Readable | None:
        """The result's JSON; None when there is no result."""

    def outcome(self, job: JobRecord) -> dict[str, Any]:
        """All of what `JobRecord.outcome` says, of which the record itself may have the beginning only."""

    def result_files(self, job: JobRecord) -> Mapping[str, Readable]:
        """Result files by name."""

    def certificate(self, job_id: str) -> dict[str, Any]:
        """The certificate of a job that has ended. Raises ResultNotReady."""

    def spans(self, job: JobRecord) -> list[Span]:
        """What the parts of the engine other than workers did in the last run of a job, by the time they started."""

    def datasets(self, job: JobRecord) -> Iterator[dict[str, Any]]:
        """The status of each dataset of a job of a command, in order; see `skyburst.environments.reading.statuses`."""

    def dataset_log(self, job: JobRecord, number: int, after: int = 0) -> list[dict[str, Any]]:
        """The lines of the log of a dataset after one of them: `{"line", "at", "stream", "text"}`. Raises DatasetNotFound."""

    def dataset_files(self, job: JobRecord, status: dict[str, Any]) -> Mapping[str, Readable]:
        """The result files of a dataset, of which this is the status, by name."""

    def looking_at_datasets(self, job: JobRecord) -> AbstractContextManager[DatasetsLooking]:
        """Looks at the running datasets of a job while it is shown; may be used by another thread than this home."""

    def partial_results(self, job: JobRecord) -> Any:
        """What the partial results of a planned job combine to so far, unfinished. Raises JobFailed."""

    def looking(self, job_id: str) -> Looking | None:
        """Looks at a planned job while it is shown; None for one that only its own functions can combine.

        Raises:
            InvalidAnalysis: when the code that the job runs is not here.
        """


def open_home(name: str | Home | None) -> Home:
    """The home of a name, `local` when there is none.

    Raises:
        InvalidJob: when it is no name of a home.
    """
    if name is None or name == "local":
        from skyburst.homes.local.home import LocalHome

        return LocalHome()
    if name == "aws":
        from skyburst.homes.aws.home import AwsHome

        return AwsHome()
    if isinstance(name, str):
        raise InvalidJob(f"home is {name!r}: expected {' or '.join(map(repr, HOMES))}")
    return name


def no_result(job: JobRecord) -> str:
    """Why a job has no result, for people."""
    from skyburst.retention.enforcing import told

    if deleted := told(job, "were deleted"):
        return f"job {job.job_id} is {job.state}, and its {deleted}: `skyburst rerun {job.job_id}` makes it anew"
    return f"job {job.job_id} is {job.state} and has no result" + (f": {job.reason}" if job.reason else "")


def job_of_name(table: TaskTable, name: str, where: str) -> JobRecord:
    """The job of an id, of the start of an id that no other has, or `last` for the newest that somebody started.

    One that follows another by itself is not meant by `last`: who started the first one does not know of it.

    Raises:
        JobNotFound: when there is none, or more than one.
    """
    if name == "last":
        newest = next((job for job in table.jobs() if not job.spec.get("follows")), None)
        if newest is None:
            raise JobNotFound(f"there are no jobs in {where}")
        return newest
    try:
        return table.job(name)
    except JobNotFound:
        matches = [job for job in table.jobs() if job.job_id.startswith(name)] if name else []
        if len(matches) == 1:
            return matches[0]
        if matches:
            some = ", ".join(job.job_id for job in matches[:3])
            raise JobNotFound(
                f"{len(matches)} jobs start with {name!r}, among them {some}: give more of the id"
            ) from None
        raise
