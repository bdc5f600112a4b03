"""The task table in DynamoDB: durable after every call, safe for several programs at once.

Two tables (`schema.py`), one for jobs (`jobs_table.py`) and one for batches (`rows.py`). The batches of a job are spread over
shards, because a partition of DynamoDB takes 1,000 writes a second; readers merge the shards. Batches are read consistently;
only `jobs` and `cancel_requested` may lag behind, by a second or so.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

from skyburst.contracts.records import BatchRecord, Claim, JobRecord, Outcome, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import StorageError
from skyburst.homes.aws import foreign, rows
from skyburst.homes.aws.calls import RETRY_S, Calls, ConditionFailed, Item, chunks
from skyburst.homes.aws.expressions import delete, put, update
from skyburst.homes.aws.jobs_table import Head, JobsTable
from skyburst.homes.aws.reading import Reader, Shards
from skyburst.homes.aws.schema import FAILURES, ITEM_ERRORS, PARTS, PAYLOAD
from skyburst.homes.aws.seen import Seen
from skyburst.homes.aws.threads import Threads
from skyburst.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = ("jobId", "batchId")

INLINE_BYTES = 1024
"""Longer partial results are items of their own: two writes in a transaction, but counting the rows reads none of them."""
MOST_PAYLOAD_BYTES = 396 * 1024
"""An item holds 400 KB, its key and the names of its attributes included."""
MOST_FAILURES = 20
"""Failures kept for each batch, the latest."""
PARTS_AT_ONCE = 64

NOT_DONE = "attribute_not_exists(#jobId) OR (attribute_exists(#state) AND #state <> :done)"
"""Nothing is there, or a row of ours that is not DONE; a row without a state is another framework's, and DONE."""
DONE = {"done": {"S": BatchState.DONE}}
FREE = (
    f"({NOT_DONE}) AND (attribute_not_exists(#jobId) OR #attempt < :attempt OR "
    "(#attempt = :attempt AND #state = :state AND (#token = :token OR #deadline <= :now)))"
)
"""Of a claim, whose attributes are set: what has not been had by another invocation, or has not come back from it."""
MINE = "#state = :running AND #token = :token"
"""It is RUNNING by this claim."""
PARTIAL = ("batchId", "jobId", "state", "payload", "reference", "apart", *foreign.RESULTS)


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
        self._threads = Threads()
        self._reader = Reader(self._calls, table_name, self._threads)
        self._known: dict[str, Shards] = {}

    def close(self) -> None:
        """End the threads; the client stays open."""
        self._threads.close()

    def create_job(self, job: JobRecord, *, shards: int | None = None) -> JobRecord:
        """Store a new job, or return the one with the same id or idempotency key.

        The number of shards follows from the plan, once there is one. A job whose workers write to the table by themselves, as
        those of burst-compute do, is created with one shard.
        """
        return self._jobs.create(job, shards)

    def earlier(self, job: JobRecord) -> JobRecord | None:
        """The stored job that has the id or the idempotency key of one that is to be created."""
        return self._jobs.earlier(job)

    def job(self, job_id: str) -> JobRecord:
        """One job."""
        return self._jobs.get(job_id)

    def jobs(
        self, states: Collection[JobState] | None = None, *, user: str | None = None, after: str | None = None
    ) -> Iterator[JobRecord]:
        """All jobs, or some, newest first; one created within the last second may not be among them yet."""
        return self._jobs.newest_first(states, user, after)

    def note_users(self) -> int:
        """Have jobs of an earlier version found by their users, too; how many of them there were."""
        return self._jobs.note_users()

    def update_job(
        self, job: JobRecord, *, expected: Collection[JobState] | None = None, run: int | None = None
    ) -> bool:
        """Store a job's record if its stored state, and number of runs, is the expected one."""
        return self._jobs.update(job, expected, run)

    def request_cancel(self, job_id: str, *, requested: bool = True) -> None:
        """Ask for the end of a job, or take that back."""
        self._jobs.request_cancel(job_id, requested=requested)

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody asked for the end of a job, as of a second ago: half the price of a consistent read."""
        return self._jobs.head(job_id, consistent=False).cancel_requested

    def head(self, job_id: str, *, consistent: bool = True) -> Head:
        """What is read often of a job; as of a second ago for half the price. Raises JobNotFound."""
        head = self._jobs.head(job_id, consistent=consistent)
        if head.shards is not None:
            self._known.setdefault(job_id, Shards(job_id, head.shards, head.expires))
        return head

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its batches; the job last, so that what was interrupted can be done again."""
        self._threads.each(self._delete_partition, self.partitions(job_id))
        self._jobs.delete(job_id)
        self._known.pop(job_id, None)

    def partitions(self, job_id: str) -> list[str]:
        """Names of the partitions that hold the batches of a job. Raises JobNotFound."""
        shards = self._shards(job_id)
        return [name for part in PARTS for name in shards.partitions(part)]

    def count_items(self, partitions: Iterable[str]) -> int:
        """How many items there are in partitions: none once their job is deleted."""
        return sum(len(page) for name in partitions for page in self._reader.pages(name, KEY))

    def record(self, job_id: str, outcomes: Sequence[Outcome]) -> int:
        """Record partial results, each unless its batch is DONE already; the number newly DONE."""
        shards = self._shards(job_id, writing=bool(outcomes))
        first = {outcome.batch_id: outcome for outcome in reversed(outcomes)}
        return sum(self._threads.each(partial(self._record, shards), first.values()))

    def record_row(self, job_id: str, batch_id: int, row: Item) -> bool:
        """Store another framework's row, as it is, unless its batch is DONE already; whether it was stored."""
        shards = self._shards(job_id, writing=True)
        item = {**row, **shards.key(batch_id)}
        try:
            self._calls.call("put_item", self.name, **put(self.name, item, NOT_DONE, DONE)["Put"])
        except ConditionFailed:
            return False
        return True

    @contextlib.contextmanager
    def only_foreign_rows(self, job_id: str, keep: Callable[[list[Item]], None] = lambda _: None) -> Iterator[None]:
        """Set aside the rows of batches that are not DONE, and put them back at the end.

        Combiners of burst-compute expect that every row of a job has results. A row that comes meanwhile stays. The rows are
        handed to `keep` first, for `put_back` if this program does not live to do it.
        """
        shards = self._shards(job_id)
        undone = [state for state in BatchState if state is not BatchState.DONE]
        found = list(self._reader.merged(shards, rows.NOT_DONE_NAMES, states=undone))

        def remove(row: Item) -> None:
            entry = delete(self.name, {name: row[name] for name in KEY}, "attribute_exists(#state)")["Delete"]
            with contextlib.suppress(ConditionFailed):  # its worker has ended after all
                self._calls.call("delete_item", self.name, **entry)

        keep(found)
        try:
            self._threads.each(remove, found)
            yield
        finally:
            self.put_back(found)

    def put_back(self, found: Sequence[Item]) -> None:
        """Put back rows that were set aside, where there are none now."""

        def put_one(row: Item) -> None:
            entry = put(self.name, row, "attribute_not_exists(#jobId)")["Put"]
            with contextlib.suppress(ConditionFailed):
                self._calls.call("put_item", self.name, **entry)

        self._threads.each(put_one, found)

    def states(self, job_ids: Sequence[str]) -> dict[str, JobState]:
        """States of those of these jobs that exist, without reading their records."""
        return self._jobs.states(job_ids)

    def jobs_of_keys(self, keys: Sequence[str]) -> dict[str, str]:
        """Ids of the jobs of those of these idempotency keys that have one."""
        return self._jobs.of_keys(keys)

    def some_jobs(self, job_ids: Sequence[str]) -> Iterator[JobRecord]:
        """Those of these jobs that exist."""
        return self._jobs.some(job_ids)

    def record_failure(self, job_id: str, outcome: Outcome, state: BatchState, *, token: str | None = None) -> bool:
        """Note a failed attempt of a batch that is not DONE; with a token, only if it is RUNNING by that claim."""
        assert outcome.failure is not None
        shards = self._shards(job_id, writing=True)
        key, apart = shards.key(outcome.batch_id), shards.key(outcome.batch_id, FAILURES)
        while True:
            row = self._calls.get(self.name, key)
            if row and rows.state_of(row) is BatchState.DONE:
                return False
            if token is not None and not (row and rows.is_running_by(row, token)):
                return False
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
                    **shards.expiry,
                },
                add={"spent": rows.seconds(outcome.seconds)},
                condition=f"({NOT_DONE if token is None else MINE}) AND (attribute_not_exists(#failed) OR #failed = :before)",
                values={"before": before, **(DONE if token is None else rows.running_by(token))},
            )
            failures = put(self.name, {**apart, "failures": packed, **shards.expiry})
            try:
                self._calls.write_together(self.name, [change, failures])
            except ConditionFailed:
                continue
            return True

    def claim(self, job_id: str, claims: Sequence[Claim]) -> set[int]:
        """Mark batches as RUNNING that are neither DONE nor somebody else's; those that were granted."""
        shards = self._shards(job_id, writing=bool(claims))
        last = {claim.batch_id: claim for claim in claims}

        def mark(claim: Claim) -> int | None:
            changes = {**rows.claimed(claim), **shards.expiry}
            values = {**DONE, "now": rows.time_of(claim.started_at)}
            return claim.batch_id if self._change(shards, claim.batch_id, changes, FREE, values) else None

        return {batch for batch in self._threads.each(mark, last.values()) if batch is not None}

    def release(self, job_id: str, states: Collection[BatchState], *, ended_at: float | None = None) -> None:
        """Set batches in these states to PENDING with no attempts counted. DONE stays DONE. Seconds until a time count."""
        shards = self._shards(job_id)
        released = {f"released{state}": {"S": str(state)} for state in states if state is not BatchState.DONE}
        if not released:
            return
        condition = f"#state IN ({', '.join(f':{name}' for name in released)})"
        changes = {"state": {"S": str(BatchState.PENDING)}, "attempt": rows.number(0), "deadline": None, "token": None}

        def set_back(row: Item) -> None:
            add = {"spent": rows.seconds(rows.ran_s(row, ended_at))} if ended_at is not None else None
            self._change(shards, rows.batch_id_of(row), changes, condition, released, add)

        wanted = [state for state in states if state is not BatchState.DONE]
        names = KEY if ended_at is None else (*KEY, "state", "startedAt", "deadline")
        self._threads.each(set_back, self._reader.merged(shards, names, states=wanted))

    def progress(self, job_id: str) -> Progress:
        """Counts, without reading partial results that are longer than a kilobyte."""
        head = self._jobs.head(job_id)
        shards, numbers = Shards(job_id, head.shards or 1, head.expires), head.numbers
        counts = sum(self._threads.each(partial(self._count, numbers), shards.partitions()), rows.Counts())
        return Progress(head.state, numbers.batches, items=numbers.items, **asdict(counts))

    def batch(self, job_id: str, batch_id: int) -> BatchRecord | None:
        """One batch, or None when nothing was recorded of it."""
        shards = self._shards(job_id)
        row = self._calls.get(self.name, shards.key(batch_id))
        return self._records(shards, self._jobs.head(job_id).numbers, [row])[0] if row else None

    def batches(self, job_id: str, states: Collection[BatchState] | None = None) -> Iterator[BatchRecord]:
        """Batches of which something was recorded, in order."""
        shards, numbers = self._shards(job_id), self._jobs.head(job_id).numbers
        if states is None or states:
            found = self._reader.merged(shards, rows.TOLD, states=states)
            yield from self._threads.ahead(partial(self._records, shards, numbers), chunks(found, PARTS_AT_ONCE))

    def changing(self, job_id: str, seen: Seen) -> Iterator[BatchRecord]:
        """Batches of which something was recorded and that may still change, in order, without failures and item errors."""
        shards = self._shards(job_id)
        ranges = [seen.ranges(shard, shards.number) for shard in range(shards.number)]
        return seen.noting(self._reader.within(shards, rows.WATCHED, ranges))

    def with_failures(self, job_id: str, records: Sequence[BatchRecord]) -> list[BatchRecord]:
        """Records that `changing` gave, with their failures."""
        shards = self._shards(job_id)
        parts = self._parts(shards.key(record.batch_id, FAILURES) for record in records)
        return [
            replace(record, failures=rows.failures_of(parts.get(_name(shards.key(record.batch_id, FAILURES)))))
            for record in records
        ]

    def partial_results(self, job_id: str, first: int, last: int) -> Iterator[Stored]:
        """Partial results of the DONE batches in `[first, last)`, in order."""
        return self.partial_results_except(job_id, first, last, ())

    def partial_results_except(self, job_id: str, first: int, last: int, known: Collection[int]) -> Iterator[Stored]:
        """Partial results of the DONE batches in `[first, last)` that are not among the known ones, in order.

        Rows of known batches are read, as they are for counting, but not the longer results, which are kept apart.
        """
        shards = self._shards(job_id)
        if first < last:
            found = self._reader.merged(shards, PARTIAL, states=[BatchState.DONE], between=(first, last - 1))
            new = (row for row in found if rows.batch_id_of(row) not in known)
            yield from self._threads.ahead(partial(self._stored, shards), chunks(new, PARTS_AT_ONCE))

    def done_ranges(self, job_id: str) -> Iterator[tuple[int, int]]:
        """Half-open ranges of the DONE batches, in order."""
        found = self._reader.merged(self._shards(job_id), KEY, states=[BatchState.DONE])
        yield from rows.ranges(rows.batch_id_of(row) for row in found)

    def _shards(self, job_id: str, *, writing: bool = False) -> Shards:
        """What must be known of a job to find its batches, read once. Raises JobNotFound."""
        known = self._known.get(job_id)
        if known is None:
            head = self._jobs.head(job_id)
            if head.shards is None and writing:
                head = self._jobs.fix_shards(job_id)
            known = Shards(job_id, head.shards or 1, head.expires)
            if head.shards is not None:
                self._known[job_id] = known
        return known

    def _record(self, shards: Shards, outcome: Outcome) -> bool:
        """Record one partial result; whether its batch is newly DONE."""
        by = {"S": secrets.token_hex(4)}
        changes = {**rows.done(outcome), "by": by, **shards.expiry}
        parts = []
        if outcome.payload is not None and len(outcome.payload) <= INLINE_BYTES:
            changes["payload"] = {"B": outcome.payload}
        elif outcome.payload is not None:
            changes["apart"] = {"BOOL": True}
            parts.append({**shards.key(outcome.batch_id, PAYLOAD), "payload": {"B": _fitting(shards.job_id, outcome)}})
        if outcome.item_errors:
            packed = rows.pack_item_errors(outcome.item_errors)
            parts.append({**shards.key(outcome.batch_id, ITEM_ERRORS), "errors": packed})
        spent = {"spent": rows.seconds(outcome.seconds)}
        change = update(self.name, shards.key(outcome.batch_id), changes, add=spent, condition=NOT_DONE, values=DONE)
        change["Update"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            if parts:
                writes = [put(self.name, {**part, **shards.expiry}) for part in parts]
                self._calls.write_together(self.name, [change, *writes])
            else:
                self._calls.call("update_item", self.name, **change["Update"])
        except ConditionFailed as failed:
            # A call whose answer was lost is repeated, and finds what it wrote itself.
            found = failed.found[0]
            return found is not None and found.get("by") == by
        return True

    def _delete_partition(self, name: str) -> None:
        for page in self._reader.pages(name, KEY):
            self._calls.delete_many(self.name, page)

    def _count(self, numbers: rows.Numbers, name: str) -> rows.Counts:
        """Counts of one shard, page by page."""
        return sum((rows.count(page, numbers) for page in self._reader.pages(name, rows.COUNTED)), rows.Counts())

    def _change(
        self,
        shards: Shards,
        batch_id: int,
        changes: rows.Changes,
        condition: str,
        values: Item,
        add: Item | None = None,
    ) -> bool:
        """Change a row if a condition holds; else the batch has ended meanwhile, or is somebody else's, and stays as it is."""
        change = update(self.name, shards.key(batch_id), changes, add=add, condition=condition, values=values)
        try:
            self._calls.call("update_item", self.name, **change["Update"])
        except ConditionFailed:
            return False
        return True

    def _records(self, shards: Shards, numbers: rows.Numbers, found: Sequence[Item]) -> list[BatchRecord]:
        """Rows as records, with the failures and item errors that are kept apart from them."""
        wanted = [
            shards.key(rows.batch_id_of(row), part)
            for row in found
            for part, counter in ((FAILURES, "failed"), (ITEM_ERRORS, "errors"))
            if rows.whole(row, counter)
        ]
        parts = self._parts(wanted)
        return [
            rows.record_of(
                row,
                numbers,
                rows.failures_of(parts.get(_name(shards.key(rows.batch_id_of(row), FAILURES)))),
                rows.item_errors_of(parts.get(_name(shards.key(rows.batch_id_of(row), ITEM_ERRORS)))),
            )
            for row in found
        ]

    def _stored(self, shards: Shards, found: Sequence[Item]) -> list[Stored]:
        """Rows of DONE batches as partial results, with those that are kept apart from them."""
        parts = self._parts(shards.key(rows.batch_id_of(row), PAYLOAD) for row in found if "apart" in row)
        return [self._partial_result(shards, row, parts) for row in found]

    def _partial_result(self, shards: Shards, row: Item, parts: dict[tuple[str, str], Item]) -> Stored:
        batch_id = rows.batch_id_of(row)
        if foreign.is_foreign(row):
            return Stored(batch_id, foreign.payload_of(row), None)
        if "apart" in row:
            part = parts.get(_name(shards.key(batch_id, PAYLOAD)))
            if part is None:
                raise StorageError(
                    f"the table {self.name}: the partial result of batch {batch_id} of job {shards.job_id} is gone: "
                    "the job has expired or was deleted"
                )
            return Stored(batch_id, part["payload"]["B"], None)
        return Stored(batch_id, row.get("payload", {}).get("B"), rows.value(row, "reference"))

    def _parts(self, keys: Iterable[Item]) -> dict[tuple[str, str], Item]:
        return {_name(item): item for item in self._calls.get_many(self.name, keys)}


def _name(item: Item) -> tuple[str, str]:
    """The key of an item, as the key of a dictionary."""
    return item["jobId"]["S"], item["batchId"]["N"]


def _fitting(job_id: str, outcome: Outcome) -> bytes:
    payload = outcome.payload or b""
    if len(payload) > MOST_PAYLOAD_BYTES:
        raise StorageError(
            f"the partial result of batch {outcome.batch_id} of job {job_id} has {len(payload):,} bytes, and an item of "
            f"DynamoDB holds {MOST_PAYLOAD_BYTES:,}: store it as an object and record its reference"
        )
    return payload
