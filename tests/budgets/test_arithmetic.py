"""Whatever is reserved, settled and released in whatever order: sums are whole, and nobody is granted what is not there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from skyburst.budgets.records import Account, Budget, Payer, Period, Refused, Reserved, Scope, applying, month_of
from skyburst.budgets.sqlite import SqliteBudgets
from skyburst.prices.money import cell, exact, floor_cents, micros, money, parse_usd

NOVEMBER, DECEMBER = 1_795_000_000.0, 1_798_000_000.0
JOBS = st.sampled_from(["job-1", "job-2", "job-3", "job-4", "job-5"])
PAYERS = st.builds(
    Payer, st.sampled_from(["lab", "other", None]), st.sampled_from(["anna", "ben", None]), st.sampled_from(["a", "b"])
)
AMOUNTS = st.integers(0, 30)
SCOPES = st.sampled_from(
    [
        Scope("lab"),
        Scope(None, "anna"),
        Scope(None, None, "a"),
        Scope("lab", None, "a"),
        Scope("lab", "anna", "a"),
        Scope("*", None, "*"),
    ]
)


class Model:
    """Budgets as anybody would write them down: every job with what it keeps and has spent, in which accounts."""

    def __init__(self) -> None:
        self.limits: dict[tuple[Scope, Period], int] = {}
        self.kept: dict[str, tuple[int, list[Account]]] = {}
        self.spent: dict[str, int] = {}
        self.charged: dict[Account, int] = {}

    def reserved_in(self, account: Account) -> int:
        return sum(amount for amount, accounts in self.kept.values() if account in accounts)

    def budgets(self) -> list[Budget]:
        return [Budget(scope, period, limit) for (scope, period), limit in self.limits.items()]


class BudgetMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.budgets = SqliteBudgets(Path(self.folder.name) / "budgets.sqlite")
        self.model = Model()

    def teardown(self) -> None:
        self.budgets.close()
        self.folder.cleanup()

    @rule(scope=SCOPES, period=st.sampled_from(Period), limit=st.integers(0, 60))
    def set_limit(self, scope: Scope, period: Period, limit: int) -> None:
        self.budgets.set(Budget(scope, period, limit))
        self.model.limits[scope, period] = limit

    @rule(scope=SCOPES, period=st.sampled_from(Period))
    def remove(self, scope: Scope, period: Period) -> None:
        removed = self.budgets.remove(scope, period)
        assert [entry.limit for entry in removed] == [
            limit for limit in [self.model.limits.pop((scope, period), None)] if limit is not None
        ]

    @rule(job=JOBS, payer=PAYERS, amount=AMOUNTS, now=st.sampled_from([NOVEMBER, DECEMBER]))
    def reserve(self, job: str, payer: Payer, amount: int, now: float) -> None:
        answer = self.budgets.reserve(job, payer, amount, now)
        model = self.model
        if job in model.kept:
            assert answer == Reserved(job, model.kept[job][0], tuple(entry.key for entry in model.kept[job][1]))
            return
        wanted = applying(model.budgets(), payer, now)
        fits = all(
            model.charged.get(entry.account, 0) + model.reserved_in(entry.account) + amount <= entry.limit
            for entry in wanted
        )
        assert isinstance(answer, Reserved if fits else Refused)
        if isinstance(answer, Refused):
            assert answer.spent + answer.reserved + answer.asked > answer.limit
        elif wanted:
            model.kept[job] = (amount, [entry.account for entry in wanted])

    @rule(job=JOBS, cost=AMOUNTS)
    def settle(self, job: str, cost: int) -> None:
        model = self.model
        kept = model.kept.pop(job, None)
        assert self.budgets.settle(job, cost) is (kept is not None)
        if kept is None:
            return
        more = max(0, cost - model.spent.get(job, 0))
        model.spent[job] = model.spent.get(job, 0) + more
        for account in kept[1]:
            model.charged[account] = model.charged.get(account, 0) + more

    @rule(job=JOBS)
    def release(self, job: str) -> None:
        assert self.budgets.release(job) is (self.model.kept.pop(job, None) is not None)

    @invariant()
    def accounts_are_the_sums_of_their_jobs(self) -> None:
        model = self.model
        accounts = {*model.charged, *(account for _, entries in model.kept.values() for account in entries)}
        for account in accounts:
            assert self.budgets.account(account) == (model.charged.get(account, 0), model.reserved_in(account))
        assert {entry.job_id for entry in self.budgets.outstanding()} == set(model.kept)


TestArithmetic = BudgetMachine.TestCase
TestArithmetic.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_a_month_is_that_of_utc() -> None:
    assert month_of(1_793_491_199.999) == "2026-10"
    assert month_of(1_793_491_200.0) == "2026-11"


def test_money_is_read_and_written_exactly() -> None:
    assert [parse_usd(text, "x") for text in ("300", "0.25", "1,264.9837", " 0.000001 USD ")] == [
        300_000_000, 250_000, 1_264_983_700, 1,
    ]  # fmt: skip
    assert [money(amount) for amount in (0, 42, 99_999, 100_000, 1_264_983_700)] == [
        "0.00", "0.000042", "0.099999", "0.10", "1,264.98",
    ]  # fmt: skip
    assert [exact(amount) for amount in (0, 1, 1_264_983_700)] == ["0.00", "0.000001", "1,264.9837"]
    assert cell(1_500_000) == "1.500000"
    assert [floor_cents(amount) for amount in (199_999_541, 42, -200_001)] == [199_990_000, 42, -210_000]
    from decimal import Decimal

    assert micros(Decimal("0.0000000001")) == 1  # never less than it costs
