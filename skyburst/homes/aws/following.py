"""Jobs that follow a job at home `aws`: executions whose names follow from it, so that none is started twice."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.following import FollowUp, sections
from skyburst.errors import InvalidJob, JobNotFound
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import LONGEST_REASON, ending
from skyburst.homes.aws.executions import LONGEST_NAME, execution_name
from skyburst.homes.aws.outcomes import whole
from skyburst.homes.aws.planner import Planner
from skyburst.homes.aws.unfinished import end_failed
from skyburst.homes.following import Following
from skyburst.homes.job_items import is_long, store_long


class AwsFollowing:
    """Starts what follows jobs of a deployment.

    Args:
        deployed: the deployment.
        planner: makes jobs, as it does for their executions.
        machine: ARN of the state machine that runs jobs.
    """

    def __init__(self, deployed: Deployed, planner: Planner, machine: str) -> None:
        self._deployed, self._planner, self._machine = deployed, planner, machine

    @cached_property
    def _states(self) -> Any:
        return self._deployed.client("stepfunctions")

    def follow(self, job_id: str, run: int, batches: list[int] | None = None) -> dict[str, Any]:
        """Start what follows a job; safe to call as often as one likes.

        Args:
            job_id: of the job.
            run: nothing is started when the job is in another one by now.
            batches: that are done while the job runs; None when it has ended.

        Returns:
            As `ending`, without what is left to do.
        """
        job = self._deployed.table.job(job_id)
        ended = {name: value for name, value in ending(job, run).items() if name not in ("settles", "follows")}
        if job.runs != run or job.state is JobState.CANCELLED or job.cancel_requested:
            return ended
        job.outcome = whole(self._deployed.objects, job)  # all result files are data of what follows
        following = Following(self._deployed.objects, job_prefix(job_id), job, lambda one: self._start(job, one))
        if batches is None and sections(job, "each"):
            done = self._deployed.table.batches(job_id, [BatchState.DONE])
            following.each(record.batch_id for record in done)
        elif batches is not None:
            following.each(batches)
        if job.state is JobState.SUCCEEDED:
            following.all()
        return ended

    def _start(self, job: JobRecord, follow_up: FollowUp) -> str:
        if self._deployed.table.head(
            job.job_id
        ).cancel_requested:  # meanwhile: whoever did so has ended those that there were
            raise InvalidJob(f"job {job.job_id} was cancelled: resume it, and this follows")
        spec = self._stored(parse_job(follow_up.specification))
        self._planner.require_allowed(spec)
        name = name_of(job.job_id, follow_up)
        # Here, not by its execution: what a budget does not cover is told, rather than a job that there never is.
        made = self._planner.make(spec.document(), name)
        try:
            self._execute(name, spec.document())
        except self._states.exceptions.ExecutionAlreadyExists:
            self._go_on(name)
        except InvalidJob as error:  # a job that nothing drives has its end, which says why
            end_failed(self._deployed, name, made.runs, type(error).__name__, str(error))
        return name

    def _stored(self, spec: JobSpec) -> JobSpec:
        """The specification as the input of an execution can have it."""
        if not isinstance(spec.items, list) or not is_long(spec.items):
            return spec
        objects = self._deployed.objects
        location = f"{objects.location}/{store_long(spec.items, objects)}"
        return parse_job({**spec.document(), "items": {"manifest": location}})

    def _go_on(self, job_id: str) -> None:
        """Have a job go on that was cancelled with the one that it follows, and that goes on."""
        try:
            cancelled = self._deployed.table.job(job_id).state is JobState.CANCELLED
        except JobNotFound:  # it is being planned
            return
        if cancelled:
            self._execute(execution_name(job_id), {"resume": job_id})

    def _execute(self, name: str, given: dict[str, Any]) -> None:
        from botocore.exceptions import ClientError

        try:
            self._states.start_execution(
                stateMachineArn=self._machine, name=name, input=values.encode(given, "job").decode()
            )
        except self._states.exceptions.ExecutionAlreadyExists:
            raise
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ThrottlingException", "InternalFailure", "ServiceUnavailable"):
                raise  # it may pass: the function is called again
            raise InvalidJob(f"no execution could be started: {str(error)[:LONGEST_REASON]}") from error


def name_of(job_id: str, follow_up: FollowUp) -> str:
    """Name of the execution, and id of the job, that follows: the same whenever it is asked for."""
    digest = hashlib.sha256(f"{job_id}/{follow_up.key}".encode()).hexdigest()[:12]
    end = f"-next-{digest}"
    return follow_up.analysis[: LONGEST_NAME - len(end)] + end
