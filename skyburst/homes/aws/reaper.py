"""The reaper: looks four times an hour for environments that have outlived their job, ends them, and says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from skyburst.errors import JobNotFound
from skyburst.homes.aws.arrays import DEPLOYMENT_TAG, JOB, JOB_TAG, RUN_TAG
from skyburst.homes.aws.calls import chunks
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.overdue import BatchJob, Instance, Standing, why_end_instance, why_end_job
from skyburst.homes.aws.standing import execution_of

log = logging.getLogger(__name__)

GOING = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
"""States of jobs of AWS Batch that have not ended."""
BEGUN = ("STARTING", "RUNNING", "SUCCEEDED", "FAILED")
"""States of children of an array that found an instance, or were ended by somebody."""
AT_ONCE = 100
"""Jobs that one call of DescribeJobs describes."""
DEVELOP_TAG, UNTIL_TAG = "skyburst-develop", "skyburst-until"
"""Of instances of developers; the second one has the end of their lifetime, in seconds since the epoch."""
REAPED = "ReapedEnvironments"
UNREAPED = "UnreapedEnvironments"
"""Metrics: what was ended, and what could not be."""


@dataclass
class Reaped:
    """What one look did."""

    looked: int = 0
    """Jobs of AWS Batch and instances that there were."""
    ended: list[dict[str, str]] = field(default_factory=list)
    """`{"kind", "id", "job", "reason"}` of each that was ended."""
    failed: list[dict[str, str]] = field(default_factory=list)
    """The same of each that could not be, with the `error`."""


class Reaper:
    """Looks once at everything of one deployment."""

    def __init__(
        self, deployed: Deployed, queues: Sequence[str], executions: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Prepare.

        Args:
            deployed: the deployment.
            queues: names of its queues.
            executions: what the ARNs of the executions of its jobs start with.
            clock: the time.
        """
        self._deployed = deployed
        self._queues = queues
        self._executions = executions
        self._clock = clock
        self._batch = deployed.client("batch")
        self._states = deployed.client("stepfunctions")
        self._ec2 = deployed.client("ec2")
        self._standings: dict[str, Standing | None] = {}

    def look(self) -> Reaped:
        """End what has outlived its purpose. What cannot be ended is tried again at the next look."""
        self._standings.clear()
        reaped = Reaped()
        for found in self._jobs():
            reaped.looked += 1
            standing = self._standing(found.job) if found.job is not None else None
            if reason := why_end_job(found, standing, self._clock()):
                self._end(reaped, "job", found.id, found.job or "", reason, self._terminate_job)
        for instance in self._instances():
            reaped.looked += 1
            if reason := why_end_instance(instance, self._clock()):
                self._end(reaped, "instance", instance.id, "", reason, self._terminate_instance)
        return reaped

    def _end(
        self, reaped: Reaped, kind: str, name: str, job: str, reason: str, end: Callable[[str, str], None]
    ) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        said = {"kind": kind, "id": name, "job": job, "reason": reason}
        try:
            end(name, f"Reaped: {reason}")
        except (ClientError, BotoCoreError) as error:
            reaped.failed.append({**said, "error": str(error)})
            log.warning("an environment that outlived its purpose was not ended", extra=reaped.failed[-1])
            return
        reaped.ended.append(said)
        log.warning("an environment outlived its purpose, and was ended", extra=said)
        self._deployed.events.reaped(kind, name, job, reason)

    def _terminate_job(self, name: str, reason: str) -> None:
        self._batch.terminate_job(jobId=name, reason=reason)

    def _terminate_instance(self, name: str, _reason: str) -> None:
        self._ec2.terminate_instances(InstanceIds=[name])

    def _jobs(self) -> Iterator[BatchJob]:
        """Jobs of AWS Batch that have not ended; of an array, itself and not its children."""
        for queue in self._queues:
            for state in GOING:
                pages = self._batch.get_paginator("list_jobs").paginate(jobQueue=queue, jobStatus=state)
                names = [entry["jobId"] for page in pages for entry in page["jobSummaryList"]]
                for some in chunks(names, AT_ONCE):
                    yield from map(found_in, self._batch.describe_jobs(jobs=list(some))["jobs"])

    def _instances(self) -> Iterator[Instance]:
        filters = [
            {"Name": f"tag:{DEPLOYMENT_TAG}", "Values": [self._deployed.prefix]},
            {"Name": "tag-key", "Values": [DEVELOP_TAG]},
            {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
        ]
        for page in self._ec2.get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page["Reservations"]:
                yield from map(_instance, reservation["Instances"])

    def _standing(self, job_id: str) -> Standing | None:
        if job_id not in self._standings:
            self._standings[job_id] = self._read_standing(job_id)
        return self._standings[job_id]

    def _read_standing(self, job_id: str) -> Standing | None:
        try:
            job = self._deployed.table.job(job_id)
        except JobNotFound:
            return None
        over_at = (job.finished_at or job.created_at) if job.state.finished else None
        driven = over_at is None and self._runs(execution_of(job))
        return Standing(str(job.state), job.runs, over_at, driven)

    def _runs(self, execution: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            found = self._states.describe_execution(executionArn=f"{self._executions}{execution}")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return False
        return bool(found["status"] == "RUNNING")


def found_in(described: dict[str, Any]) -> BatchJob:
    """A job of AWS Batch, as DescribeJobs has it."""
    tags = described.get("tags") or {}
    variables = {
        entry["name"]: entry.get("value") for entry in (described.get("container") or {}).get("environment") or []
    }
    run = str(tags.get(RUN_TAG, "0"))
    started = described.get("startedAt") if described["status"] == "RUNNING" else None
    children = (described.get("arrayProperties") or {}).get("statusSummary") or {}
    return BatchJob(
        id=described["jobId"],
        job=variables.get(JOB) or tags.get(JOB_TAG),  # a tag has not all characters that a job's id may have
        run=int(run) if run.isdecimal() else 0,
        created_at=described["createdAt"] / 1_000,
        started_at=started and started / 1_000,
        timeout_s=(described.get("timeout") or {}).get("attemptDurationSeconds"),
        found_instance=any(children.get(state) for state in BEGUN),
    )


def _instance(described: dict[str, Any]) -> Instance:
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}
    until = tags.get(UNTIL_TAG, "")
    return Instance(
        described["InstanceId"],
        described["LaunchTime"].timestamp(),
        float(until) if until.replace(".", "", 1).isdecimal() else None,
    )
