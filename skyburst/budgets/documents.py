"""Budgets, and what a job is paid from, as JSON documents; USD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyburst.budgets.records import DEFAULT, Reservation, ReservationState, Scope, Standing, applying
from skyburst.prices.money import usd

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home


def budget_document(entry: Standing) -> dict[str, Any]:
    """How a budget stands."""
    each = entry.account.scope == DEFAULT
    scope = dict.fromkeys(Scope._fields) if each else entry.account.scope._asdict()
    return {
        **scope,
        "default": each,
        "period": str(entry.account.period),
        "month": entry.account.month or None,
        "limit": usd(entry.budget.limit),
        "spent": usd(entry.spent),
        "reserved": usd(entry.reserved),
        "left": usd(entry.left),
        "over": usd(entry.over),
    }


def paid_from(home: Home, job: JobRecord) -> tuple[Reservation, list[tuple[str, Standing]]] | None:
    """What is reserved for a job, and the budgets that it is paid from, with their names; None when there are none."""
    from skyburst.budgets.paying import payer_of

    if home.paying is None:
        return None
    budgets = home.budgets
    found = budgets.reservation(job.job_id)
    if found is None:
        return None
    entries = applying(budgets.budgets(), payer_of(job), found.at)
    standings = [Standing(entry.setting, entry.account, *budgets.account(entry.account)) for entry in entries]
    return found, [(entry.name, standing) for entry, standing in zip(entries, standings, strict=True)]


def paid_document(home: Home, job: JobRecord) -> dict[str, Any] | None:
    """The same as a document."""
    paid = paid_from(home, job)
    if paid is None:
        return None
    found, standings = paid
    reserved = found.amount if found.state is ReservationState.RESERVED else 0
    return {
        "reserved": usd(reserved),
        "spent": usd(found.spent),
        "budgets": [{"name": name, **budget_document(standing)} for name, standing in standings],
    }
