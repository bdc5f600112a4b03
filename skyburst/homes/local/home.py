"""Home `local`: a state folder with its task table, its objects and the jobs that are driven on this machine."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.contracts import values
from skyburst.contracts.blueprint import digest_of_code
from skyburst.contracts.job import JobSpec
from skyburst.contracts.parameters import resolve
from skyburst.contracts.records import JobRecord, Missing, Result
from skyburst.contracts.spans import Span
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.certificate import Evidence, certificate_of
from skyburst.engine.combine import FILES, RESULT
from skyburst.engine.compute import needs_of
from skyburst.engine.evidence import datasets_of, inputs_of
from skyburst.engine.following import check_chain
from skyburst.environments.items import checked_datasets
from skyburst.errors import (
    FolderBusy,
    InvalidAnalysis,
    InvalidJob,
    JobBusy,
    JobNotFound,
    ResultNotReady,
    SkyburstError,
    StorageError,
    StorageFull,
    is_disk_full,
)
from skyburst.finding import PROBE, Found, find_probe
from skyburst.homes.datasets import DatasetsOfHome
from skyburst.homes.following import cancel_following, following_of
from skyburst.homes.home import Looking, StoredFile, forgotten, job_of_name, no_result
from skyburst.homes.job_items import store_items
from skyburst.homes.local.folder import PRIVATE, VARIABLE, state_folder
from skyburst.homes.local.following import find_beside
from skyburst.homes.local.room import (
    WORKERS_VARIABLE as WORKERS_VARIABLE,
)
from skyburst.homes.local.room import (
    limits_of,
    named_workers,
    setup_of,
    this_machine,
    worker_limits,
    worker_variables,
    workers_for,
)
from skyburst.homes.local.task_table import SqliteTaskTable
from skyburst.notifications.delivery import notified
from skyburst.notifications.targets import may_be_told
from skyburst.objects import ObjectStore, open_store
from skyburst.retention.enforcing import Deleted, check_kept, enforce, note

if TYPE_CHECKING:
    from skyburst.budgets.paying import Paying
    from skyburst.budgets.sqlite import SqliteBudgets
    from skyburst.cost.job_cost import MachineUse
    from skyburst.environments.reading import DatasetsLooking

log = logging.getLogger(__name__)
LOOK_S = 1.0
"""Between looks at the datasets of a job that is shown."""
REMOVE_TRIES = 20
"""Of removing a folder into which something is written at the same time."""
LOCK_S = 2.0
"""Looking whether a job is driven holds its lock for a moment; a driver waits that long."""
BUDGETS = "budgets.sqlite"


class LocalHome(DatasetsOfHome):
    """Everything of home `local` behind one state folder."""

    name = "local"
    option = ""
    gone = "the program that ran it is gone"
    poll_s = 0.1

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder()

    @property
    def where(self) -> str:
        """The state folder."""
        return str(self.folder)

    @cached_property
    def table(self) -> SqliteTaskTable:
        """The task table."""
        self._make()
        return SqliteTaskTable(self.folder / "state.sqlite")

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store."""
        self._make()
        return open_store(self.folder)

    def _make(self) -> None:
        """Make the state folder. Raises StorageError."""
        try:
            self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            (self.folder / "scratch").mkdir(exist_ok=True)
        except OSError as error:
            kind = StorageFull if is_disk_full(error) else StorageError
            raise kind(
                f"the state folder {self.folder} cannot be made: {error}; set {VARIABLE} to another one"
            ) from error

    @cached_property
    def budgets(self) -> SqliteBudgets:
        """The budgets; made when there are none yet."""
        from skyburst.budgets.sqlite import SqliteBudgets

        self._make()
        return SqliteBudgets(self.folder / BUDGETS)

    @property
    def paying(self) -> Paying | None:
        """What reserves and settles; None while nobody has set a budget."""
        if "budgets" not in self.__dict__ and not (self.folder / BUDGETS).exists():
            return None
        from skyburst.budgets.paying import Paying
        from skyburst.cost.uses import uses_of
        from skyburst.prices.current import current_prices

        def uses(job: JobRecord) -> list[MachineUse]:
            return uses_of(self.objects, self.table, job)

        return Paying(self.budgets, self.table, uses, lambda: current_prices().book)

    def close(self) -> None:
        """Close the task table and the budgets, if they were opened."""
        for name in ("table", "budgets"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    # Jobs

    def create_job(
        self, spec: JobSpec, found: Found | None, folder: Path, note_id: Callable[[str], None] = forgotten
    ) -> JobRecord:
        """Check a job as far as can be before it starts, and store it; paths are relative to the folder.

        Raises:
            InvalidJob: naming the field, its value and what was expected.
            NotAllowed: when there are profiles, by which its user and group may not run the analysis.
        """
        assert found is not None
        spec, parameters = self._checked(spec, found, folder)
        now = time.time()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
        job_id = f"{found.blueprint.name}-{stamp}-{secrets.token_hex(3)}"
        job: JobRecord | None = None
        try:
            document, source = store_items(spec, self.objects, f"jobs/{job_id}/", folder)
            new = JobRecord(
                job_id, document, found.reference(), parameters, JobState.PENDING, created_at=now, items=source
            )
            note_id(job_id)
            job = self._stored(new)
            note(self.objects, job_id, spec)
        finally:
            if (job is None or job.job_id != job_id) and self.job_folder(job_id).exists():
                shutil.rmtree(self.job_folder(job_id))  # of a job that is not stored, or that was stored before
        return job

    def check_job(self, spec: JobSpec, found: Found | None, folder: Path) -> None:
        """Refuse what `create_job` would. Raises InvalidJob, NotAllowed."""
        assert found is not None
        self._checked(spec, found, folder)

    def _checked(self, spec: JobSpec, found: Found, folder: Path) -> tuple[JobSpec, dict[str, Any]]:
        """The specification and all parameters, with absolute paths. Raises InvalidJob, NotAllowed."""
        self._check_allowed(spec.group, spec.user, found.blueprint.name, found.location)
        declared = found.blueprint.parameters
        parameters = dict(spec.parameters) if declared is None else resolve(declared, spec.parameters, folder)
        if spec.items is None and not found.blueprint.items:
            raise InvalidJob(f"job.items is missing: analysis {found.blueprint.name!r} does not list items itself")
        if spec.notify:
            from skyburst.homes.local.notify import check_targets

            check_targets(spec.notify)
        self._check_instance_type(spec)
        check_chain(found.blueprint, lambda name: find_beside(name, found.location).blueprint)
        spec = checked_datasets(spec, found.blueprint, folder)
        named_workers()  # refuses what is set wrongly before anything is stored
        return spec, parameters

    def _check_instance_type(self, spec: JobSpec) -> None:
        """Refuse a wish that AWS cannot fulfil, by which the job would be run again there. Raises InvalidJob."""
        if spec.environment is not None and spec.environment.instance_type is not None:
            from skyburst.prices.choose import check_wished
            from skyburst.prices.current import current_prices

            check_wished(current_prices().book, spec.environment.instance_type)

    def _stored(self, new: JobRecord) -> JobRecord:
        """A new job, stored and paid for, or the earlier one of its idempotency key, which is. Raises OverBudget."""
        job = self.table.create_job(new)
        if job.job_id == new.job_id:
            try:
                self.reserve(job)
            except BaseException:
                self.table.delete_job(job.job_id)
                raise
        return job

    def _check_allowed(self, group: str | None, user: str | None, analysis: str, location: Path) -> None:
        """Refuse a job that its user and group may not run, by the profiles of this home. Raises NotAllowed, InvalidPeople."""
        if analysis == PROBE and location == find_probe().location:  # of whoever looks after the home: it is no work
            return
        from skyburst.people.gate import gate_of

        gate_of(self.folder).require(group, user, analysis)

    def reserve(self, job: JobRecord) -> None:
        """Keep what a job may cost in all budgets that apply, unless it is kept. Raises OverBudget."""
        if (paying := self.paying) is not None:
            paying.reserve(job, time.time())

    def settle(self, job: JobRecord) -> None:
        """Put what a job has cost in place of what was kept for it; a job that has ended does not fail of damaged budgets."""
        try:
            paying = self.paying
        except SkyburstError as error:
            log.warning("what a job cost is not settled", extra={"job": job.job_id, "reason": str(error)})
            return
        if paying is not None:
            paying.settle(job, None, time.time())

    def find_job(self, name: str) -> JobRecord:
        """The job of an id, of the start of an id that no other has, or `last` for the newest.

        Raises:
            JobNotFound: when there is none, or more than one.
        """
        return job_of_name(self.table, name, self.where)

    def delete(self, job_id: str) -> None:
        """Forget a job and remove all its files. Raises JobBusy while it is driven."""
        with self.lock(job_id):
            self.settle(self.table.job(job_id))
            self.table.delete_job(job_id)
        self._remove_folder(job_id)

    def _remove_folder(self, job_id: str) -> None:
        """Remove the files of a job that nobody drives; who told of its end may still write one. Raises StorageError."""
        folder = self.job_folder(job_id)
        for turn in range(1, REMOVE_TRIES + 1):
            if not folder.exists():
                return
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                if turn == REMOVE_TRIES or error.errno != errno.ENOTEMPTY:
                    raise StorageError(f"{folder} cannot be removed: {error.strerror}: remove it by hand") from error

    def prepare_resume(self, job_id: str) -> None:
        """Have everything that is missing run again: failed batches get new attempts. Raises JobBusy while it is driven."""
        with self.lock(job_id):
            job = self.table.job(job_id)
            check_kept(job)
            location = Path(job.analysis["location"])
            self._check_allowed(job.spec.get("group"), job.spec.get("user"), job.analysis["name"], location)
            self._note_changed_code(job_id)
            self.reserve(self.table.job(job_id))
            self.table.request_cancel(job_id, requested=False)
            self.table.release(job_id, [BatchState.FAILED, BatchState.LOST, BatchState.RUNNING, BatchState.PENDING])

    def _note_changed_code(self, job_id: str) -> None:
        """Have the certificate tell that code was changed between runs, as after mending a fault."""
        job = self.table.job(job_id)
        location, code = Path(job.analysis["location"]), Path(_code_of(job))
        for path in (location, code):
            if not path.exists():
                raise InvalidAnalysis(
                    f"the analysis of job {job_id} is not at {path} any more: put it back, or run a new job"
                )
        digest = digest_of_code(code, location)
        if digest not in (job.analysis["digest"], *job.analysis.get("later_digests", [])):
            job.analysis.setdefault("later_digests", []).append(digest)
            self.table.update_job(job)

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job; one that nobody drives is ended here."""
        job = self.table.job(job_id)
        if not job.state.finished:
            self.table.request_cancel(job_id)  # first, so that nothing more is started that follows it
        self.cancel_following(job)
        if job.state.finished:
            return
        if self.is_driven(job_id):
            return
        with self.lock(job_id):
            job = self.table.job(job_id)
            if not job.state.finished:
                counts = self.table.progress(job_id)
                job.state, job.finished_at = JobState.CANCELLED, time.time()
                job.reason = (
                    f"cancelled while no program drove it: {counts.done:,} of {counts.batches:,} batches are done"
                )
                self.write_certificate(job)
                self.table.update_job(job)
                self.settle(job)
                self.notify(job)

    def following(self, job: JobRecord) -> list[dict[str, Any]]:
        """What follows a job so far, and what could not be started and why."""
        return following_of(self.objects, f"jobs/{job.job_id}/", job)

    def cancel_following(self, job: JobRecord) -> None:
        """End what follows a job, and has not ended."""
        cancel_following(self, job)

    # Driving

    def drive(self, job_id: str, on_progress: Any = None) -> JobRecord:
        """Take a job to its end in this process.

        Raises:
            JobBusy: when another program drives it.
            OverBudget: when it is resumed, and a budget has not enough left.
            StorageFull: when its states cannot be kept.
        """
        from skyburst.homes.local.driver import Driver

        with self.lock(job_id):
            job = self.table.job(job_id)
            if job.state is JobState.SUCCEEDED:
                return job
            self.reserve(job)
            self._retain()  # what others left: looking for it is quick
            try:
                job = Driver(self, job, on_progress).run()
            except StorageFull as error:
                self._note_stopped(job_id, error)
                raise
        if job.spec.get("keep"):
            self._retain()
        return self.table.job(job_id)

    def _note_stopped(self, job_id: str, error: StorageFull) -> None:
        """Have the job say why nothing drives it, as far as the disk has room for that."""
        try:
            job = self.table.job(job_id)
            job.reason = f"stopped: {error}"
            self.table.update_job(job)
        except SkyburstError as unnoted:  # the error itself is raised
            log.warning("why job %s stopped is not noted: %s", job_id, unnoted)

    def free_bytes(self) -> int:
        """Bytes that are free for jobs: where their states are kept, and where their commands run. Raises StorageError."""
        try:
            return sum(shutil.disk_usage(folder).free for folder in (self.folder, tempfile.gettempdir()))
        except OSError as error:
            raise StorageError(f"the disk of {self.folder} cannot be looked at: {error}") from error

    @property
    def submission_buckets(self) -> list[str]:
        """None are known here: what somebody watches is a folder anywhere, and submissions to it name data in it."""
        return []

    def retain(self, now: float) -> Iterator[Deleted]:
        """Delete what is due of jobs whose specifications ask for it; one program at a time, so that each counts what it deletes.

        Raises:
            FolderBusy: when another program is at it.
            StorageError: when the folder cannot be written to.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "retention.lock")
        try:
            lock.acquire(timeout=LOCK_S)
        except Timeout as error:
            raise FolderBusy("another program deletes what is due of these jobs") from error
        except OSError as error:
            raise StorageError(f"{lock.lock_file} cannot be written: {error.strerror}") from error
        try:
            yield from enforce(self, now)
        finally:
            lock.release()

    def _retain(self) -> None:
        """The same, beside a job, which nothing of it may fail."""
        try:
            for deleted in self.retain(time.time()):
                log.info("%s of job %s: %s", deleted.kind, deleted.job_id, deleted.kept or f"{deleted.objects} deleted")
        except SkyburstError as error:
            log.warning("what is due is not deleted yet: %s", error)

    def drive_in_background(self, job_id: str) -> None:
        """Take a job to its end in a process of its own, which goes on when this one ends."""
        self._in_background("drive", job_id, "driver.log")

    def notify(self, job: JobRecord) -> None:
        """Tell that a job has ended, in a process of its own: nobody waits for servers of mail."""
        if may_be_told(job.spec):
            self._in_background("notify", job.job_id, "notify.log")

    def notified(self, job: JobRecord) -> list[dict[str, Any]]:
        """Who was told that the last run of a job has ended, and who could not be."""
        return notified(self.objects, f"jobs/{job.job_id}/", job.runs) if may_be_told(job.spec) else []

    def _in_background(self, module: str, job_id: str, log_name: str) -> None:
        """Run a module of this package about a job in a process of its own. Raises StorageError when it can have no log."""
        logs = self.logs(job_id)
        try:
            logs.mkdir(parents=True, exist_ok=True)
            file = open(logs / log_name, "ab")  # noqa: SIM115 - closed below; only opening it is translated
        except OSError as error:
            if is_disk_full(error):
                raise StorageFull(f"the disk of {self.folder} is full: free some space and resume the job") from error
            raise StorageError(f"{logs / log_name} cannot be written: {error.strerror}") from error
        with file as log:
            subprocess.Popen(
                [sys.executable, "-P", "-m", f"skyburst.homes.local.{module}", job_id],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, VARIABLE: str(self.folder), "PYTHONPATH": _python_path()},
            ).returncode = 0  # nobody waits for it, and that is no mistake  # fmt: skip

    @contextmanager
    def lock(self, job_id: str) -> Iterator[None]:
        """Be the only one to drive or change a job; the system frees the lock when a program dies.

        Raises:
            JobBusy: when another program has it.
            JobNotFound: when there is no such job, or it is deleted at this moment.
        """
        from filelock import FileLock, Timeout

        self.table.job(job_id)
        path = self.job_folder(job_id) / "driver.lock"
        lock = FileLock(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=LOCK_S)
        except FileNotFoundError as error:  # its folder was removed since it was made
            raise JobNotFound(f"job {job_id} is being deleted") from error
        except Timeout as error:
            raise JobBusy(
                f"another program is running job {job_id}: `skyburst watch {job_id}` shows it, `skyburst cancel` ends it"
            ) from error
        try:
            try:
                self.table.job(job_id)
            except JobNotFound:  # deleted meanwhile; its folder may have been made again here
                self._remove_folder(job_id)
                raise
            yield
        finally:
            lock.release()

    def is_driven(self, job_id: str) -> bool:
        """Whether some program drives the job at this moment."""
        from filelock import FileLock, Timeout

        path = self.job_folder(job_id) / "driver.lock"
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                return False
        except FileNotFoundError:  # deleted since it was looked at
            return False
        except Timeout:
            return True

    def is_awaited(self, job_id: str, since: float) -> bool:
        """Jobs are stored before their ids are told."""
        del job_id, since
        return False

    def is_taken(self, job_id: str) -> bool:
        """Whether another program drives the job: only one can."""
        return self.is_driven(job_id)

    def workers_of(self, job: JobRecord) -> int:
        """Workers that the job may have here: that there are processors, memory and GPUs for, or `SKYBURST_WORKERS`."""
        return workers_for(job, this_machine(needs_of(job)), named_workers())

    def workers(self, memory_mb: int) -> int:
        """Worker processes of so much memory that this machine has processors and memory for, or `SKYBURST_WORKERS`."""
        here = this_machine()
        return named_workers() or max(1, min(here.processors, here.memory_mb // memory_mb))

    def worker_config(self, job: JobRecord) -> dict[str, Any]:
        """What worker processes of a job are told at their start."""
        analysis = {"code": _code_of(job), **{key: job.analysis[key] for key in ("worker", "combiner", "items")}}
        analysis["second_stage"] = job.analysis["blueprint"].get("second_stage")  # which jobs of earlier versions lack
        here, needs = this_machine(needs_of(job)), needs_of(job)
        setup = setup_of(job, analysis["code"], here)
        return {
            "job_id": job.job_id,
            "run": job.runs,
            "name": job.spec.get("name"),
            "analysis": analysis,
            "parameters": job.parameters,
            "items": job.items,
            "objects": str(self.folder),
            "prefix": f"jobs/{job.job_id}/",
            "scratch": str(self.folder / "scratch"),
            "table": str(self.folder / "state.sqlite"),
            "setup": setup.document() if setup else None,
            "environment": worker_variables(job, setup),
            "gpus": here.gpus,
            "gpus_each": needs.gpus,
            **worker_limits(limits_of(job), setup),
        }

    # What a job left

    def job_folder(self, job_id: str) -> Path:
        """Folder of a job's objects and logs."""
        return self.folder / "jobs" / job_id

    def logs(self, job_id: str) -> Path:
        """Folder of a job's logs."""
        return self.job_folder(job_id) / "logs"

    def log_of(self, job_id: str, log: tuple[str, int, int]) -> str:
        """What one attempt at a batch wrote to its standard output and standard error."""
        name, start, end = log
        with open(self.logs(job_id) / name, "rb") as file:
            file.seek(start)
            return file.read(end - start).decode(errors="replace")

    def result(self, job: JobRecord) -> Result:
        """What a job found.

        Raises:
            ResultNotReady: when there is no result, with the reason.
        """
        outcome, found = job.outcome or {}, self.result_file(job)
        if found is None:
            raise ResultNotReady(no_result(job))
        try:
            stored = found.path.read_bytes()
        except FileNotFoundError as error:  # deleted since it was looked at
            raise ResultNotReady(no_result(job)) from error
        folder = self.job_folder(job.job_id)
        return Result(
            value=values.decode(stored),
            state=job.state,
            job_id=job.job_id,
            missing=[Missing(*entry) for entry in outcome["missing"]],
            item_errors=outcome["item_errors"],
            files={name: folder / FILES / name for name in outcome["files"]},
        )

    def result_file(self, job: JobRecord) -> StoredFile | None:
        """The result's JSON; None when there is no result."""
        path = self.job_folder(job.job_id) / RESULT
        if (job.outcome or {}).get("files") is None or not path.exists():  # the second when the job is being deleted
            return None
        return StoredFile(path)

    def outcome(self, job: JobRecord) -> dict[str, Any]:
        """What the job left behind beside its result, all of which is in its record."""
        return job.outcome or {}

    def result_files(self, job: JobRecord) -> dict[str, StoredFile]:
        """Result files by name."""
        folder = self.job_folder(job.job_id) / FILES
        return {name: StoredFile(folder / name) for name in (job.outcome or {}).get("files") or []}

    def spans(self, job: JobRecord) -> list[Span]:
        """What the parts of the engine other than workers did in the last run of a job, by the time they started."""
        from skyburst.engine.spans import spans_of

        return spans_of(self.objects, f"jobs/{job.job_id}/", job.runs)

    @contextmanager
    def looking_at_datasets(self, job: JobRecord) -> Iterator[DatasetsLooking]:
        """Looks at the running datasets of a job while it is shown; may be used by another thread than this home."""
        from skyburst.environments.reading import DatasetsLooking

        home = LocalHome(self.folder)  # with a connection to the task table of its own
        try:
            yield DatasetsLooking(home.objects, home.table, job, LOOK_S)
        finally:
            home.close()

    def partial_results(self, job: JobRecord) -> Any:
        """What the partial results so far combine to, unfinished. Raises JobFailed."""
        from skyburst.homes.local.preview import Preview

        with Preview(self, job) as preview:
            return preview.look()

    def looking(self, job_id: str) -> Looking:
        """Looks at a job while it is shown; may be used by another thread than this home."""
        from skyburst.homes.local.preview import Preview

        # A connection to the task table of its own, because this is another thread than the driver's.
        home = LocalHome(self.folder)
        return Preview(home, home.table.job(job_id), ending=home.close)

    def write_certificate(self, job: JobRecord) -> None:
        """Store the certificate of a job that has ended."""
        found = self.result_file(job)
        digest = None
        if found is not None:
            with open(found.path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        from skyburst.cost.job_cost import cost_document
        from skyburst.cost.uses import uses_with
        from skyburst.prices.current import current_prices

        prefix, counts = f"jobs/{job.job_id}/", self.table.progress(job.job_id)
        datasets = datasets_of(self.objects, prefix, job)
        uses = uses_with(datasets, self.table, job)
        cost = cost_document(job, counts, self.name, lambda: current_prices().book, uses)
        evidence = Evidence(digest, inputs_of(job), datasets, self.spans(job), cost)
        certificate = certificate_of(job, counts, self.name, evidence)
        self.objects.put(f"jobs/{job.job_id}/certificate.json", values.encode(certificate))

    def certificate(self, job_id: str) -> dict[str, Any]:
        """The certificate of a job that has ended. Raises ResultNotReady."""
        try:
            read = (self.job_folder(job_id) / "certificate.json").read_bytes()
        except FileNotFoundError as error:
            job = self.table.job(job_id)
            raise ResultNotReady(f"job {job_id} is {job.state} and has no certificate yet") from error
        certificate: dict[str, Any] = values.decode(read)
        return certificate

    def forget_combined(self, job_id: str) -> None:
        """Remove what an earlier run combined: it may lack batches that are done now."""
        prefix = f"jobs/{job_id}/combined/"
        if (self.folder / prefix).is_dir():
            self.objects.delete([entry.key for entry in self.objects.list(prefix)])


def _code_of(job: JobRecord) -> str:
    """Where the modules of a job's analysis are; a record of an earlier version does not tell them from its location."""
    code: str = job.analysis.get("code", job.analysis["location"])
    return code


def _python_path() -> str:
    from skyburst.homes.local.pool import PACKAGE_ROOT

    return os.pathsep.join([PACKAGE_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])
