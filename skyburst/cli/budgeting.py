"""Budgets as people and programs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from skyburst.budgets.documents import paid_from
from skyburst.budgets.records import DEFAULT, ReservationState, Scope, Standing, scope_of
from skyburst.cli import text
from skyburst.prices.money import floor_cents, money

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home

BAR = 20
"""Characters."""
LOCAL = "USD are what jobs on this machine would have cost on AWS; nothing was paid"


def scope_given(group: str | None, user: str | None, analysis: str | None, *, default: bool) -> Scope:
    """The scope that options name. Raises Invalid."""
    if not default:
        return scope_of(group, user, analysis)
    if group or user or analysis:
        raise click.UsageError(
            "--default is of every group and analysis: give no --group, --user or --analysis with it"
        )
    return DEFAULT


def budget_lines(standings: list[Standing], home: str) -> list[str]:
    """A table, with a bar of what is spent and reserved, and of home `local` what its numbers mean."""
    rows = [["GROUP", "USER", "ANALYSIS", "PERIOD", "LIMIT USD", "SPENT", "RESERVED", "LEFT", ""]]
    for entry in standings:
        names = [text.printable(name) if name is not None else "-" for name in entry.account.scope]
        if entry.budget.scope == DEFAULT:
            names = ["each", "-", "each"]
        numbers = [
            money(amount) for amount in (entry.budget.limit, entry.spent, entry.reserved, floor_cents(entry.left))
        ]
        over = f" over by {money(entry.over)}" if entry.over else ""
        rows.append([*names, entry.account.month or str(entry.account.period), *numbers, bar(entry) + over])
    return [
        *text.columns(rows, right=frozenset(range(4, 8))),
        "",
        "#  spent   =  reserved by jobs that have not ended   .  left",
        *([LOCAL] if home == "local" else []),
    ]


def _left(standing: Standing) -> str:
    limit = money(standing.budget.limit)
    if standing.over:
        return f"nothing of {limit} USD left, and is over by {money(standing.over)} USD"
    return f"{money(floor_cents(standing.left))} of {limit} USD left"


def bar(entry: Standing) -> str:
    """Such as `[####==..............]`; anything spent or reserved shows."""
    limit = max(1, entry.budget.limit)
    spent = min(BAR, -(-BAR * entry.spent // limit))
    reserved = min(BAR - spent, -(-BAR * entry.reserved // limit))
    return f"[{'#' * spent}{'=' * reserved}{'.' * (BAR - spent - reserved)}]"


def left_lines(home: Home, job: JobRecord) -> list[str]:
    """What is left of the budgets that a job is paid from; nothing when there are none."""
    paid = paid_from(home, job)
    if paid is None:
        return []
    found, standings = paid
    lines = [f"{name} has {_left(standing)}" for name, standing in standings]
    kept = f"{money(found.spent)} USD spent by this job"
    if found.state is ReservationState.RESERVED:
        kept = f"{money(found.amount)} USD kept for this job"
    return [kept, *lines] if lines else []
