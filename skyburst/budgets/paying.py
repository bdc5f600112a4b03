"""Jobs and their budgets: reserves what a job may cost, settles what it did. The same at both homes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice

from skyburst.budgets.port import Budgets
from skyburst.budgets.records import Payer, Refused, Reservation, ReservationState, applying
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord, Progress
from skyburst.cost.estimate import estimate
from skyburst.cost.job_cost import MachineUse, cost_of
from skyburst.cost.work import work_of
from skyburst.errors import Invalid, InvalidJob, JobNotFound, OverBudget
from skyburst.manifest import parse_source
from skyburst.ports import TaskTable
from skyburst.prices.book import Architecture, PriceBook
from skyburst.prices.money import Micros

log = logging.getLogger(__name__)

UNSTORED_S = 900.0
"""A job is stored within seconds of its reservation; one that is not there after so long will not be, or was deleted."""
SWEPT = 200
"""Reservations that are looked at before a job is refused, the oldest: there may be as many as there are jobs that run."""
REMEDY = (
    "ask whoever set the budget for more (`skyburst budget show` tells what is left), give the job a shorter time limit, "
    "or run fewer items"
)
Uses = Callable[[JobRecord], list[MachineUse]]
"""Reads which machines the batches of a job had."""
Prices = Callable[[], PriceBook]
"""Reads the price book, when it is needed."""


class Paying:
    """Reserves and settles for the jobs of one home.

    Args:
        budgets: of the home.
        table: its task table.
        uses: reads which machines the batches of a job had.
        prices: reads the price book.
        architecture: of the deployment's functions.
    """

    def __init__(
        self, budgets: Budgets, table: TaskTable, uses: Uses, prices: Prices, *, architecture: Architecture = "arm64"
    ) -> None:
        self.budgets = budgets
        self._table, self._uses, self._prices, self._architecture = table, uses, prices, architecture

    def reserve(self, job: JobRecord, now: float) -> bool:
        """Keep what a job may cost in all budgets that apply, unless it is kept already, or its items are not listed yet.

        Returns:
            Whether anything is kept, which is to be settled when the job has ended.

        Raises:
            OverBudget: naming the budget and its numbers; nothing was reserved.
            InvalidJob: when a budget applies and no price is known of the machines that the job needs.
        """
        items = _items_of(job)
        payer = payer_of(job)
        kept = self.budgets.reservation(job.job_id)
        if kept is not None and kept.state is ReservationState.RESERVED:
            return True
        if items is None or not self._concerns(payer):
            return False
        if job.runs:  # what is done is paid for
            items = max(1, items - self._table.progress(job.job_id).items_done)
        try:
            amount = self.most(job, items)
        except Invalid as error:
            raise InvalidJob(
                f"what the job may cost at most, which its budget has to cover, is not known: {error}"
            ) from error
        answer = self.budgets.reserve(job.job_id, payer, amount, now)
        if isinstance(answer, Refused) and self.sweep(now, SWEPT):
            answer = self.budgets.reserve(job.job_id, payer, amount, now)
        if isinstance(answer, Refused):
            raise OverBudget(f"{answer.reason}; {REMEDY}")
        return bool(answer.accounts)

    def most(self, job: JobRecord, items: int) -> Micros:
        """What a job costs at most."""
        blueprint = parse_blueprint(job.analysis["blueprint"], f"the blueprint of job {job.job_id}")
        book = self._prices()
        work = work_of(blueprint, job.spec, items, book, listed=(job.items or {}).get("batch_size"))
        return estimate(work, book, architecture=self._architecture).most

    def settle(self, job: JobRecord, counts: Progress | None, now: float) -> None:
        """Put what a job has cost so far in place of what was kept for it.

        Who ended a job must not fail of its bill: what goes wrong is logged, and a later look at job states settles it.
        """
        try:
            found = self.budgets.reservation(job.job_id)
            if found is not None:
                self.budgets.settle(job.job_id, self._actual(found, job, counts, now))
        except Exception as error:  # noqa: BLE001 - the job has ended, whatever becomes of its bill
            log.warning("what a job cost is not settled yet", extra={"job": job.job_id, "reason": str(error)})

    def release(self, job_id: str) -> None:
        """Keep nothing for a job that was not started."""
        self.budgets.release(job_id)

    def sweep(self, now: float, most: int | None = None) -> int:
        """Settle jobs that have ended, and release those that are gone, whose programs died before they did; how many.

        What decides is the state of the job: one that has not ended keeps its reservation, however old it is.

        Args:
            now: seconds since the epoch.
            most: reservations that are looked at, the oldest; None for all.
        """
        ended = 0
        for found in islice(self.budgets.outstanding(), most):
            try:
                ended += self._swept(found, now)
            except Exception as error:  # noqa: BLE001 - what is wrong with one job is no reason to refuse the others
                log.warning("a reservation was left as it is", extra={"job": found.job_id, "reason": str(error)})
        return ended

    def _swept(self, found: Reservation, now: float) -> bool:
        """Settle or release one reservation; whether that was due."""
        try:
            job = self._table.job(found.job_id)
        except JobNotFound:
            return now - found.at > UNSTORED_S and self.budgets.release(found.job_id)
        if not job.state.finished:
            return False
        counts = self._table.progress(job.job_id)
        return self.budgets.settle(job.job_id, self._actual(found, job, counts, now))

    def _concerns(self, payer: Payer) -> bool:
        """Whether there is any budget that could apply: a price is asked for only then."""
        return bool(applying(self.budgets.budgets(), payer, 0.0))

    def _actual(self, found: Reservation, job: JobRecord, counts: Progress | None, now: float) -> Micros:
        """What a job has cost in all its runs; all that was kept when there are no prices to tell."""
        counts = counts or self._table.progress(job.job_id)
        try:
            cost = cost_of(job, counts, "aws", self._prices(), now, self._uses(job), architecture=self._architecture)
        except Invalid as error:
            log.warning("a job is settled with all that was reserved", extra={"job": job.job_id, "reason": str(error)})
            return found.spent + found.amount
        return cost.on_aws


def payer_of(job: JobRecord) -> Payer:
    """Who pays for a job."""
    return Payer(job.spec.get("group"), job.spec.get("user"), job.analysis["name"])


def _items_of(job: JobRecord) -> int | None:
    """Number of items of a job; None while they are not listed."""
    if job.plan is not None:
        return int(job.plan["items"])
    return parse_source(job.items).count if job.items is not None else None
