"""Budgets in DynamoDB: one table, whose items are told apart by how their `id` begins.

budgets             version, budgets: all budgets as JSON text, which every reservation reads
account#ACCOUNT     kind `account`, created, parts, spent, reserved, used: what a budget counts in a period, used their sum
job#JOB             kind `reserved` while it is one, created, version, payer, state, amount, spent, at, accounts

A reservation is one transaction: the budgets are as they were read (their version), each account has room (`used` is at most the
limit less the amount: conditions of DynamoDB cannot add, which is why the sum is kept), and the job has no reservation yet. So
all of it is written or nothing, whoever else writes. Transactions that meet are cancelled and tried again after a while.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from skyburst.budgets.records import (
    Account,
    Applying,
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
from skyburst.contracts import values
from skyburst.errors import StorageError
from skyburst.homes.aws.calls import Calls, ConditionFailed, Item
from skyburst.homes.aws.expressions import check, put, update
from skyburst.homes.aws.rows import number, text, whole
from skyburst.prices.money import Micros

SETTINGS: Item = {"id": {"S": "budgets"}}
ACCOUNT, JOB = "account#", "job#"
NEW = "attribute_not_exists(#id)"
MOST_BYTES = 380 * 1024
"""Of all budgets as JSON: an item holds 400 KB."""
CONTENDED_S = 60.0
"""For so long a transaction is tried again that others were faster than."""
LONGEST_PAUSE_S = 0.5
NS = 1_000_000_000


class Settings(NamedTuple):
    """All budgets, as of one moment."""

    version: int
    budgets: list[Budget]


class DynamoBudgets:
    """The budgets port over one table."""

    def __init__(
        self, client: Any, table: str, *, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep, chance: Callable[[float, float], float] = random.uniform,
    ) -> None:  # fmt: skip
        self.table = table
        self._calls = Calls(client, retry_s=CONTENDED_S)
        self._clock, self._sleep, self._chance = clock, sleep, chance

    def close(self) -> None:
        """The client is its owner's."""

    # Budgets

    def set(self, budget: Budget) -> None:
        """Make a budget, or change its limit."""

        def changed(known: list[Budget]) -> list[Budget]:
            others = [entry for entry in known if (entry.scope, entry.period) != (budget.scope, budget.period)]
            return [*others, budget]

        self._change(changed)

    def remove(self, scope: Scope, period: Period | None = None) -> list[Budget]:
        """Remove budgets of a scope; those that there were."""
        removed: list[Budget] = []

        def changed(known: list[Budget]) -> list[Budget]:
            removed[:] = [entry for entry in known if entry.scope == scope and period in (None, entry.period)]
            return [entry for entry in known if entry not in removed]

        self._change(changed)
        return removed

    def budgets(self) -> list[Budget]:
        """All of them, by their scopes."""
        return self._settings().budgets

    def standings(self, now: float) -> list[Standing]:
        """Where all of them are at a time; accounts are listed with a delay of a second or so."""
        keys = [{"id": {"S": key}} for key in self._calls.newest(self.table, "account", "id")]
        items = self._calls.get_many(self.table, keys)
        counted = {account_from(values.decode(item["parts"]["S"])): _amounts(item) for item in items}
        return standings_of(self.budgets(), counted, now)

    def account(self, account: Account) -> tuple[Micros, Micros]:
        """What is spent and reserved of one."""
        return _amounts(self._calls.get(self.table, _account_key(account.key)) or {})

    # Reservations

    def reserve(self, job_id: str, payer: Payer, amount: Micros, now: float) -> Reserved | Refused:
        """Keep an amount for a job in all budgets that apply, or in none."""
        for _ in self._tries():
            before = self._job(job_id)
            if before is not None and before.found.state is ReservationState.RESERVED:
                return Reserved(job_id, before.found.amount, before.found.accounts)
            settings = self._settings()
            wanted = applying(settings.budgets, payer, now)
            if not wanted:
                return Reserved(job_id, amount, ())
            refused = self._lacking(job_id, wanted, amount)
            if refused is not None:
                return refused
            found = Reservation(
                job_id, payer, ReservationState.RESERVED, amount, before.found.spent if before else 0, now,
                tuple(entry.account.key for entry in wanted),
            )  # fmt: skip
            version = {"version": number(settings.version)}
            writes = [check(self.table, SETTINGS, "#version = :version", version)]
            writes += [self._kept(entry, amount, now) for entry in wanted]
            writes.append(self._stored(found, before))
            if self._written(writes):
                return Reserved(job_id, amount, found.accounts)
        raise self._busy(job_id)

    def settle(self, job_id: str, actual: Micros) -> bool:
        """Put what a job has cost in all its runs in place of what was kept for it."""
        return self._end(job_id, actual)

    def release(self, job_id: str) -> bool:
        """Keep nothing for a job any more."""
        return self._end(job_id, None)

    def reservation(self, job_id: str) -> Reservation | None:
        """What is known of a job."""
        found = self._job(job_id)
        return found.found if found else None

    def outstanding(self) -> Iterator[Reservation]:
        """Those of jobs that are not settled, oldest first; they are listed with a delay of a second or so."""
        keys = list(self._calls.newest(self.table, "reserved", "id"))
        items = self._calls.get_many(self.table, [{"id": {"S": key}} for key in keys])
        found = [stored.found for stored in map(_stored_of, items)]
        waiting = [entry for entry in found if entry.state is ReservationState.RESERVED]
        return iter(sorted(waiting, key=lambda entry: entry.at))

    def _end(self, job_id: str, actual: Micros | None) -> bool:
        for _ in self._tries():
            before = self._job(job_id)
            if before is None or before.found.state is not ReservationState.RESERVED:
                return False
            found = before.found
            more = 0 if actual is None else max(0, actual - found.spent)
            state = ReservationState.RELEASED if actual is None else ReservationState.SETTLED
            writes = [
                update(
                    self.table, _account_key(key), {},
                    add={
                        "reserved": number(-found.amount), "spent": number(more), "used": number(more - found.amount),
                    },
                )
                for key in found.accounts
            ]  # fmt: skip
            writes.append(self._stored(found._replace(state=state, spent=found.spent + more), before))
            if self._written(writes):
                return True
        raise self._busy(job_id)

    def _lacking(self, job_id: str, wanted: Sequence[Applying], amount: Micros) -> Refused | None:
        """The first budget that has not enough left."""
        keys = [_account_key(entry.account.key) for entry in wanted]
        items = {item["id"]["S"]: item for item in self._calls.get_many(self.table, keys)}
        for entry in wanted:
            spent, reserved = _amounts(items.get(ACCOUNT + entry.account.key, {}))
            if spent + reserved + amount > entry.limit:
                return Refused(job_id, entry.name, entry.limit, spent, reserved, amount)
        return None

    def _kept(self, entry: Applying, amount: Micros, now: float) -> Item:
        """Keeps an amount of an account that has room for it."""
        return update(
            self.table, _account_key(entry.account.key), {"kind": {"S": "account"}, "parts": text(entry.account)},
            unless_there={"created": number(int(now * NS)), "spent": number(0)},
            add={"reserved": number(amount), "used": number(amount)},
            condition="attribute_not_exists(#used) OR #used <= :room", values={"room": number(entry.limit - amount)},
        )  # fmt: skip

    def _stored(self, found: Reservation, before: Stored | None) -> Item:
        item = {
            "id": {"S": JOB + found.job_id},
            "created": number(int(found.at * NS)),
            "version": number(before.version + 1 if before else 1),
            "payer": text(found.payer),
            "state": {"S": found.state},
            "amount": number(found.amount),
            "spent": number(found.spent),
            "at": text(found.at),
            "accounts": text(found.accounts),
        }
        if found.state is ReservationState.RESERVED:
            item["kind"] = {"S": "reserved"}
        if before is None:
            return put(self.table, item, NEW)
        return put(self.table, item, "#version = :before", {"before": number(before.version)})

    # The table

    def _settings(self) -> Settings:
        item = self._calls.get(self.table, SETTINGS)
        if item is None:
            return Settings(0, [])
        found = [
            Budget(Scope(*scope), Period(period), limit) for scope, period, limit in values.decode(item["budgets"]["S"])
        ]
        return Settings(int(item["version"]["N"]), found)

    def _change(self, changed: Callable[[list[Budget]], list[Budget]]) -> None:
        for _ in self._tries():
            before = self._settings()
            after = sorted(changed(before.budgets), key=lambda entry: (entry.scope.key, entry.period))
            if after == before.budgets:
                return
            content = text([[entry.scope, entry.period, entry.limit] for entry in after])
            if len(content["S"]) > MOST_BYTES:
                raise StorageError(
                    f"the table {self.table} keeps all budgets in one item, which holds {MOST_BYTES:,} bytes, and these "
                    f"{len(after):,} have {len(content['S']):,}: remove some, or set a default for each group and analysis"
                )
            item = {**SETTINGS, "version": number(before.version + 1), "budgets": content}
            condition = "#version = :before" if before.version else NEW
            wanted = {"before": number(before.version)} if before.version else {}
            if self._written([put(self.table, item, condition, wanted)]):
                return
        raise self._busy("the budgets")

    def _job(self, job_id: str) -> Stored | None:
        item = self._calls.get(self.table, {"id": {"S": JOB + job_id}})
        return _stored_of(item) if item else None

    def _written(self, writes: Sequence[Item]) -> bool:
        """Whether all of it was written; else somebody else was faster."""
        try:
            self._calls.write_together(self.table, writes)
        except ConditionFailed:
            return False
        return True

    def _tries(self) -> Iterator[None]:
        """Turns, with pauses between them: full jitter, so that those who meet do not meet again."""
        end, longest = self._clock() + CONTENDED_S, 0.02
        yield None
        while self._clock() < end:
            self._sleep(self._chance(0, longest))
            longest = min(LONGEST_PAUSE_S, 2 * longest)
            yield None

    def _busy(self, what: str) -> StorageError:
        return StorageError(
            f"the table {self.table}: {what} could not be written for {CONTENDED_S:g} s, others write it: try again"
        )


class Stored(NamedTuple):
    """A reservation, and how many times it was written."""

    found: Reservation
    version: int


def _stored_of(item: Item) -> Stored:
    payer = Payer(*values.decode(item["payer"]["S"]))
    found = Reservation(
        item["id"]["S"].removeprefix(JOB), payer, ReservationState(item["state"]["S"]), int(item["amount"]["N"]),
        int(item["spent"]["N"]), float(values.decode(item["at"]["S"])), tuple(values.decode(item["accounts"]["S"])),
    )  # fmt: skip
    return Stored(found, int(item["version"]["N"]))


def _account_key(key: str) -> Item:
    return {"id": {"S": ACCOUNT + key}}


def _amounts(item: Item) -> tuple[Micros, Micros]:
    return whole(item, "spent"), whole(item, "reserved")
