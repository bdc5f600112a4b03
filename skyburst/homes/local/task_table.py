"""The task table in SQLite: durable after every call, safe for several programs at once."""

from __future__ import annotations

import json
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord, Claim, Delivery, Failure, JobRecord, Outcome, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import IdempotencyConflict, JobNotFound
from skyburst.sqlite_file import Execute, Layout, errors, open_file, transaction

ROWS_AT_ONCE = 256
MOST_FAILURES = 20
"""Failures kept for each batch, the latest."""

NOT_KNOWN = (None, None, None)

FORMAT = 4
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    idempotency_key TEXT UNIQUE,
    state TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS batches (
    job INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    items INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    reference TEXT,
    started_at REAL,
    seconds REAL,
    spent REAL NOT NULL DEFAULT 0,
    deadline REAL,
    peak_memory_mb REAL,
    log TEXT,
    failures TEXT,
    item_errors TEXT,
    item_error_count INTEGER NOT NULL DEFAULT 0,
    lane INTEGER,
    sent_at REAL,
    cold_s REAL,
    token TEXT,
    PRIMARY KEY (job, batch_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payloads (
    job INTEGER NOT NULL,
    batch_id INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (job, batch_id)
);
PRAGMA user_version = {FORMAT};
"""
"""Partial results lie in a table of their own, so that counting batches reads none of them."""

NEXT_FORMAT = {
    2: """
BEGIN IMMEDIATE;
ALTER TABLE batches ADD COLUMN lane INTEGER;
ALTER TABLE batches ADD COLUMN sent_at REAL;
ALTER TABLE batches ADD COLUMN cold_s REAL;
PRAGMA user_version = 3;
COMMIT;
""",
    3: """
BEGIN IMMEDIATE;
ALTER TABLE batches ADD COLUMN token TEXT;
PRAGMA user_version = 4;
COMMIT;
""",
}
"""Brings a file of an older format to the next one."""

RECORD = """
INSERT INTO batches (job, batch_id, state, attempt, items, size, reference, started_at, seconds, peak_memory_mb, log, item_errors,
                     item_error_count, spent, lane, sent_at, cold_s)
VALUES (?, ?, 'DONE', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job, batch_id) DO UPDATE SET
    state = 'DONE', attempt = excluded.attempt, items = excluded.items, size = excluded.size, reference = excluded.reference,
    started_at = excluded.started_at, seconds = excluded.seconds, deadline = NULL, peak_memory_mb = excluded.peak_memory_mb,
    log = excluded.log, item_errors = excluded.item_errors, item_error_count = excluded.item_error_count,
    spent = batches.spent + excluded.seconds, lane = excluded.lane, sent_at = excluded.sent_at, cold_s = excluded.cold_s
WHERE batches.state <> 'DONE'
"""
CLAIM = """
INSERT INTO batches (job, batch_id, state, attempt, started_at, deadline, token) VALUES (?, ?, 'RUNNING', ?, ?, ?, ?)
ON CONFLICT (job, batch_id) DO UPDATE SET
    state = 'RUNNING', attempt = excluded.attempt, started_at = excluded.started_at, deadline = excluded.deadline,
    token = excluded.token
WHERE batches.state <> 'DONE' AND (
    batches.attempt < excluded.attempt
    OR batches.attempt = excluded.attempt AND batches.state = 'RUNNING'
        AND (batches.token = excluded.token OR batches.deadline <= excluded.started_at)
)
"""
COUNT_RUNNING = """
UPDATE batches SET spent = spent + max(0.0, min(?, coalesce(deadline, ?)) - started_at)
WHERE job = ? AND state = 'RUNNING' AND started_at IS NOT NULL
"""
RECORD_FAILURE = """
INSERT INTO batches (job, batch_id, state, attempt, items, started_at, seconds, peak_memory_mb, log, failures, spent,
                     lane, sent_at, cold_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job, batch_id) DO UPDATE SET
    state = excluded.state, attempt = excluded.attempt, items = excluded.items, started_at = excluded.started_at,
    seconds = excluded.seconds, deadline = NULL, peak_memory_mb = excluded.peak_memory_mb, log = excluded.log,
    failures = excluded.failures, spent = batches.spent + excluded.seconds, lane = excluded.lane, sent_at = excluded.sent_at,
    cold_s = excluded.cold_s
WHERE batches.state <> 'DONE'
"""
COUNTS = """
SELECT state, count(*), total(items), total(item_error_count),
    total(CASE WHEN failures IS NULL THEN 0 ELSE json_array_length(failures) END), total(spent)
FROM batches WHERE job = ? GROUP BY state
"""
BATCH_COLUMNS = (
    "batch_id, state, attempt, items, size, started_at, seconds, deadline, peak_memory_mb, log, lane, sent_at, cold_s,"
    " failures, item_errors"
)


LAYOUT = Layout(
    "the task table", FORMAT, SCHEMA, NEXT_FORMAT, "free some space and resume the job",
    "put back a copy of it, or name another state folder: results are in `jobs/` beside it",
)  # fmt: skip


class SqliteTaskTable:
    """The task table port over one SQLite file in write-ahead mode, synchronised to disk at every commit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers: dict[str, int] = {}
        self._connection = open_file(path, LAYOUT)
        weakref.finalize(self, self._connection.close)  # for those who do not close it

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def create_job(self, job: JobRecord) -> JobRecord:
        """Store a new job, or return the one with the same id or idempotency key."""
        key = job.spec.get("idempotency_key")
        with self._transaction() as execute:
            row = execute(
                "SELECT job_id FROM jobs WHERE job_id = ? OR idempotency_key = ?", (job.job_id, key)
            ).fetchone()
            if row is None:
                execute(
                    "INSERT INTO jobs (job_id, idempotency_key, state, record) VALUES (?, ?, ?, ?)",
                    (job.job_id, key, job.state, _job_to_text(job)),
                )
                return job
        earlier = self.job(row[0])
        if earlier.spec != values.decode(values.encode(job.spec)):
            what = f"the id {job.job_id!r}" if earlier.job_id == job.job_id else f"the idempotency key {key!r}"
            raise IdempotencyConflict(
                f"{what} belongs to job {earlier.job_id}, whose specification differs: use another one"
            )
        return earlier

    def job(self, job_id: str) -> JobRecord:
        """One job."""
        with errors(self.path, LAYOUT):
            row = self._connection.execute(
                "SELECT cancel_requested, record FROM jobs WHERE job_id = ?", (job_id,)
            ).fetchone()
        if row is None:
            raise self._not_found(job_id)
        return _job_from_row(row)

    def jobs(
        self, states: Collection[JobState] | None = None, *, user: str | None = None, after: str | None = None
    ) -> Iterator[JobRecord]:
        """All jobs, or some, newest first."""
        condition = f" AND state IN ({', '.join('?' * len(states))})" if states is not None else ""
        before = 2**62 if after is None else self._number(after)
        while True:
            with errors(self.path, LAYOUT):
                rows = self._connection.execute(
                    f"SELECT number, cancel_requested, record FROM jobs WHERE number < ?{condition} ORDER BY number DESC LIMIT ?",
                    (before, *(states or ()), ROWS_AT_ONCE),
                ).fetchall()
            for number, *row in rows:
                before, job = number, _job_from_row(row)
                if user is None or job.spec.get("user") == user:
                    yield job
            if len(rows) < ROWS_AT_ONCE:
                return

    def update_job(
        self, job: JobRecord, *, expected: Collection[JobState] | None = None, run: int | None = None
    ) -> bool:
        """Store a job's record if its stored state, and number of runs, is the expected one."""
        condition = f" AND state IN ({', '.join('?' * len(expected))})" if expected is not None else ""
        condition += " AND json_extract(record, '$.runs') = ?" if run is not None else ""
        with self._transaction() as execute:
            cursor = execute(
                f"UPDATE jobs SET state = ?, record = ? WHERE job_id = ?{condition}",
                (job.state, _job_to_text(job), job.job_id, *(expected or ()), *(() if run is None else (run,))),
            )
            updated: bool = cursor.rowcount == 1
        return updated

    def request_cancel(self, job_id: str, *, requested: bool = True) -> None:
        """Ask for the end of a job, or take that back."""
        with self._transaction() as execute:
            cursor = execute("UPDATE jobs SET cancel_requested = ? WHERE job_id = ?", (int(requested), job_id))
        if not cursor.rowcount:
            raise self._not_found(job_id)

    def cancel_requested(self, job_id: str) -> bool:
        """Whether somebody asked for the end of a job; cheaper than reading the job."""
        with errors(self.path, LAYOUT):
            row = self._connection.execute("SELECT cancel_requested FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        if row is None:
            raise self._not_found(job_id)
        return bool(row[0])

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its batches."""
        number = self._number(job_id)
        with self._transaction() as execute:
            execute("DELETE FROM payloads WHERE job = ?", (number,))
            execute("DELETE FROM batches WHERE job = ?", (number,))
            execute("DELETE FROM jobs WHERE number = ?", (number,))
        del self._numbers[job_id]

    def record(self, job_id: str, outcomes: Sequence[Outcome]) -> int:
        """Record partial results, each unless its batch is DONE already."""
        job = self._number(job_id)
        outcomes = list({outcome.batch_id: outcome for outcome in reversed(outcomes)}.values())  # the first of each
        rows = [
            (
                job, o.batch_id, o.attempt, o.items, o.size, o.reference, o.started_at, o.seconds, o.peak_memory_mb,
                values.encode(o.log).decode() if o.log else None,
                json.dumps(o.item_errors) if o.item_errors else None,
                _count_errors(o.item_errors), o.seconds, *(o.delivery or NOT_KNOWN)[:3],
            )
            for o in outcomes
        ]  # fmt: skip
        payloads = [(job, o.batch_id, o.payload, job, o.batch_id) for o in outcomes if o.payload is not None]
        with self._transaction():
            # Payloads first: which of two deliveries wins must be the same in both tables.
            if payloads:
                self._connection.executemany(
                    "INSERT INTO payloads (job, batch_id, payload) SELECT ?, ?, ? WHERE NOT EXISTS"
                    " (SELECT 1 FROM batches WHERE job = ? AND batch_id = ? AND state = 'DONE') ON CONFLICT DO NOTHING",
                    payloads,
                )
            return self._connection.executemany(RECORD, rows).rowcount

    def record_failure(self, job_id: str, outcome: Outcome, state: BatchState, *, token: str | None = None) -> bool:
        """Note a failed attempt of a batch that is not DONE; with a token, only if it is RUNNING by that claim."""
        job = self._number(job_id)
        assert outcome.failure is not None
        with self._transaction() as execute:
            row = execute(
                "SELECT failures, state, token FROM batches WHERE job = ? AND batch_id = ?", (job, outcome.batch_id)
            ).fetchone()
            if token is not None and (row is None or row[1:] != (BatchState.RUNNING, token)):
                return False
            failures = json.loads(row[0]) if row and row[0] else []
            failures = [*failures, list(outcome.failure)][-MOST_FAILURES:]
            cursor = execute(
                RECORD_FAILURE,
                (
                    job, outcome.batch_id, state, outcome.attempt, outcome.items, outcome.started_at, outcome.seconds,
                    outcome.peak_memory_mb, json.dumps(outcome.log) if outcome.log else None, json.dumps(failures),
                    outcome.seconds, *(outcome.delivery or NOT_KNOWN)[:3],
                ),
            )  # fmt: skip
            noted: bool = cursor.rowcount == 1
        return noted

    def claim(self, job_id: str, claims: Sequence[Claim]) -> set[int]:
        """Mark batches as RUNNING that are neither DONE nor somebody else's; those that were granted."""
        job = self._number(job_id)
        with self._transaction() as execute:
            return {claim.batch_id for claim in claims if execute(CLAIM, (job, *claim)).rowcount}

    def release(self, job_id: str, states: Collection[BatchState], *, ended_at: float | None = None) -> None:
        """Set batches in these states to PENDING with no attempts counted; seconds of those that RAN until a time count."""
        job = self._number(job_id)
        with self._transaction() as execute:
            if ended_at is not None and BatchState.RUNNING in states:
                execute(COUNT_RUNNING, (ended_at, ended_at, job))
            execute(
                "UPDATE batches SET state = 'PENDING', attempt = 0, deadline = NULL, token = NULL WHERE job = ? AND state IN"
                f" ({', '.join('?' * len(states))})",
                (job, *states),
            )

    def progress(self, job_id: str) -> Progress:
        """Counts, without reading partial results."""
        job = self.job(job_id)
        plan = job.plan or {}
        progress = Progress(job.state, batches=plan.get("batches", 0), items=plan.get("items", 0))
        with errors(self.path, LAYOUT):
            rows = self._connection.execute(COUNTS, (self._number(job_id),)).fetchall()
        for state, count, items, item_errors, failures, spent in rows:
            progress.worker_seconds += spent
            progress.item_errors += int(item_errors)
            progress.retries += int(failures)
            if state == BatchState.DONE:
                progress.done, progress.items_done = count, int(items)
            elif state == BatchState.FAILED:
                progress.failed = count
                progress.retries -= count
            elif state == BatchState.RUNNING:
                progress.running = count
        return progress

    def batch(self, job_id: str, batch_id: int) -> BatchRecord | None:
        """One batch, or None when nothing was recorded of it."""
        with errors(self.path, LAYOUT):
            row = self._connection.execute(
                f"SELECT {BATCH_COLUMNS} FROM batches WHERE job = ? AND batch_id = ?",
                (self._number(job_id), batch_id),
            ).fetchone()
        return _batch_from_row(row) if row else None

    def batches(self, job_id: str, states: Collection[BatchState] | None = None) -> Iterator[BatchRecord]:
        """Batches of which something was recorded, in order."""
        condition = f" AND state IN ({', '.join('?' * len(states))})" if states is not None else ""
        query = (
            f"SELECT {BATCH_COLUMNS} FROM batches WHERE job = ? AND batch_id > ?{condition}"
            f" ORDER BY batch_id LIMIT {ROWS_AT_ONCE}"
        )
        for row in self._pages(query, job_id, -1, tuple(states or ())):
            yield _batch_from_row(row)

    def partial_results(self, job_id: str, first: int, last: int) -> Iterator[Stored]:
        """Partial results of the DONE batches in `[first, last)`, in order."""
        query = (
            "SELECT b.batch_id, p.payload, b.reference FROM batches b LEFT JOIN payloads p"
            " ON p.job = b.job AND p.batch_id = b.batch_id"
            " WHERE b.job = ? AND b.batch_id > ? AND b.batch_id < ? AND b.state = 'DONE'"
            f" ORDER BY b.batch_id LIMIT {ROWS_AT_ONCE}"
        )
        for batch_id, payload, reference in self._pages(query, job_id, first - 1, (last,)):
            yield Stored(batch_id, payload, reference)

    def done_ranges(self, job_id: str) -> Iterator[tuple[int, int]]:
        """Half-open ranges of the DONE batches, in order."""
        query = (
            "SELECT batch_id FROM batches WHERE job = ? AND batch_id > ? AND state = 'DONE'"
            f" ORDER BY batch_id LIMIT {ROWS_AT_ONCE}"
        )
        first = last = None
        for (batch_id,) in self._pages(query, job_id, -1, ()):
            if last is not None and first is not None and batch_id != last:
                yield first, last
                first = None
            first = batch_id if first is None else first
            last = batch_id + 1
        if first is not None and last is not None:
            yield first, last

    def _pages(self, query: str, job_id: str, after: int, rest: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """Rows of a query whose first column is the batch, page by page: no read transaction stays open between pages."""
        job = self._number(job_id)
        while True:
            with errors(self.path, LAYOUT):
                rows = self._connection.execute(query, (job, after, *rest)).fetchall()
            for row in rows:
                after = row[0]
                yield row
            if len(rows) < ROWS_AT_ONCE:
                return

    def _number(self, job_id: str) -> int:
        if job_id not in self._numbers:
            with errors(self.path, LAYOUT):
                row = self._connection.execute("SELECT number FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
            if row is None:
                raise self._not_found(job_id)
            self._numbers[job_id] = row[0]
        return self._numbers[job_id]

    def _not_found(self, job_id: str) -> JobNotFound:
        return JobNotFound(f"there is no job {job_id!r} in {self.path.parent}; `skyburst jobs` lists them")

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with errors(self.path, LAYOUT), transaction(self._connection) as execute:
            yield execute


def _count_errors(item_errors: list[dict[str, Any]] | None) -> int:
    return sum(entry.get("count", 1) for entry in item_errors or ())


def _job_to_text(job: JobRecord) -> str:
    document = {name: getattr(job, name) for name in JobRecord.__slots__ if name != "cancel_requested"}
    return values.encode(document).decode()


def _job_from_row(row: Sequence[Any]) -> JobRecord:
    cancel_requested, text = row
    document = json.loads(text)
    return JobRecord(**{**document, "state": JobState(document["state"]), "cancel_requested": bool(cancel_requested)})


def _batch_from_row(row: Sequence[Any]) -> BatchRecord:
    (
        batch_id,
        state,
        attempt,
        items,
        size,
        started_at,
        seconds,
        deadline,
        peak,
        log,
        *delivery,
        failures,
        item_errors,
    ) = row
    return BatchRecord(
        batch_id, BatchState(state), attempt, items, size, started_at, seconds, deadline, peak,
        tuple(json.loads(log)) if log else None,
        Delivery(*delivery) if delivery[0] is not None else None,
        [Failure(*entry) for entry in json.loads(failures)] if failures else [],
        json.loads(item_errors) if item_errors else [],
    )  # fmt: skip
