"""The bound that NeuroCAAS compares with a budget, on the numbers of its own tests, and without its mistake with days.

There, a job is covered when what was spent, and datasets times minutes times the price of an hour, are less than the budget.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from skyburst.budgets.records import Budget, Payer, Period, Refused, Scope
from skyburst.budgets.sqlite import SqliteBudgets
from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import Progress
from skyburst.contracts.states import JobState
from skyburst.cost.estimate import estimate
from skyburst.cost.job_cost import MachineUse, cost_of
from skyburst.cost.work import work_of
from skyburst.prices.current import shipped_prices
from skyburst.prices.money import parse_usd
from tests.budgets.jobs import a_command_job

HISTORY = parse_usd("1264.9837", "the history")
"""USD of the 132 logs of its tests."""
USD = 1_000_000
PRICE = msgspec.structs.replace(shipped_prices().machines["m5.16xlarge"], hour=Decimal(1))
BOOK = msgspec.structs.replace(shipped_prices(), machines={"m5.16xlarge": PRICE})
"""A machine costs a dollar an hour, as in its tests."""


def machines(datasets: int, minutes: float | None) -> int:
    """What the machines of a job may cost; without a duration an hour, there as here."""
    wishes = {"environment": {"timeout_min": minutes}} if minutes is not None else {}
    job = a_command_job(datasets, **wishes)
    work = work_of(parse_blueprint(job.analysis["blueprint"], "the test"), job.spec, datasets, BOOK)
    return next(part.most for part in estimate(work, BOOK).parts if part.name == "machines")


@pytest.mark.parametrize(
    ("minutes", "budget", "covered"),
    [
        (10, 1265, False),
        (10, 1267, True),
        (600, 1266, False),
        (600, 1365, True),
        (None, 1265, False),
        (None, 1275, True),
    ],
)
def test_ten_datasets_are_covered_as_there(tmp_path: Path, minutes: float | None, budget: int, covered: bool) -> None:
    budgets = SqliteBudgets(tmp_path / "budgets.sqlite")
    payer = Payer("lab", "anna", "pca")
    budgets.set(Budget(Scope("lab", None, "pca"), Period.LIFETIME, 10_000 * USD))
    budgets.reserve("earlier", payer, HISTORY, 0.0)
    budgets.settle("earlier", HISTORY)
    budgets.set(Budget(Scope("lab", None, "pca"), Period.LIFETIME, budget * USD))
    answer = budgets.reserve("job-1", payer, machines(10, minutes), 1.0)
    assert isinstance(answer, Refused) is not covered
    budgets.close()


def test_the_most_is_datasets_times_minutes_times_price() -> None:
    assert machines(10, 10) == 1_666_667
    assert machines(10, 600) == 100 * USD
    assert machines(10, None) == 10 * USD
    assert machines(3, 0.5) == 3 * 16_667 - 1  # a minute is paid for at least


def test_thirty_hours_are_thirty_hours_and_not_six() -> None:
    began = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    took = began + timedelta(hours=30) - began
    assert took.seconds == 6 * 3600  # what NeuroCAAS takes: the rest of the last day
    seconds = took.total_seconds()
    job = a_command_job(1, state=JobState.SUCCEEDED, seconds=seconds)
    counts = Progress(JobState.SUCCEEDED, batches=1, done=1, items=1, items_done=1, worker_seconds=seconds)
    cost = cost_of(job, counts, "aws", shipped_prices(), 0.0, [MachineUse(0, "m5.16xlarge", False, seconds)])
    assert cost.parts["machines"] == 30 * 3_072_000
