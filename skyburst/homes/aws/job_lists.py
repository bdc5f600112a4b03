"""Many jobs in one execution: checks them all before any starts, and sums up how they ended.

The jobs themselves are never in the state of the execution: they are in `batches/NAME/manifest.json`, from which a distributed
map starts each as an execution of its own, and how they ended is in `batches/NAME/summary.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.job import JobSpec
from skyburst.contracts.job_list import JobList, ListName, check_length, parse_job_list
from skyburst.contracts.refusals import shortened
from skyburst.contracts.states import JobState
from skyburst.engine.watch import too_many_failed
from skyburst.errors import Invalid, InvalidJob, InvalidPeople, NotAllowed, ObjectNotFound
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.planner import Planner
from skyburst.homes.aws.unfinished import told_by
from skyburst.objects import open_store

MOST_JOB_BYTES = 100 * 1024
"""Of one job specification: 256 KiB is what a state may hold, and the specification is in it twice when a job has ended."""
MOST_REFUSALS = 20
"""Refused jobs that are told word by word."""
LONGEST_REFUSAL = 2_000
"""Characters of one of them."""
LONGEST_TOLD_TOGETHER = 16_000
MOST_TOLD = 20
"""Jobs without a result that are in the output of the execution; all are in the summary."""
LONGEST_TOLD = 200
"""Characters of a reason in the output, and of each that the cause of a failed execution has."""
MOST_IN_CAUSE = 3
ASKED_AT_ONCE = 16
MOST_ASKED = 2_000
"""Executions that are asked how they ended because their jobs' records do not say so: Step Functions answers few a second."""
ENDED_WELL = (JobState.SUCCEEDED, JobState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one job of a list ended, when it did not end as SUCCEEDED."""

    index: int
    """In the list, from 0."""
    job: str
    """Its id, which is the name of its execution."""
    state: str
    reason: str


class JobLists:
    """Checks lists of jobs for a deployment."""

    def __init__(self, deployed: Deployed, planner: Planner) -> None:
        self._deployed = deployed
        self._planner = planner

    def prepare(self, given: dict[str, Any], execution: str) -> dict[str, Any]:
        """Check every job, and write the manifest that the map reads.

        Args:
            given: a list of jobs, as `JobList` has it.
            execution: name of the execution, which names the list unless it has a name.

        Returns:
            `{"name", "bucket", "manifest", "jobs", "max_concurrency", "tolerated_failure_percent"}`.

        Raises:
            InvalidJob: naming the jobs that cannot be run by their index, the field, its value and what was expected.
        """
        asked = parse_job_list(given)
        name = asked.name or _name_of(execution)
        jobs = check_length(asked.jobs, "jobs") if asked.jobs is not None else self._read(asked)
        self._check(jobs)
        entries = [{"name": job_name(name, index), "job": job} for index, job in enumerate(jobs)]
        key = manifest_key(name)
        data = values.encode(entries, "jobs")
        if not self._deployed.objects.put_new(key, data) and self._deployed.objects.get(key) != data:
            raise InvalidJob(
                f"name is {name!r}, which belongs to another list of jobs: give another name, or the same jobs to go on with "
                "that list"
            )
        return {
            "name": name,
            "bucket": self._deployed.bucket,
            "manifest": key,
            "jobs": len(jobs),
            "max_concurrency": asked.max_concurrency,
            "tolerated_failure_percent": asked.tolerated_failure_percent,
        }

    def _read(self, asked: JobList) -> list[Any]:
        location = asked.manifest or ""
        scheme, _, rest = location.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise InvalidJob(f"manifest is {location!r}: expected s3://bucket/key of a JSON list of job specifications")
        try:
            jobs = values.decode(open_store(f"s3://{bucket}").get(key))
        except ObjectNotFound as error:
            raise InvalidJob(f"manifest is {location!r}, and there is no such object") from error
        except ValueError as error:
            raise InvalidJob(f"manifest {location!r} is not JSON: {error}") from error
        return check_length(jobs, f"manifest {location!r}")

    def _check(self, jobs: list[Any]) -> None:
        refusals = []
        whose = _Whose(self._planner)
        for index, job in enumerate(jobs):
            try:
                whose.check(self._planner.check(job).spec)
                size = len(values.encode(job, "job"))
                if size > MOST_JOB_BYTES:
                    raise InvalidJob(
                        f"job has {size:,} bytes: expected {MOST_JOB_BYTES:,} at most; put its items into a stored manifest"
                    )
            except InvalidPeople:  # which would be said of each job
                raise
            except Invalid as error:
                refusals.append(_at(index, shortened(str(error), LONGEST_REFUSAL)))
        if refusals:
            more = len(refusals) - MOST_REFUSALS
            told = "; ".join(refusals[:MOST_REFUSALS]) + (f"; and {more:,} more" if more > 0 else "")
            raise InvalidJob(
                shortened(
                    f"{len(refusals):,} of {len(jobs):,} jobs cannot be run, and none was started: {told}",
                    LONGEST_TOLD_TOGETHER,
                )
            )


class _Whose:
    """Whether the jobs of a list may be run by whose they are; the profiles of each of them are read once."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._refusals: dict[tuple[str | None, str | None, str], str | None] = {}

    def check(self, spec: JobSpec) -> None:
        """Raises NotAllowed."""
        whose = (spec.group, spec.user, spec.analysis)
        if whose not in self._refusals:
            try:
                self._planner.require_allowed(spec)
                self._refusals[whose] = None
            except NotAllowed as error:
                self._refusals[whose] = str(error)
        if (refusal := self._refusals[whose]) is not None:
            raise NotAllowed(refusal)


class Summary:
    """Sums up how the jobs of a list ended."""

    def __init__(self, deployed: Deployed, executions: str) -> None:
        """Prepare.

        Args:
            deployed: the deployment.
            executions: what the ARNs of jobs' executions start with.
        """
        self._deployed = deployed
        self._executions = executions

    def write(self, name: str, jobs: int, tolerated_percent: float) -> dict[str, Any]:
        """Look up how each job ended, and write the summary.

        Returns:
            `{"name", "state", "reason", "jobs", "counts", "not_succeeded", "summary"}`, of which `not_succeeded` has the first
            twenty of the jobs that did not end as SUCCEEDED.
        """
        ended = sorted(self._not_succeeded(name, jobs), key=lambda job: job.index)
        counts = Counter(job.state for job in ended)
        counts[JobState.SUCCEEDED] = jobs - len(ended)
        state, reason = conclude(jobs, ended, tolerated_percent)
        told = {"name": name, "state": str(state), "reason": reason, "jobs": jobs, "counts": _in_order(counts)}
        key = f"batches/{name}/summary.json"
        self._deployed.objects.put(key, values.encode({**told, "not_succeeded": [asdict(job) for job in ended]}))
        first = [{**asdict(job), "reason": job.reason[:LONGEST_TOLD]} for job in ended[:MOST_TOLD]]
        return {**told, "not_succeeded": first, "summary": key}

    def _not_succeeded(self, name: str, jobs: int) -> Iterator[Ended]:
        indices = {job_name(name, index): index for index in range(jobs)}
        states = self._deployed.table.states(list(indices))
        finished = [job for job, state in states.items() if state.finished and state is not JobState.SUCCEEDED]
        for record in self._deployed.table.some_jobs(finished):
            yield Ended(indices[record.job_id], record.job_id, str(record.state), record.reason)
        # Of these the record does not say how they ended: they were refused, stopped, or another job has their idempotency key.
        unclear = [job for job in indices if job not in states or not states[job].finished]
        with ThreadPoolExecutor(ASKED_AT_ONCE, "ask") as pool:
            for job, (state, reason) in zip(unclear, pool.map(self._ask, unclear[:MOST_ASKED]), strict=False):
                if state != JobState.SUCCEEDED:
                    yield Ended(indices[job], job, state, reason)
        for job in unclear[MOST_ASKED:]:
            yield Ended(indices[job], job, str(states.get(job, JobState.FAILED)), "there is no record of how it ended")

    def _ask(self, job: str) -> tuple[str, str]:
        """State and reason of an execution."""
        from botocore.exceptions import ClientError

        client = self._client()
        try:
            found = client.describe_execution(executionArn=f"{self._executions}{job}")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return str(JobState.FAILED), "it was never started"
        return told_by(found)

    def _client(self) -> Any:
        if not hasattr(self, "_made"):
            self._made = self._deployed.client("stepfunctions", connections=ASKED_AT_ONCE)
        return self._made


def job_name(name: str, index: int) -> str:
    """The name of a job's execution: the same whenever the list is started."""
    return f"{name}-{index:05d}"


def manifest_key(name: str) -> str:
    """Key of a list's manifest."""
    return f"batches/{name}/manifest.json"


def conclude(jobs: int, ended: list[Ended], tolerated_percent: float) -> tuple[JobState, str]:
    """How a list of jobs ends, and why in one sentence.

    Args:
        jobs: in the list.
        ended: those that did not end as SUCCEEDED.
        tolerated_percent: share of the jobs that may end without a result.
    """
    failed = [job for job in ended if job.state not in ENDED_WELL]
    if not ended:
        return JobState.SUCCEEDED, f"all {jobs:,} jobs succeeded" if jobs > 1 else "its one job succeeded"
    partial = len(ended) - len(failed)
    summary = f"{jobs - len(ended):,} of {jobs:,} jobs succeeded"
    if partial:
        summary += f", {partial:,} with some batches missing"
    if not failed:
        return JobState.PARTIAL, summary
    summary += f", {len(failed):,} ended without a result, and {tolerated_percent:g} % may"
    if len(failed) < jobs and not too_many_failed(len(failed), jobs, tolerated_percent):
        return JobState.PARTIAL, summary
    reasons = [f"jobs[{job.index}] {job.state}: {job.reason[:LONGEST_TOLD]}" for job in failed[:MOST_IN_CAUSE]]
    more = len(failed) - MOST_IN_CAUSE
    return JobState.FAILED, "; ".join([summary, *reasons, *([f"and {more:,} more"] if more > 0 else [])])


def _name_of(execution: str) -> str:
    """An execution's name for its list, if it can be one."""
    import msgspec

    try:
        return msgspec.convert(execution, ListName)
    except msgspec.ValidationError as error:
        raise InvalidJob(
            f"the execution is called {execution!r}, from which the names of its jobs cannot be made: give a `name` of letters, "
            "digits, hyphens and underscores, at most 73"
        ) from error


def _at(index: int, message: str) -> str:
    """A refusal of a job, with its place in the list."""
    where = f"jobs[{index}]"
    return where + message.removeprefix("job") if message.startswith(("job.", "job ")) else f"{where}: {message}"


def _in_order(counts: Counter[str]) -> dict[str, int]:
    """Numbers of jobs by state, in the order of the states."""
    return {str(state): counts[state] for state in JobState if counts[state]}
