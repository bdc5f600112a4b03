"""How a run of a job stands, for its workers and watchers: one of them may outlive its run, or arrive after its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyburst.contracts.states import JobState
from skyburst.errors import JobNotFound

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.aws.jobs_table import Head
    from skyburst.homes.aws.task_table import DynamoTaskTable


def why_over(head: Head, run: int) -> str | None:
    """Why nothing more is to be worked on in a run of a job; None while it goes on."""
    if head.run != run:
        return f"it is of run {run} of the job, and the job is at run {head.run}"
    if head.state is not JobState.RUNNING:
        return f"the job is {head.state}"
    return "the job is cancelled" if head.cancel_requested else None


def look(table: DynamoTaskTable, job_id: str, run: int) -> tuple[Head | None, str | None]:
    """The head of a job and why its run is over, if it is; without a head the job is gone.

    What was read as of a second ago is believed when it says that the run goes on, and read again, consistently, when it does
    not: the job may have been stored a moment ago.
    """
    for consistent in (False, True):
        try:
            head = table.head(job_id, consistent=consistent)
        except JobNotFound:
            continue
        reason = why_over(head, run)
        if reason is None or consistent:
            return head, reason
    return None, "the job was deleted"


def execution_of(job: JobRecord) -> str:
    """Name of the execution that has a job."""
    return str((job.run_began or {}).get("execution", job.job_id))


def is_of(job: JobRecord, execution: str) -> bool:
    """Whether an execution has a job."""
    return execution_of(job) == execution
