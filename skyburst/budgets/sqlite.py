"""Budgets in SQLite: durable after every call, safe for several programs at once.

A reservation is one transaction that has the only right to write from its first look on, so that what it compares is what it
changes.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyburst.budgets.records import (
    Account,
    Budget,
    Payer,
    Period,
    Refused,
    Reservation,
    ReservationState,
    Reserved,
    Scope,
    Standing,
    account_from,
    applying,
    standings_of,
)
from skyburst.prices.money import Micros
from skyburst.sqlite_file import Execute, Layout, errors, open_file, transaction

FORMAT = 1
SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS budgets (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    scope_parts TEXT NOT NULL,
    most INTEGER NOT NULL CHECK (most >= 0),
    PRIMARY KEY (scope, period)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    account TEXT PRIMARY KEY,
    parts TEXT NOT NULL,
    spent INTEGER NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved >= 0)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reservations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    payer TEXT NOT NULL,
    state TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    spent INTEGER NOT NULL,
    at REAL NOT NULL,
    accounts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outstanding ON reservations (number) WHERE state = 'RESERVED';
PRAGMA user_version = {FORMAT};
COMMIT;
"""
RESERVATION = "job_id, payer, state, amount, spent, at, accounts"
LAYOUT = Layout(
    "the budgets", FORMAT, SCHEMA,
    mend="put back a copy of it, or move it and its -wal and -shm away and set the budgets anew (`skyburst budget set`), "
    "which then count from 0; `skyburst usage --by group` tells what was used",
)  # fmt: skip


class SqliteBudgets:
    """The budgets port over one SQLite file in write-ahead mode, synchronised to disk at every commit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = open_file(path, LAYOUT)
        weakref.finalize(self, self._connection.close)  # for those who do not close it

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # Budgets

    def set(self, budget: Budget) -> None:
        """Make a budget, or change its limit."""
        with self._transaction() as execute:
            execute(
                "INSERT INTO budgets (scope, period, scope_parts, most) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (scope, period) DO UPDATE SET most = excluded.most",
                (budget.scope.key, budget.period, json.dumps(budget.scope), budget.limit),
            )

    def remove(self, scope: Scope, period: Period | None = None) -> list[Budget]:
        """Remove budgets of a scope; those that there were."""
        with self._transaction() as execute:
            found = [
                budget for budget in _budgets(execute) if budget.scope == scope and period in (None, budget.period)
            ]
            for budget in found:
                execute("DELETE FROM budgets WHERE scope = ? AND period = ?", (budget.scope.key, budget.period))
        return found

    def budgets(self) -> list[Budget]:
        """All of them, by their scopes."""
        with self._reading() as execute:
            return _budgets(execute)

    def standings(self, now: float) -> list[Standing]:
        """Where all of them are at a time."""
        with self._reading() as execute:
            rows = execute("SELECT parts, spent, reserved FROM accounts ORDER BY account").fetchall()
            return standings_of(
                _budgets(execute), {account_from(json.loads(row[0])): (row[1], row[2]) for row in rows}, now
            )

    def account(self, account: Account) -> tuple[Micros, Micros]:
        """What is spent and reserved of one."""
        with self._reading() as execute:
            return _account(execute, account.key)

    # Reservations

    def reserve(self, job_id: str, payer: Payer, amount: Micros, now: float) -> Reserved | Refused:
        """Keep an amount for a job in all budgets that apply, or in none."""
        with self._transaction() as execute:
            before = _reservation(execute, job_id)
            if before is not None and before.state is ReservationState.RESERVED:
                return Reserved(job_id, before.amount, before.accounts)
            wanted = applying(_budgets(execute), payer, now)
            if not wanted:
                return Reserved(job_id, amount, ())
            for entry in wanted:
                spent, reserved = _account(execute, entry.account.key)
                if spent + reserved + amount > entry.limit:
                    return Refused(job_id, entry.name, entry.limit, spent, reserved, amount)
            for entry in wanted:
                execute(
                    "INSERT INTO accounts (account, parts, spent, reserved) VALUES (?, ?, 0, ?)"
                    " ON CONFLICT (account) DO UPDATE SET reserved = reserved + excluded.reserved",
                    (entry.account.key, json.dumps(entry.account), amount),
                )
            keys = tuple(entry.account.key for entry in wanted)
            execute(
                f"INSERT INTO reservations ({RESERVATION}) VALUES (?, ?, 'RESERVED', ?, 0, ?, ?)"
                " ON CONFLICT (job_id) DO UPDATE SET payer = excluded.payer, state = 'RESERVED', amount = excluded.amount,"
                " at = excluded.at, accounts = excluded.accounts",
                (job_id, json.dumps(payer), amount, now, json.dumps(keys)),
            )
        return Reserved(job_id, amount, keys)

    def settle(self, job_id: str, actual: Micros) -> bool:
        """Put what a job has cost in all its runs in place of what was kept for it."""
        return self._end(job_id, actual)

    def release(self, job_id: str) -> bool:
        """Keep nothing for a job any more."""
        return self._end(job_id, None)

    def _end(self, job_id: str, actual: Micros | None) -> bool:
        with self._transaction() as execute:
            found = _reservation(execute, job_id)
            if found is None or found.state is not ReservationState.RESERVED:
                return False
            more = 0 if actual is None else max(0, actual - found.spent)
            for key in found.accounts:
                execute(
                    "UPDATE accounts SET reserved = reserved - ?, spent = spent + ? WHERE account = ?",
                    (found.amount, more, key),
                )
            state = ReservationState.RELEASED if actual is None else ReservationState.SETTLED
            execute("UPDATE reservations SET state = ?, spent = spent + ? WHERE job_id = ?", (state, more, job_id))
        return True

    def reservation(self, job_id: str) -> Reservation | None:
        """What is known of a job."""
        with self._reading() as execute:
            return _reservation(execute, job_id)

    def outstanding(self) -> Iterator[Reservation]:
        """Those of jobs that are not settled, oldest first."""
        with self._reading() as execute:
            rows = execute(
                f"SELECT {RESERVATION} FROM reservations WHERE state = 'RESERVED' ORDER BY number"
            ).fetchall()
        return iter([_reservation_of(row) for row in rows])

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        with self._lock, errors(self.path, LAYOUT), transaction(self._connection) as execute:
            yield execute

    @contextmanager
    def _reading(self) -> Iterator[Execute]:
        """Reads that all see the same."""
        with self._lock, errors(self.path, LAYOUT):
            self._connection.execute("BEGIN")
            try:
                yield self._connection.execute
            finally:
                self._connection.execute("ROLLBACK")


def _budgets(execute: Execute) -> list[Budget]:
    rows = execute("SELECT scope_parts, period, most FROM budgets ORDER BY scope, period").fetchall()
    return [Budget(Scope(*json.loads(parts)), Period(period), most) for parts, period, most in rows]


def _account(execute: Execute, key: str) -> tuple[Micros, Micros]:
    row = execute("SELECT spent, reserved FROM accounts WHERE account = ?", (key,)).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _reservation(execute: Execute, job_id: str) -> Reservation | None:
    row = execute(f"SELECT {RESERVATION} FROM reservations WHERE job_id = ?", (job_id,)).fetchone()
    return _reservation_of(row) if row else None


def _reservation_of(row: Any) -> Reservation:
    job_id, payer, state, amount, spent, at, accounts = row
    return Reservation(
        job_id, Payer(*json.loads(payer)), ReservationState(state), amount, spent, at, tuple(json.loads(accounts))
    )
