"""What earlier jobs of an analysis took, from the task table: what the next one is expected to."""

from __future__ import annotations

from itertools import islice

from skyburst.contracts.states import JobState
from skyburst.cost.estimate import Earlier
from skyburst.engine.finish import counted
from skyburst.errors import JobNotFound
from skyburst.ports import TaskTable

LOOKED_AT = 200
"""Newest jobs that are looked through."""
TAKEN = 10
"""Newest jobs of the analysis that count."""
WHOLE = frozenset({JobState.SUCCEEDED, JobState.PARTIAL})


def earlier_jobs(table: TaskTable, analysis: str, home: str) -> list[Earlier]:
    """The newest jobs of an analysis that came to their end with items done."""
    found: list[Earlier] = []
    for job in islice(table.jobs(), LOOKED_AT):
        if job.analysis["name"] != analysis or job.state not in WHOLE:
            continue
        try:
            counts = counted(table, job)
        except JobNotFound:  # deleted since it was listed
            continue
        if counts.items_done and counts.worker_seconds:
            listed = (job.items or {}).get("batch_size")
            found.append(Earlier(job.job_id, counts.worker_seconds / counts.items_done, home, listed))
        if len(found) == TAKEN:
            break
    return found
