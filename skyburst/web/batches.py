"""The batches of a job, as the API tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from skyburst.contracts.records import BatchRecord, JobRecord
from skyburst.contracts.states import BatchState
from skyburst.engine.plan import Plan
from skyburst.engine.watch import reason_of
from skyburst.ports import TaskTable
from skyburst.web.documents import Attempt, Batch

FINE = (BatchState.DONE, BatchState.PENDING)


def batches_of(table: TaskTable, job: JobRecord, states: Collection[BatchState], first: int, limit: int) -> list[Batch]:
    """Batches in some states, or in any, by their numbers from the given one on; none before the items are listed."""
    if job.plan is None:
        return []
    plan = Plan(**job.plan)
    return list(islice(_shown(plan, table.batches(job.job_id, states or None), first), limit))


def _shown(plan: Plan, batches: Iterator[BatchRecord], first: int) -> Iterator[Batch]:
    for batch in batches:
        if batch.batch_id < first:
            continue
        start, end = plan.items_of(batch.batch_id)
        yield Batch(
            number=batch.batch_id, start=start, end=end, state=batch.state.value,
            reason="" if batch.state in FINE and not batch.failures else reason_of(batch), attempts=batch.attempt,
            started_at=batch.started_at, seconds=batch.seconds, peak_memory_mb=batch.peak_memory_mb,
            failures=[Attempt(kind=one.kind, message=one.message, traceback=one.traceback) for one in batch.failures],
        )  # fmt: skip
