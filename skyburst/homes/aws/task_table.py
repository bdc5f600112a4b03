"""The task table in DynamoDB: durable after every call, safe for several programs at once.

Two tables (`schema.py`), one for jobs (`jobs_table.py`) and one for batches (`rows.py`). The batches of a job are spread over
shards, because a partition of DynamoDB takes 1,000 writes a second; readers merge the shards. Batches are read consistently;
only `jobs` and `cancel_requested` may lag behind, by a second or so.
"""

from __future__ import annotations

import contextlib
import heapq
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from skyburst.contracts.records import BatchRecord, Claim, JobRecord, Outcome, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import StorageError
from skyburst.homes.aws import foreign, rows
from skyburst.homes.aws.calls import DELETED_AT_ONCE, RETRY_S, THREADS, Calls, ConditionFailed, Item, chunks
from skyburst.homes.aws.expressions import names_in, put, update
from skyburst.homes.aws.jobs_table import JobsTable
from skyburst.homes.aws.schema import FAILURES, ITEM_ERRORS, PARTS, PAYLOAD, partition
from skyburst.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Given = TypeVar("Given")
Made = TypeVar("Made")

KEY = ("jobId", "batchId")

INLINE_BYTES = 1024
"""Longer partial results are items of their own: two writes in a transaction, but counting the rows reads none of them."""
MOST_PAYLOAD_BYTES = 396 * 1024
"""An item holds 400 KB, its key and the names of its attributes included."""
MOST_FAILURES = 20
"""Failures kept for each batch, the latest."""
ROWS_AT_ONCE = 256
COUNTED_AT_ONCE = 1_000
PARTS_AT_ONCE = 64
AHEAD = 2
"""Groups of partial results that are fetched before they are asked for."""

NOT_DONE = "attribute_not_exists(#jobId) OR (attribute_exists(#state) AND #state <> :done)"
"""Nothing is there, or a row of ours that is not DONE; a row without a state is another framework's, and DONE."""
DONE = {"done": {"S": BatchState.DONE}}
PARTIAL = ("batchId", "jobId", "state", "payload", "reference", "apart", *foreign.RESULTS)


class Known(NamedTuple):
    """What never changes of a job once it has batches."""

    job_id: str
    shards: int
    expires: int | None


class DynamoTaskTable:
    """The task table port over two DynamoDB tables and one client, which threads may share.

    Args:
        client: as `calls.connect` makes it; its connections should be as many as the 16 threads.
        table_name: the table of batches.
        jobs_table_name: the table of jobs.
        keep_days: DynamoDB removes a job and its batches so many days after its creation; None keeps them.
        retry_s: how long throttled calls are repeated.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        jobs_table_name: str,
        *,
        keep_days: float | None = None,
        retry_s: float = RETRY_S,
        clock: Clock = time.time,
    ) -> None:
        self.name = table_name
        self._calls = Calls(client, retry_s=retry_s)
        self._jobs = JobsTable(self._calls, jobs_table_name, keep_days=keep_days, clock=clock)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="task-table")
        self._known: dict[str, Known] = {}

    def close(self) -> None:
        """End the threads; the client stays open."""
        self._pool.shutdown(cancel_futures=True)

    def create_job(self, job: JobRecord, *, shards: int | None = None) -> JobRecord:
        """Store a new job, or return the one with the same id or idempotency key.

        The number of shards follows from the plan, once there is one. A job whose workers write to the table by themselves, as
        those of burst-compute do, is created with one shard.
        """
        return self._jobs.create(job, shards)

    def job(self, job_id: str) -> JobRecord:
        """One job."""
        return self._jobs.get(job_id)

    def jobs(self) -> Iterator[JobRecord]:
        """All jobs, newest first; one created within the last second may not be among them yet."""
        return self._jobs.newest_first()

    def update_job(self, job: JobRecord, *, expected: Collection[JobState] | None = None) -> bool:
        """Store a job's record if its stored state is an expected one."""
        return self._jobs.update(job, expected)

    def request_cancel(self, job_id: str, *, requested: bool = True) -> None:
        """Ask for the end of a job, or take that back."""
        self._jobs.request_cancel(job_id, requested=requested)

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody asked for the end of a job, as of a second ago: half the price of a consistent read."""
        return self._jobs.head(job_id, consistent=False).cancel_requested

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its batches; the job last, so that what was interrupted can be done again."""
        job = self._job(job_id)
        partitions = [key for part in PARTS for key in _partitions(job, part)]
        keys = (key for name in partitions for key in self._rows(name, KEY))
        self._each(partial(self._calls.delete_many, self.name), chunks(keys, DELETED_AT_ONCE))
        self._jobs.delete(job_id)
        self._known.pop(job_id, None)

    def record(self, job_id: str, outcomes: Sequence[Outcome]) -> int:
        """Record partial results, each unless its batch is DONE already; the number newly DONE."""
        job = self._job(job_id, writing=bool(outcomes))
        first = {outcome.batch_id: outcome for outcome in reversed(outcomes)}
        return sum(self._each(partial(self._record, job), first.values()))

    def record_failure(self, job_id: str, outcome: Outcome, state: BatchState) -> None:
        """Note a failed attempt of a batch that is not DONE."""
        assert outcome.failure is not None
        job = self._job(job_id, writing=True)
        key, apart = _key(job, outcome.batch_id), _key(job, outcome.batch_id, FAILURES)
        while True:
            row = self._calls.get(self.name, key)
            if row and rows.state_of(row) is BatchState.DONE:
                return
            # Two who note a failure at once must not lose one: the number of failures says who was first.
            before = (row or {}).get("failed", rows.number(0))
            kept = rows.failures_of(self._calls.get(self.name, apart)) if before != rows.number(0) else []
            packed = rows.pack_failures([*kept, outcome.failure][-MOST_FAILURES:])
            change = update(
                self.name,
                key,
                {
                    **rows.attempted(outcome),
                    "state": {"S": state},
                    "failed": rows.number(int(before["N"]) + 1),
                    **_expiry(job),
                },
                add={"spent": rows.seconds(outcome.seconds)},
                condition=f"({NOT_DONE}) AND (attribute_not_exists(#failed) OR #failed = :before)",
                values={**DONE, "before": before},
            )
            failures = put(self.name, {**apart, "failures": packed, **_expiry(job)})
            try:
                self._calls.write_together(self.name, [change, failures])
            except ConditionFailed:
                continue
            return

    def claim(self, job_id: str, claims: Sequence[Claim]) -> None:
        """Mark batches that are not DONE as RUNNING."""
        job = self._job(job_id, writing=bool(claims))
        last = {claim.batch_id: claim for claim in claims}

        def mark(claim: Claim) -> None:
            self._change(job, claim.batch_id, {**rows.claimed(claim), **_expiry(job)}, NOT_DONE, DONE)

        self._each(mark, last.values())

    def release(self, job_id: str, states: Collection[BatchState]) -> None:
        """Set batches in these states to PENDING with no attempts counted. DONE stays DONE."""
        job = self._job(job_id)
        released = {f"released{state}": {"S": str(state)} for state in states if state is not BatchState.DONE}
        if not released:
            return
        condition = f"#state IN ({', '.join(f':{name}' for name in released)})"
        changes = {"state": {"S": str(BatchState.PENDING)}, "attempt": rows.number(0), "deadline": None}

        def set_back(row: Item) -> None:
            self._change(job, rows.batch_id_of(row), changes, condition, released)

        wanted = [state for state in states if state is not BatchState.DONE]
        self._each(set_back, self._merged(job, KEY, states=wanted))

    def progress(self, job_id: str) -> Progress:
        """Counts, without reading partial results that are longer than a kilobyte."""
        head = self._jobs.head(job_id)
        job, numbers = Known(job_id, head.shards or 1, head.expires), head.numbers
        counts = sum(self._each(partial(self._count, numbers), _partitions(job)), rows.Counts())
        return Progress(head.state, numbers.batches, items=numbers.items, **asdict(counts))

    def batch(self, job_id: str, batch_id: int) -> BatchRecord | None:
        """One batch, or None when nothing was recorded of it."""
        job = self._job(job_id)
        row = self._calls.get(self.name, _key(job, batch_id))
        return self._records(job, self._jobs.head(job_id).numbers, [row])[0] if row else None

    def batches(self, job_id: str, states: Collection[BatchState] | None = None) -> Iterator[BatchRecord]:
        """Batches of which something was recorded, in order."""
        job, numbers = self._job(job_id), self._jobs.head(job_id).numbers
        if states is None or states:
            found = self._merged(job, rows.TOLD, states=states)
            yield from self._ahead(partial(self._records, job, numbers), chunks(found, PARTS_AT_ONCE))

    def partial_results(self, job_id: str, first: int, last: int) -> Iterator[Stored]:
        """Partial results of the DONE batches in `[first, last)`, in order."""
        job = self._job(job_id)
        if first < last:
            found = self._merged(job, PARTIAL, states=[BatchState.DONE], between=(first, last - 1))
            yield from self._ahead(partial(self._stored, job), chunks(found, PARTS_AT_ONCE))

    def done_ranges(self, job_id: str) -> Iterator[tuple[int, int]]:
        """Half-open ranges of the DONE batches, in order."""
        found = self._merged(self._job(job_id), KEY, states=[BatchState.DONE])
        yield from rows.ranges(rows.batch_id_of(row) for row in found)

    def _job(self, job_id: str, *, writing: bool = False) -> Known:
        """What must be known of a job to find its batches, read once. Raises JobNotFound."""
        known = self._known.get(job_id)
        if known is None:
            head = self._jobs.head(job_id)
            if head.shards is None and writing:
                head = self._jobs.fix_shards(job_id)
            known = Known(job_id, head.shards or 1, head.expires)
            if head.shards is not None:
                self._known[job_id] = known
        return known

    def _record(self, job: Known, outcome: Outcome) -> bool:
        """Record one partial result; whether its batch is newly DONE."""
        by = {"S": secrets.token_hex(4)}
        changes = {**rows.done(outcome), "by": by, **_expiry(job)}
        parts = []
        if outcome.payload is not None and len(outcome.payload) <= INLINE_BYTES:
            changes["payload"] = {"B": outcome.payload}
        elif outcome.payload is not None:
            changes["apart"] = {"BOOL": True}
            parts.append({**_key(job, outcome.batch_id, PAYLOAD), "payload": {"B": _fitting(job, outcome)}})
        if outcome.item_errors:
            packed = rows.pack_item_errors(outcome.item_errors)
            parts.append({**_key(job, outcome.batch_id, ITEM_ERRORS), "errors": packed})
        spent = {"spent": rows.seconds(outcome.seconds)}
        change = update(self.name, _key(job, outcome.batch_id), changes, add=spent, condition=NOT_DONE, values=DONE)
        change["Update"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            if parts:
                writes = [put(self.name, {**part, **_expiry(job)}) for part in parts]
                self._calls.write_together(self.name, [change, *writes])
            else:
                self._calls.call("update_item", self.name, **change["Update"])
        except ConditionFailed as failed:
            # A call whose answer was lost is repeated, and finds what it wrote itself.
            found = failed.found[0]
            return found is not None and found.get("by") == by
        return True

    def _count(self, numbers: rows.Numbers, name: str) -> rows.Counts:
        """Counts of one shard, page by page."""
        query = {**_query(self.name, name, rows.COUNTED, None, None), "Limit": COUNTED_AT_ONCE}
        counts = rows.Counts()
        while True:
            page = self._calls.call("query", self.name, **query)
            counts += rows.count(page["Items"], numbers)
            if "LastEvaluatedKey" not in page:
                return counts
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _change(self, job: Known, batch_id: int, changes: rows.Changes, condition: str, values: Item) -> None:
        """Change a row if a condition holds."""
        change = update(self.name, _key(job, batch_id), changes, condition=condition, values=values)
        with contextlib.suppress(ConditionFailed):  # the batch has ended meanwhile, and stays as it is
            self._calls.call("update_item", self.name, **change["Update"])

    def _records(self, job: Known, numbers: rows.Numbers, found: Sequence[Item]) -> list[BatchRecord]:
        """Rows as records, with the failures and item errors that are kept apart from them."""
        wanted = [
            _key(job, rows.batch_id_of(row), part)
            for row in found
            for part, counter in ((FAILURES, "failed"), (ITEM_ERRORS, "errors"))
            if rows.whole(row, counter)
        ]
        parts = self._parts(wanted)
        return [
            rows.record_of(
                row,
                numbers,
                rows.failures_of(parts.get(_name(_key(job, rows.batch_id_of(row), FAILURES)))),
                rows.item_errors_of(parts.get(_name(_key(job, rows.batch_id_of(row), ITEM_ERRORS)))),
            )
            for row in found
        ]

    def _stored(self, job: Known, found: Sequence[Item]) -> list[Stored]:
        """Rows of DONE batches as partial results, with those that are kept apart from them."""
        parts = self._parts(_key(job, rows.batch_id_of(row), PAYLOAD) for row in found if "apart" in row)
        return [self._partial_result(job, row, parts) for row in found]

    def _partial_result(self, job: Known, row: Item, parts: dict[tuple[str, str], Item]) -> Stored:
        batch_id = rows.batch_id_of(row)
        if foreign.is_foreign(row):
            return Stored(batch_id, foreign.payload_of(row), None)
        if "apart" in row:
            part = parts.get(_name(_key(job, batch_id, PAYLOAD)))
            if part is None:
                raise StorageError(
                    f"the table {self.name}: the partial result of batch {batch_id} of job {job.job_id} is gone: "
                    "the job has expired or was deleted"
                )
            return Stored(batch_id, part["payload"]["B"], None)
        return Stored(batch_id, row.get("payload", {}).get("B"), rows.value(row, "reference"))

    def _parts(self, keys: Iterable[Item]) -> dict[tuple[str, str], Item]:
        return {_name(item): item for item in self._calls.get_many(self.name, keys)}

    def _merged(
        self,
        job: Known,
        names: Sequence[str],
        *,
        states: Collection[BatchState] | None = None,
        between: tuple[int, int] | None = None,
    ) -> Iterator[Item]:
        """Rows of all shards in the order of their batches; a page of each shard is in memory, and the next one comes."""
        shards = [self._rows(name, names, states=states, between=between) for name in _partitions(job)]
        return heapq.merge(*shards, key=rows.batch_id_of)

    def _rows(
        self,
        name: str,
        names: Sequence[str],
        *,
        states: Collection[BatchState] | None = None,
        between: tuple[int, int] | None = None,
    ) -> Iterator[Item]:
        """Rows of one partition in order. The first page is asked for at once, each further one while one is read."""
        query = _query(self.name, name, names, states, between)
        return self._following(query, self._pool.submit(self._calls.call, "query", self.name, **query))

    def _following(self, query: dict[str, Any], next_page: Future[dict[str, Any]]) -> Iterator[Item]:
        while True:
            page = next_page.result()
            after = page.get("LastEvaluatedKey")
            if after is not None:
                further = {**query, "ExclusiveStartKey": after}
                next_page = self._pool.submit(self._calls.call, "query", self.name, **further)
            yield from page["Items"]
            if after is None:
                return

    def _each(self, function: Callable[[Given], Made], entries: Iterable[Given]) -> list[Made]:
        """Call a function for each entry, many at a time. It must not use the threads itself, which might all wait for it."""
        entries = list(entries)
        if len(entries) == 1:
            return [function(entries[0])]
        return list(self._pool.map(function, entries))

    def _ahead(self, function: Callable[[Given], Iterable[Made]], entries: Iterable[Given]) -> Iterator[Made]:
        """What a function makes of each entry, in order, a few entries ahead."""
        coming: deque[Future[Iterable[Made]]] = deque()
        for entry in entries:
            coming.append(self._pool.submit(function, entry))
            if len(coming) > AHEAD:
                yield from coming.popleft().result()
        while coming:
            yield from coming.popleft().result()


def _partitions(job: Known, part: str = "") -> list[str]:
    return [partition(job.job_id, shard, job.shards, part) for shard in range(job.shards)]


def _key(job: Known, batch_id: int, part: str = "") -> Item:
    """Key of a batch's row, or of what is kept apart from it."""
    name = partition(job.job_id, batch_id % job.shards, job.shards, part)
    return {"jobId": {"S": name}, "batchId": rows.number(batch_id)}


def _name(item: Item) -> tuple[str, str]:
    """The key of an item, as the key of a dictionary."""
    return item["jobId"]["S"], item["batchId"]["N"]


def _expiry(job: Known) -> Item:
    return {"ttl": rows.number(job.expires)} if job.expires else {}


def _fitting(job: Known, outcome: Outcome) -> bytes:
    payload = outcome.payload or b""
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise StorageError(
            f"the partial result of batch {outcome.batch_id} of job {job.job_id} has {len(payload):,} bytes, and an item of "
            f"DynamoDB holds {MOST_PAYLOAD_BYTES:,}: store it as an object and record its reference"
        )
    return payload


def _query(
    table: str,
    name: str,
    names: Sequence[str],
    states: Collection[BatchState] | None,
    between: tuple[int, int] | None,
) -> dict[str, Any]:
    """Arguments of a Query for some attributes of one partition."""
    condition = "#jobId = :jobId"
    values: Item = {":jobId": {"S": name}}
    if between:
        condition += " AND #batchId BETWEEN :first AND :last"
        values |= {":first": rows.number(between[0]), ":last": rows.number(between[1])}
    projection = ", ".join(f"#{attribute}" for attribute in names)
    query: dict[str, Any] = {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": condition,
        "ProjectionExpression": projection,
    }
    if states is None or BatchState.DONE in states:
        query["Limit"] = (
            ROWS_AT_ONCE  # where few rows pass, pages are a megabyte before the filter, so that they are few
        )
    text = ""
    if states is not None:
        wanted = {f":wanted{state}": {"S": str(state)} for state in states}
        text = f"#state IN ({', '.join(wanted)})"
        if BatchState.DONE in states:
            text += " OR attribute_not_exists(#state)"
        query["FilterExpression"] = text
        values |= wanted
    names_used = names_in(condition, projection, text)
    return {**query, "ExpressionAttributeNames": names_used, "ExpressionAttributeValues": values}
