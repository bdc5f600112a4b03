"""The budget that leaves a user least."""

from __future__ import annotations

from skyburst.budgets.records import Payer, Standing, applying
from skyburst.homes.home import Home
from skyburst.prices.money import usd
from skyburst.web.documents import Budget


def budget_of(home: Home, group: str | None, user: str | None, analysis: str | None, now: float) -> Budget:
    """Of all budgets that a job would be paid from, the one that has least left; one without numbers where there is none.

    Args:
        home: whose budgets.
        group: that pays.
        user: who runs the job.
        analysis: of the job; None for budgets that are not about an analysis.
        now: seconds since the epoch.
    """
    if home.paying is None:
        return Budget(group=group, name=None, limit_usd=None, spent_usd=0.0, reserved_usd=0.0, left_usd=None)
    budgets = home.budgets
    found = [
        (entry.name, Standing(entry.setting, entry.account, *budgets.account(entry.account)))
        for entry in applying(budgets.budgets(), Payer(group, user, analysis or ""), now)
        if analysis is not None or entry.account.scope.analysis is None
    ]
    if not found:
        return Budget(group=group, name=None, limit_usd=None, spent_usd=0.0, reserved_usd=0.0, left_usd=None)
    name, least = min(found, key=lambda entry: entry[1].left)
    return Budget(
        group=group, name=name, limit_usd=usd(least.budget.limit), spent_usd=usd(least.spent),
        reserved_usd=usd(least.reserved), left_usd=usd(least.left),
    )  # fmt: skip
