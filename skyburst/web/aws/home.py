"""Home `aws` as the function of the API sees it: inside of the deployment that its variables name, without code of analyses."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.contracts import values
from skyburst.contracts.job import JobSpec
from skyburst.contracts.records import JobRecord, Result
from skyburst.errors import InvalidJob, InvalidQuery, JobFailed, ObjectNotFound, ResultNotReady
from skyburst.homes.aws.account import Account
from skyburst.homes.aws.answers import FunctionFailed, invoke
from skyburst.homes.aws.brief import job_prefix, so_far_key
from skyburst.homes.aws.deployed import Deployed, function_name
from skyburst.homes.aws.home import AwsHome
from skyburst.homes.home import forgotten

if TYPE_CHECKING:
    from skyburst.finding import Found
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.objects import ObjectStore
    from skyburst.web.offered import Analyses

COMBINED_S = 20.0
"""For so long a combiner is waited for; API Gateway gives a request 30 seconds."""
FRESH_S = 5.0
"""What a job has found so far is combined anew after so long ..."""
SHARE = 4.0
"""... and after so many times as long as it took the last time."""
MOST_PAGED = 64 * 2**20
"""Bytes of a result that is read in pages, which takes some five times as much memory."""


class Inside(Account):
    """A deployment by the variables of one of its functions.

    Args:
        deployed: the deployment.
        executions: what the ARNs of jobs' executions start with.
    """

    def __init__(self, deployed: Deployed, executions: str) -> None:
        super().__init__(deployed.prefix)
        self.deployed = deployed
        self._executions = executions

    @property
    def region(self) -> str:
        """The region's name."""
        return self._executions.split(":")[3]

    def client(self, service: str, connections: int = 10) -> Any:
        """A client of a service."""
        return self.deployed.client(service, connections=connections)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The names of what was deployed."""
        found = {
            "Bucket": self.deployed.bucket, "Batches": self.deployed.batches, "Jobs": self.deployed.jobs,
            "JobMachine": self._executions.replace(":execution:", ":stateMachine:").rstrip(":"),
        }  # fmt: skip
        return {**found, "Budgets": self.deployed.budgets} if self.deployed.budgets else found

    @property
    def table(self) -> DynamoTaskTable:
        """The task table, which all requests share."""
        return self.deployed.table

    @property
    def objects(self) -> ObjectStore:
        """The object store, with the credentials of the function."""
        return self.deployed.objects

    @cached_property
    def combining(self) -> Any:
        """A client that waits for a combiner, and never calls it a second time: it may be running still."""
        return self.deployed.client("lambda", tries=1, read_s=COMBINED_S)


class ServedHome(AwsHome):
    """The jobs of the deployment, for whoever sends requests: no file of the function becomes part of a job."""

    planned_s = resumed_s = 20.0  # API Gateway gives a request 30 seconds

    def __init__(self, account: Inside, analyses: Analyses) -> None:
        super().__init__(account=account)
        self._inside, self._analyses = account, analyses

    def create_job(
        self, spec: JobSpec, found: Found | None, folder: Path, note_id: Callable[[str], None] = forgotten
    ) -> JobRecord:
        """Check a job as the planner will, so that what is refused is so at once, and start its execution.

        Raises:
            AnalysisNotFound: when it is not deployed.
            NotAllowed: when the user or the group may not run it.
            InvalidJob: naming the field.
        """
        found = self._analyses.get(spec.analysis)
        self._inside.deployed.gate.require(spec.group, spec.user, spec.analysis)
        return super().create_job(spec, found, folder, note_id)

    def _uploaded(self, where: str, location: Any) -> Any:
        """URLs as they are. Raises InvalidJob for a path: what it would name is a file of the function."""
        if isinstance(location, list):
            return [self._uploaded(f"{where}[{number}]", entry) for number, entry in enumerate(location)]
        if isinstance(location, str) and "://" not in location:
            raise InvalidJob(f"{where} is a path: upload the file, and name it as upload:ID")
        return location

    def result(self, job: JobRecord) -> Result:
        """What a job found. Raises ResultNotReady, and InvalidQuery for more than this function has memory for."""
        found = self.result_file(job)
        if found is not None and found.size > MOST_PAGED:
            raise InvalidQuery(
                f"the result of job {job.job_id} has {found.size:,} bytes, and {MOST_PAGED:,} at most are read in pages: "
                "download result.json; `links` has its address",
                "job_id",
            )
        return super().result(job)

    def partial_results(self, job: JobRecord) -> Any:
        """What the partial results so far combine to, unfinished: combined by the combiner of the analysis in its own function.

        Raises:
            JobFailed: when the combiner fails.
            ResultNotReady: when it takes long; it goes on, and what it made is there for a later request.
        """
        made = self._made(job)
        if made is not None and time.time() - made["at"] < max(FRESH_S, SHARE * made["seconds"]):
            return made["value"]
        if "foreign" in job.analysis:
            raise ResultNotReady(
                f"job {job.job_id} is {job.state}: what a function of burst-compute found is not shown before its end"
            )
        name = function_name(self.account.prefix, job.analysis["name"], "combiner")
        try:
            invoke(self._inside.combining, name, {"task": "preview", "job": job.job_id, "run": job.runs}, seconds=0)
        except FunctionFailed as error:
            if error.failure.kind in ("ReadTimeoutError", "TooManyRequestsException"):
                if made is not None:
                    return made["value"]
                raise ResultNotReady(
                    f"what job {job.job_id} found so far is being combined: ask again in a while"
                ) from error
            raise JobFailed(
                f"what was found so far cannot be combined: {error.failure.kind}: {error.failure.message}",
                job_id=job.job_id,
            ) from error
        made = self._made(job)
        if made is None:
            raise ResultNotReady(f"job {job.job_id} is in another run by now: ask again")
        return made["value"]

    def _downloads(self, job_id: str) -> Path:
        """Folder of the function's own disk: there is no state folder."""
        return Path(tempfile.gettempdir()) / "downloads" / job_id

    def _made(self, job: JobRecord) -> dict[str, Any] | None:
        """What was combined the last time in this run."""
        try:
            made: dict[str, Any] = values.decode(self.objects.get(so_far_key(job_prefix(job.job_id), job.runs)))
        except ObjectNotFound:
            return None
        return made
