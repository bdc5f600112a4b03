"""Jobs whose execution ended, or met an error, before they were finished: each gets a final state all the same."""

from __future__ import annotations

import time
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import Failure, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.finish import snapshot
from skyburst.engine.plan import Plan
from skyburst.errors import JobNotFound
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import LONGEST_REASON, ending, finish, settle, tell_again
from skyburst.homes.aws.environment_lane import end_environments
from skyburst.homes.aws.standing import is_of

EXECUTION_CHANGE = "Step Functions Execution Status Change"
"""What EventBridge calls the news that an execution has ended."""
STATES = {"ABORTED": JobState.CANCELLED, "TIMED_OUT": JobState.TIMED_OUT}
"""How a job ends whose execution ended so; FAILED after any other end."""


def end_failed(deployed: Deployed, job_id: str, run: int, error: str, cause: str) -> dict[str, Any]:
    """End a job whose execution met an error that nothing else could handle, unless it is in another run by now."""
    job = deployed.table.job(job_id)
    if job.runs != run:
        return ending(job, run)
    if job.state.finished:  # whoever finished it may have died before telling so
        return tell_again(deployed, job)
    said = explained(error, cause)
    return _end(deployed, job, JobState.FAILED, f"its execution met an error: {said}", Failure(error, said))


def end_unfinished(deployed: Deployed, execution: dict[str, Any]) -> dict[str, Any]:
    """End the job of an execution that has ended; one that is finished, or that another execution drives, is left alone.

    Args:
        deployed: the deployment.
        execution: `name`, `status`, `input` and, if they are known, `error` and `cause`, as EventBridge and
            DescribeExecution have them.

    Returns:
        `{"job", "run", "state", "reason"}` at least.
    """
    state, reason = told_by(execution)
    given = _given(execution.get("input"))
    job_id = given["resume"] if set(given) == {"resume"} else execution["name"]
    try:
        job = deployed.table.job(job_id)
    except JobNotFound:  # it was refused
        return {"job": job_id, "run": 0, "state": state, "reason": reason}
    if not is_of(job, execution["name"]):
        return ending(job)
    if job.state.finished:  # the execution may have ended before it had that settled
        settle(deployed, job)
        return ending(job)
    failure = Failure(execution.get("error") or execution["status"], reason)
    return _end(deployed, job, JobState(state), f"its execution ended: {reason}", failure)


def told_by(execution: dict[str, Any]) -> tuple[str, str]:
    """State and reason of a job, from a description of its execution."""
    status = execution["status"]
    if status == "SUCCEEDED":
        output = values.decode(execution.get("output") or "{}")
        return str(output.get("state", JobState.SUCCEEDED)), str(output.get("reason", ""))
    if status == "RUNNING":
        return str(JobState.RUNNING), "it still runs"
    error, cause = execution.get("error") or status, execution.get("cause") or "no reason was given"
    if status == "FAILED" and error in list(JobState):  # of a job that another execution had
        return error, cause
    return str(STATES.get(status, JobState.FAILED)), explained(error, cause)


def explained(error: str, cause: str) -> str:
    """An error of an execution, one sentence: of a function that raised it without its traceback."""
    try:
        said = values.decode(cause)
    except ValueError:
        said = None
    if isinstance(said, dict) and "errorMessage" in said:  # of a function
        cause = said["errorMessage"]
    return f"{error}: {cause}"


def _end(deployed: Deployed, job: JobRecord, state: JobState, reason: str, failure: Failure) -> dict[str, Any]:
    """Finish a job with what is known of it; its workers look at its state, and what was found is combined when it is resumed.

    What waits for a machine is ended in AWS Batch, before that is started for nothing.
    """
    table = deployed.table
    end_environments(deployed, job.job_id, job.runs, reason)
    table.release(job.job_id, [BatchState.RUNNING], ended_at=time.time())
    outcome: dict[str, Any] = {"missing": [], "item_errors": [], "files": None}
    counts = None
    if job.plan is not None:
        counts, outcome = snapshot(table, job.job_id, Plan(**job.plan))
    failure = failure._replace(message=failure.message[:LONGEST_REASON])
    return finish(deployed, job, state, reason[:LONGEST_REASON], outcome, failure, counts)


def _given(text: str | None) -> dict[str, Any]:
    """The input of an execution; nothing when it is not at hand, which is so of long ones."""
    given = values.decode(text) if text else {}
    return given if isinstance(given, dict) else {}
