"""The port between budgets and a home: SQLite at home `local`, DynamoDB at home `aws`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from skyburst.budgets.records import Account, Budget, Payer, Period, Refused, Reservation, Reserved, Scope, Standing
from skyburst.prices.money import Micros


class Budgets(Protocol):
    """Budgets, and what is reserved and spent. Every method is safe to call twice and from several programs.

    All of them raise StorageError when what they keep cannot be read or written.
    """

    def set(self, budget: Budget) -> None:
        """Make a budget, or change its limit: what was spent stays."""

    def remove(self, scope: Scope, period: Period | None = None) -> list[Budget]:
        """Remove budgets of a scope, of one period or of both; those that there were.

        What was counted stays: a budget that is made again goes on from it, and jobs that run are still settled.
        """

    def budgets(self) -> list[Budget]:
        """All of them, by their scopes."""

    def standings(self, now: float) -> list[Standing]:
        """Where all of them are at a time; of the default, each group and analysis that has spent or reserved something."""

    def account(self, account: Account) -> tuple[Micros, Micros]:
        """What is spent and reserved of one."""

    def reserve(self, job_id: str, payer: Payer, amount: Micros, now: float) -> Reserved | Refused:
        """Keep an amount for a job in all budgets that apply, or in none.

        Of a job that has a reservation, nothing changes: it is returned. One that was settled or released, as of a job that is
        resumed, is made anew; what it has spent stays spent.
        """

    def settle(self, job_id: str, actual: Micros) -> bool:
        """Put what a job has cost in all its runs in place of what was kept for it; whether there was anything to settle.

        It may be more than was kept. Calling again changes nothing.
        """

    def release(self, job_id: str) -> bool:
        """Keep nothing for a job any more that has not cost anything in this run; whether anything was kept."""

    def reservation(self, job_id: str) -> Reservation | None:
        """What is known of a job; None when nothing was ever reserved for it."""

    def outstanding(self) -> Iterator[Reservation]:
        """Those of jobs that are not settled, oldest first."""

    def close(self) -> None:
        """Close what was opened."""
