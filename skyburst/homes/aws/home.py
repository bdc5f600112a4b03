"""Home `aws` as clients see it: jobs of a deployment, started, watched and looked after from any machine."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.contracts import values
from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.parameters import resolve
from skyburst.contracts.records import JobRecord, Missing, Result
from skyburst.contracts.states import UNFINISHED, JobState
from skyburst.environments.items import checked_datasets
from skyburst.errors import (
    AnalysisNotFound,
    InvalidAnalysis,
    InvalidJob,
    JobBusy,
    JobFailed,
    JobNotFound,
    ObjectNotFound,
    ResultNotReady,
    StorageError,
)
from skyburst.homes.aws.account import Account, asking
from skyburst.homes.aws.brief import SAME_AS, job_prefix
from skyburst.homes.aws.datasets import uploaded_datasets
from skyburst.homes.aws.ending import CERTIFICATE
from skyburst.homes.aws.executions import LONGEST_NAME, Executions, execution_name, refusal
from skyburst.homes.aws.outcomes import whole
from skyburst.homes.aws.uploads import LIBRARY, Showing, Uploads, not_shown
from skyburst.homes.datasets import DatasetsOfHome
from skyburst.homes.following import cancel_following, following_of
from skyburst.homes.home import Looking, OnProgress, StoredObject, forgotten, job_of_name, no_result
from skyburst.notifications.delivery import notified
from skyburst.notifications.targets import may_be_told
from skyburst.retention.enforcing import Deleted, enforce

if TYPE_CHECKING:
    from skyburst.budgets.paying import Paying
    from skyburst.contracts.spans import Span
    from skyburst.cost.job_cost import MachineUse
    from skyburst.environments.reading import DatasetsLooking
    from skyburst.finding import Found
    from skyburst.homes.aws.budgets_table import DynamoBudgets
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.objects import ObjectStore

PLAN_LOOK_S = 0.2
STARTED_S = 60.0
"""So long after its id is known, the execution of a job is there or will not be."""
LOOK_S = 3.0
"""Between looks at the datasets of a job that is shown."""
DELETING = 16


class AwsHome(DatasetsOfHome):
    """The jobs of one deployment.

    Args:
        prefix: name of the deployment, as `skyburst deploy --prefix` had it; else that of SKYBURST_PREFIX, else `skyburst`.
        region: of the deployment; else that of the environment or profile.
        showing: shows how uploads go.
        account: the deployment, where it is known otherwise than by its prefix and region.
    """

    name = "aws"
    option = " --on aws"
    gone = "its execution has ended"
    poll_s = 0.5
    planned_s: float | None = None
    """For so long a new job is waited for; None for as long as it takes."""
    resumed_s = 900.0
    """For so long it is waited until a job that is resumed has been taken up."""

    def __init__(
        self, prefix: str | None = None, region: str | None = None, *, showing: Showing = not_shown,
        account: Account | None = None,
    ) -> None:  # fmt: skip
        self.account = account or Account(prefix, region)
        self._showing = showing
        self._executions = Executions(self.account)
        self._found: dict[str, Found] = {}
        """Analyses of jobs that were started here, by name: they may be where no search would find them."""

    @property
    def where(self) -> str:
        """The deployment and its region."""
        return f"the deployment {self.account.prefix!r} in {self.account.region}"

    @property
    def table(self) -> DynamoTaskTable:
        """The task table."""
        return self.account.table

    @property
    def objects(self) -> ObjectStore:
        """The object store."""
        return self.account.objects

    @property
    def budgets(self) -> DynamoBudgets:
        """The budgets. Raises NotDeployed when the deployment has none."""
        return self.account.budgets

    @property
    def paying(self) -> Paying | None:
        """What settles jobs that are ended or deleted from here; None for a deployment without budgets."""
        if not self.account.has_budgets:
            return None
        from skyburst.budgets.paying import Paying
        from skyburst.cost.uses import uses_of
        from skyburst.prices.current import shipped_prices

        def uses(job: JobRecord) -> list[MachineUse]:
            return uses_of(self.objects, self.table, job)

        return Paying(self.budgets, self.table, uses, shipped_prices)

    def _settle(self, job: JobRecord) -> None:
        if (paying := self.paying) is not None:
            paying.settle(job, None, time.time())

    @cached_property
    def _uploads(self) -> Uploads:
        return Uploads(self.objects, self._showing)

    def close(self) -> None:
        """End the threads of the task table, if it was used."""
        if "table" in self.account.__dict__:
            self.account.table.close()
            del self.account.__dict__["table"]

    # Jobs

    def create_job(
        self, spec: JobSpec, found: Found | None, folder: Path, note_id: Callable[[str], None] = forgotten
    ) -> JobRecord:
        """Check a job with the analysis of this machine, if it is here, upload its files, and start its execution.

        Raises:
            InvalidJob: naming the field, its value and what was expected.
            IdempotencyConflict: when its key belongs to another job.
            NotDeployed, AwsUnavailable: when there is no deployment to run it.
        """
        prepared = self._prepared(spec, found, folder)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        end = f"-{stamp}-{secrets.token_hex(3)}"
        job_id = prepared.analysis[: LONGEST_NAME - len(end)] + end
        note_id(job_id)
        self._executions.start(job_id, prepared.document())
        return self._planned(job_id, has_key=prepared.idempotency_key is not None)

    def check_job(self, spec: JobSpec, found: Found | None, folder: Path) -> None:
        """Refuse what can be refused before the planner is asked. Raises InvalidJob."""
        self._check_instance_type(spec)
        if found is not None:
            if spec.items is None and not found.blueprint.items:
                raise InvalidJob(f"job.items is missing: analysis {found.blueprint.name!r} does not list items itself")
            if found.blueprint.parameters is not None:
                resolve(found.blueprint.parameters, spec.parameters, folder)
            checked_datasets(spec, found.blueprint, folder)

    def _prepared(self, spec: JobSpec, found: Found | None, folder: Path) -> JobSpec:
        """The specification as the deployment can use it: everything that it names is in the bucket."""
        parameters = dict(spec.parameters)
        self._check_instance_type(spec)
        if found is not None:
            blueprint = found.blueprint
            if found.location.is_file():
                raise InvalidAnalysis(
                    f"{found.location} is a single file: what is deployed is a folder with a blueprint; "
                    "`skyburst new` writes one, and `skyburst deploy --analysis FOLDER` deploys it"
                )
            if spec.items is None and not blueprint.items:
                raise InvalidJob(f"job.items is missing: analysis {blueprint.name!r} does not list items itself")
            if blueprint.parameters is not None:
                resolved = resolve(blueprint.parameters, spec.parameters, folder)
                for name, entry in blueprint.parameters.items():
                    if entry.get("format") == "path" and resolved[name] is not None:
                        parameters[name] = self._uploaded(f"parameters.{name}", resolved[name])
            spec = parse_job({**spec.document(), "analysis": blueprint.name})
            if blueprint.command is not None:
                spec = uploaded_datasets(spec, blueprint, folder, self._uploaded)
            self._found[blueprint.name] = found
        return parse_job({**spec.document(), "parameters": parameters, **self._items(spec, folder)})

    def _check_instance_type(self, spec: JobSpec) -> None:
        """Refuse a wish that AWS cannot fulfil, where the prices are those of the region. Raises InvalidJob."""
        if spec.environment is not None and spec.environment.instance_type is not None:
            from skyburst.prices.choose import check_wished
            from skyburst.prices.current import current_prices

            book = current_prices().book
            if book.region == self.account.region:
                check_wished(book, spec.environment.instance_type)

    def _uploaded(self, where: str, location: Any) -> Any:
        """A path, or a list of them, as URLs."""
        if isinstance(location, list):
            return [self._uploaded(f"{where}[{number}]", entry) for number, entry in enumerate(location)]
        if not isinstance(location, str) or "://" in location:
            return location
        return self._uploads.upload(where, Path(location))

    def _items(self, spec: JobSpec, folder: Path) -> dict[str, Any]:
        """The items, when they are on this machine or too long for the input of an execution."""
        from skyburst.homes.job_items import is_long, store_long

        if isinstance(spec.items, list) and is_long(spec.items):
            return {"items": {"manifest": f"{self.objects.location}/{store_long(spec.items, self.objects)}"}}
        if isinstance(spec.items, dict) and "://" not in str(spec.items.get("manifest", "://")):
            path = (folder / Path(spec.items["manifest"]).expanduser()).resolve()
            if not (path / LIBRARY).is_file():
                raise InvalidJob(f"job.items.manifest is {spec.items['manifest']!r}: {path} is not a built library")
            return {"items": {"manifest": self._uploaded("job.items.manifest", str(path))}}
        return {}

    def _planned(self, job_id: str, *, has_key: bool) -> JobRecord:
        """Wait until the planner has made the job, or has found that there is one of the same idempotency key."""
        began = time.monotonic()
        while True:
            execution = self._executions.look(job_id)
            try:
                return self.table.job(job_id)
            except JobNotFound:
                if has_key and (same := self._same_as(job_id)) is not None:
                    return self.table.job(same)
                if execution is not None and not execution.running:
                    raise refusal(execution, job_id) from None
            if self.planned_s is not None and time.monotonic() - began > self.planned_s:
                raise StorageError(
                    f"job {job_id} was started, and is not planned after {self.planned_s:g} s: it may be there in a while; the "
                    "same request with the same idempotency key starts no second one"
                )
            time.sleep(PLAN_LOOK_S)

    def _same_as(self, job_id: str) -> str | None:
        """The job that an execution waits for because it has the same idempotency key, if that is so."""
        try:
            return str(values.decode(self.objects.get(job_prefix(job_id) + SAME_AS))["job"])
        except ObjectNotFound:
            return None

    def find_job(self, name: str) -> JobRecord:
        """The job of an id, of the start of an id that no other has, or `last` for the newest. Raises JobNotFound."""
        return job_of_name(self.table, name, self.where)

    def delete(self, job_id: str) -> None:
        """Forget a job and remove its objects. Raises JobBusy while it runs."""
        self._check_free(job_id)
        self._settle(self.table.job(job_id))
        keys = [entry.key for entry in self.objects.list(job_prefix(job_id))]
        with ThreadPoolExecutor(DELETING, "delete") as pool:
            for _ in pool.map(lambda key: self.objects.delete([key]), keys):
                continue
        self.table.delete_job(job_id)  # last, so that what was interrupted can be done again
        shutil.rmtree(self._downloads(job_id), ignore_errors=True)

    def cancel(self, job_id: str) -> None:
        """Ask for the end of a job, and of what follows it; one whose execution is over is ended here."""
        job = self.table.job(job_id)
        if not job.state.finished:
            self.table.request_cancel(job_id)  # first, so that nothing more is started that follows it
        cancel_following(self, job)
        if job.state.finished:
            return
        if self.is_driven(job_id):
            return
        job = self.table.job(job_id)
        if job.state.finished:
            return
        counts = self.table.progress(job_id)
        job.state, job.finished_at = JobState.CANCELLED, time.time()
        job.reason = f"cancelled after its execution had ended: {counts.done:,} of {counts.batches:,} batches are done"
        if self.table.update_job(job, expected=UNFINISHED):
            self._settle(job)

    def prepare_resume(self, job_id: str) -> None:
        """Have everything that is missing run again: failed batches get new attempts.

        Starts an execution and returns when it has the job, or another one that was started at the same time.

        Raises:
            JobBusy: while it runs.
            InvalidJob: when it cannot run as its analysis is deployed now; the job stays as it was.
            StorageError: when the planner has not taken it up in time; it may do so later.
        """
        job = self.table.job(job_id)  # first: whoever takes the job up later begins another run
        self._check_free(job_id)
        if job.state is JobState.SUCCEEDED:
            return
        name, began = execution_name(job_id), time.monotonic()
        self._executions.start(name, {"resume": job_id})
        while True:
            execution = self._executions.look(name)
            now = self.table.job(job_id)
            if now.runs > job.runs:
                return
            if execution is not None and not execution.running:
                raise refusal(execution, job_id)
            if time.monotonic() - began > self.resumed_s:
                raise StorageError(
                    f"job {job_id} is not taken up after {self.resumed_s:g} s by the execution {name}, which goes on: look at "
                    "the job again in a while, and resume it once more if it is as it was"
                )
            time.sleep(PLAN_LOOK_S)

    def _check_free(self, job_id: str) -> None:
        if not self.table.job(job_id).state.finished and self.is_driven(job_id):
            raise JobBusy(
                f"job {job_id} is running: `skyburst watch {job_id}{self.option}` shows it, `skyburst cancel` ends it"
            )

    def following(self, job: JobRecord) -> list[dict[str, Any]]:
        """What follows a job so far, and what could not be started and why."""
        return following_of(self.objects, job_prefix(job.job_id), job)

    def notified(self, job: JobRecord) -> list[dict[str, Any]]:
        """Who was told that the last run of a job has ended, and who could not be."""
        return notified(self.objects, job_prefix(job.job_id), job.runs) if may_be_told(job.spec) else []

    @property
    def submission_buckets(self) -> list[str]:
        """Locations of the deployment's buckets of submissions."""
        return [f"s3://{bucket}" for bucket in self.account.submission_buckets]

    def retain(self, now: float) -> Iterator[Deleted]:
        """Delete what is due of jobs whose specifications ask for it; a function of the deployment does so every day."""
        return enforce(self, now)

    # Driving

    def drive(self, job_id: str, on_progress: OnProgress | None = None) -> JobRecord:
        """Have a job go on to its end and wait for it; Ctrl-C ends the job, a second one only the waiting.

        Raises:
            JobInterrupted: when its execution ends and it does not.
        """
        from skyburst.homes.waiting import attend

        self.drive_in_background(job_id)
        attend(self, job_id, on_progress)
        return self.table.job(job_id)

    def drive_in_background(self, job_id: str) -> None:
        """Start an execution that goes on with the job, unless one does."""
        job = self.table.job(job_id)
        if job.state.finished or self.is_driven(job_id):
            return
        name = execution_name(job_id)
        began = job.run_began or {"at": time.time(), "items": 0, "batches": 0}
        job.run_began = {**began, "execution": name}
        if self.table.update_job(job, expected=[job.state], run=job.runs):
            self._executions.start(name, {"resume": job_id})

    def is_driven(self, job_id: str) -> bool:
        """Whether an execution takes the job to its end, as of a second ago."""
        began = self.table.job(job_id).run_began or {}
        return self._executions.is_running(began.get("execution", job_id))

    def is_awaited(self, job_id: str, since: float) -> bool:
        """Whether an execution runs that has not planned the job yet, or is about to be started."""
        execution = self._executions.look(job_id)
        return execution.running if execution is not None else time.time() - since < STARTED_S

    def is_taken(self, job_id: str) -> bool:
        """Any number of programs may wait for a job and cancel it."""
        del job_id
        return False

    def workers_of(self, job: JobRecord) -> int | None:
        """Workers that the job may have at once; None for as many as it has batches."""
        most: int | None = job.spec.get("max_parallelism") or job.analysis["blueprint"]["job"]["max_parallelism"]
        return most

    # What a job left

    def log_of(self, job_id: str, log: tuple[str, int, int]) -> str:
        """What one attempt at a batch wrote, from CloudWatch; lines are there some seconds after they were written."""
        from botocore.exceptions import ClientError

        from skyburst.homes.aws.batch_logs import events_of, lines_of

        del job_id
        name, start_ms, end_ms = log
        group, _, stream = name.partition(":")
        with asking("read logs"):
            try:
                lines = lines_of(events_of(self.account.logs, group, stream, start_ms, end_ms), start_ms, end_ms)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                return f"(the log {name} is not kept any more)\n"
        return "".join(f"{line}\n" for line in lines)

    def result(self, job: JobRecord) -> Result:
        """What a job found; its files are downloaded when they are asked for.

        Raises:
            ResultNotReady: when there is no result, with the reason.
        """
        from skyburst.homes.aws.downloads import Downloads

        found = self.result_file(job)
        if found is None:
            raise ResultNotReady(no_result(job))
        outcome = self.outcome(job)
        return Result(
            value=values.decode(self.objects.get(found.key)),
            state=job.state,
            job_id=job.job_id,
            missing=[Missing(*entry) for entry in outcome["missing"]],
            item_errors=outcome["item_errors"],
            files=Downloads(self._downloads(job.job_id) / str(job.runs), self.result_files(job)),
        )

    def result_file(self, job: JobRecord) -> StoredObject | None:
        """The result's JSON; None when there is no result."""
        from skyburst.engine.combine import RESULT

        if (job.outcome or {}).get("files") is None:
            return None
        key = job_prefix(job.job_id) + RESULT
        try:
            size = self.objects.size(key)
        except ObjectNotFound:  # the job is being deleted, or that did not come to its end
            return None
        return StoredObject(self.objects, key, f"{self.objects.location}/{key}", size)

    def outcome(self, job: JobRecord) -> dict[str, Any]:
        """What the job left behind beside its result; what is too long for its record is an object."""
        return whole(self.objects, job)

    def result_files(self, job: JobRecord) -> dict[str, StoredObject]:
        """Result files by name."""
        from skyburst.engine.combine import FILES

        names = self.outcome(job).get("files") or []
        prefix = job_prefix(job.job_id) + FILES
        sizes = {entry.key: entry.size for entry in self.objects.list(prefix)} if names else {}
        return {
            name: StoredObject(self.objects, key, f"{self.objects.location}/{key}", sizes[key])
            for name in names
            if (key := prefix + name) in sizes
        }

    def certificate(self, job_id: str) -> dict[str, Any]:
        """The certificate of a job that has ended. Raises ResultNotReady."""
        try:
            certificate: dict[str, Any] = values.decode(self.objects.get(job_prefix(job_id) + CERTIFICATE))
        except ObjectNotFound as error:
            state = self.table.job(job_id).state
            raise ResultNotReady(f"job {job_id} is {state} and has no certificate yet") from error
        return certificate

    def spans(self, job: JobRecord) -> list[Span]:
        """What the parts of the engine other than workers did in the last run of a job, by the time they started."""
        from skyburst.engine.spans import spans_of

        return spans_of(self.objects, job_prefix(job.job_id), job.runs)

    @contextmanager
    def looking_at_datasets(self, job: JobRecord) -> Iterator[DatasetsLooking]:
        """Looks at the running datasets of a job while it is shown; may be used by another thread than this home."""
        from skyburst.environments.reading import DatasetsLooking

        yield DatasetsLooking(self.objects, self.table, job, LOOK_S)

    def partial_results(self, job: JobRecord) -> Any:
        """What the partial results so far combine to, unfinished: combined on this machine, with the code that is here.

        Raises:
            InvalidAnalysis: when the code here is not that of the job.
            JobFailed: when the combiner fails.
        """
        import tempfile

        from skyburst.analysis import Combiner
        from skyburst.engine.combine import CombineBench, preview
        from skyburst.engine.plan import Plan
        from skyburst.loading import load_function

        assert job.plan is not None
        combiner = load_function(self._code_of(job), job.analysis["combiner"])
        assert isinstance(combiner, Combiner)
        plan, job_id = Plan(**job.plan), job.job_id
        context: dict[str, Any] = {
            "job_id": job_id, "name": job.spec.get("name"), "parameters": job.parameters, "items_location": None,
            "items": plan.items, "missing": [], "item_errors": [],
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as scratch:
            bench = CombineBench(
                combiner, plan, lambda first, last: self.table.partial_results(job_id, first, last), self.objects,
                job_prefix(job_id), Path(scratch), context,
            )  # fmt: skip
            try:
                return preview(bench)[0]
            except Exception as error:
                raise JobFailed(
                    f"what was found so far cannot be combined: {type(error).__name__}: {error}", job_id=job_id
                ) from error

    def looking(self, job_id: str) -> Looking | None:
        """Looks at a planned job while it is shown; None for one of functions of burst-compute.

        Raises:
            InvalidAnalysis: when the code that the job runs is not here.
        """
        from skyburst.homes.aws.looking import AwsLooking

        job = self.table.job(job_id)
        if "foreign" in job.analysis:
            return None
        return AwsLooking(self.table, self.objects, job, self._code_of(job), self.account.variables)

    def _code_of(self, job: JobRecord) -> Path:
        """Where the code that a job runs is on this machine. Raises InvalidAnalysis when it is not here."""
        from skyburst.finding import find_analysis

        name = job.analysis["name"]
        remedy = "wait for the job's result, which the deployed code makes"
        try:
            found = self._found.get(name) or find_analysis(name)
        except AnalysisNotFound as error:
            raise InvalidAnalysis(
                f"the code of analysis {name!r}, which job {job.job_id} runs, is not on this machine: {remedy}"
            ) from error
        if found.reference()["digest"] != job.analysis["digest"]:
            raise InvalidAnalysis(
                f"analysis {name!r} in {found.location} is not the code that job {job.job_id} runs: {remedy}"
            )
        return found.code

    def _downloads(self, job_id: str) -> Path:
        """Folder of the result files of a job that were downloaded."""
        from skyburst.homes.local.folder import state_folder

        return state_folder() / "downloads" / job_id
