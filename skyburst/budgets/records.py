"""Budgets, reservations, and the rules between them. Amounts are whole micro-dollars. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from skyburst.contracts.refusals import GROUP, NAME
from skyburst.errors import Invalid
from skyburst.prices.money import Micros, exact

LONGEST_USER = 200
EACH = "*"
"""In place of a group and an analysis: each pair of them by itself, as the default of those that have no budget of their own."""


class Period(StrEnum):
    """What a budget is for."""

    MONTHLY = "monthly"
    """Anew with each month, UTC."""
    LIFETIME = "lifetime"
    """Once, for ever."""


class Scope(NamedTuple):
    """Whose spending is counted together; None is everybody's or everything's."""

    group: str | None = None
    user: str | None = None
    analysis: str | None = None

    @property
    def name(self) -> str:
        """For people, such as `group lab1, analysis caiman`."""
        named = [f"{field} {value}" for field, value in zip(self._fields, self, strict=True) if value is not None]
        return ", ".join(named)

    @property
    def key(self) -> str:
        """For tables; no two scopes have the same."""
        return "|".join("" if value is None else f"={_escaped(value)}" for value in self)

    def covers(self, payer: Payer) -> bool:
        """Whether what a payer spends counts here."""
        return all(mine is None or mine == theirs for mine, theirs in zip(self, payer, strict=True))


class Payer(NamedTuple):
    """Who pays for a job."""

    group: str | None
    user: str | None
    analysis: str


DEFAULT = Scope(EACH, None, EACH)
"""Of each group and analysis that have no budget of their own together."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent."""

    scope: Scope
    period: Period
    limit: Micros

    @property
    def name(self) -> str:
        """For people, such as `the monthly budget of group lab1`."""
        of = "each group and analysis" if self.scope == DEFAULT else self.scope.name
        return f"the {self.period} budget of {of}"


class Account(NamedTuple):
    """What is counted of one budget in one of its periods."""

    scope: Scope
    period: Period
    month: str
    """`2026-11`; empty for a lifetime."""

    @property
    def key(self) -> str:
        """For tables."""
        return f"{self.month or self.period}|{self.scope.key}"


class Applying(NamedTuple):
    """A budget that a job is paid from."""

    account: Account
    limit: Micros
    setting: Budget
    """Where the limit is from."""

    @property
    def name(self) -> str:
        """For people."""
        month = f" ({self.account.month})" if self.account.month else ""
        default = ", the default" if self.setting.scope == DEFAULT else ""
        return f"the {self.account.period} budget of {self.account.scope.name}{month}{default}"


class Standing(NamedTuple):
    """Where a budget is."""

    budget: Budget
    account: Account
    spent: Micros
    reserved: Micros
    """Of jobs that have not ended."""

    @property
    def left(self) -> Micros:
        """What may still be reserved; 0 when nothing is left."""
        return max(0, self.budget.limit - self.spent - self.reserved)

    @property
    def over(self) -> Micros:
        """How much more is spent and reserved than the limit: of jobs that cost more than was kept, or since it was lowered."""
        return max(0, self.spent + self.reserved - self.budget.limit)


class Reserved(NamedTuple):
    """A job's amount is kept for it in all budgets that apply."""

    job_id: str
    amount: Micros
    accounts: tuple[str, ...]
    """Keys of the accounts; none when no budget applies."""


class Refused(NamedTuple):
    """A budget has not enough left; nothing was reserved in any."""

    job_id: str
    budget: str
    """Which one, for people."""
    limit: Micros
    spent: Micros
    reserved: Micros
    asked: Micros

    @property
    def reason(self) -> str:
        """One sentence."""
        left = self.limit - self.spent - self.reserved
        has = f"{exact(left)} USD left" if left >= 0 else f"nothing left and is over its limit by {exact(-left)} USD"
        return (
            f"{self.budget} has {has}, and this job may cost up to {exact(self.asked)} USD: "
            f"limit {exact(self.limit)}, spent {exact(self.spent)}, reserved by jobs that have not ended {exact(self.reserved)}"
        )


class ReservationState(StrEnum):
    """Where a reservation is in its life."""

    RESERVED = "RESERVED"
    SETTLED = "SETTLED"
    """The job has ended, and what it cost is spent."""
    RELEASED = "RELEASED"
    """The job never ran, and nothing is spent."""


class Reservation(NamedTuple):
    """What is kept for a job, and what it has spent."""

    job_id: str
    payer: Payer
    state: ReservationState
    amount: Micros
    """Kept while RESERVED."""
    spent: Micros
    """In all its runs that were settled."""
    at: float
    """When it was reserved, seconds since the epoch."""
    accounts: tuple[str, ...]


def month_of(now: float) -> str:
    """Such as `2026-11`, UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def account_of(scope: Scope, period: Period, now: float) -> Account:
    """Where spending of now is counted."""
    return Account(scope, period, month_of(now) if period is Period.MONTHLY else "")


def applying(budgets: Iterable[Budget], payer: Payer, now: float) -> list[Applying]:
    """The budgets that a job is paid from, the narrowest first.

    The default counts for a group and an analysis that have no budget of their own together, of either period.
    """
    known = list(budgets)
    found = [
        Applying(account_of(budget.scope, budget.period, now), budget.limit, budget)
        for budget in known
        if budget.scope != DEFAULT and budget.scope.covers(payer)
    ]
    own = Scope(payer.group, None, payer.analysis)
    if payer.group is not None and not any(budget.scope == own for budget in known):
        found += [
            Applying(account_of(own, budget.period, now), budget.limit, budget)
            for budget in known
            if budget.scope == DEFAULT
        ]
    return sorted(found, key=lambda entry: (entry.account.scope.count(None), entry.account.key))


def standings_of(
    budgets: Iterable[Budget], counted: Mapping[Account, tuple[Micros, Micros]], now: float
) -> list[Standing]:
    """Where all budgets are.

    Args:
        budgets: all of them.
        counted: what is spent and reserved of the accounts that there are.
        now: seconds since the epoch.
    """
    known = list(budgets)
    own = {budget.scope for budget in known}
    found = []
    for budget in known:
        account = account_of(budget.scope, budget.period, now)
        found.append(Standing(budget, account, *counted.get(account, (0, 0))))
        if budget.scope != DEFAULT:
            continue
        for account, amounts in sorted(counted.items(), key=lambda entry: entry[0].key):
            group, user, analysis = account.scope
            if group is None or user is not None or analysis is None or account.scope in own:
                continue
            if account == account_of(account.scope, budget.period, now):
                found.append(Standing(Budget(account.scope, budget.period, budget.limit), account, *amounts))
    return found


def account_from(parts: Any) -> Account:
    """An account, of the list that JSON made of it."""
    scope, period, month = parts
    return Account(Scope(*scope), Period(period), month)


def scope_of(group: str | None, user: str | None, analysis: str | None) -> Scope:
    """Check a scope that somebody gave.

    Raises:
        Invalid: naming the value and what was expected.
    """
    if group is None and user is None and analysis is None:
        raise Invalid("a budget is of a group, a user, an analysis, or some of them together: name at least one")
    if group is not None and not re.search(GROUP, group):
        raise Invalid(f"group is {group!r}: expected letters, digits, - and _, as in a job specification")
    if analysis is not None and not re.search(NAME, analysis):
        raise Invalid(f"analysis is {analysis!r}: expected the name of one, in lower-case letters, digits and -")
    if user is not None and (not user.strip() or len(user) > LONGEST_USER or not user.isprintable()):
        raise Invalid(f"user is {user!r}: expected a name of at most {LONGEST_USER} characters")
    return Scope(group, user, analysis)


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("|", "%7C").replace("#", "%23")
