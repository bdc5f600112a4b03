"""The bound that NeuroCAAS compares with a budget, on the numbers of its own tests, without its mistake with days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.states import JobState
from skyburst.cost.estimate import bound
from skyburst.cost.job_cost import MachineUse, cost_of
from skyburst.prices.current import shipped_prices
from skyburst.prices.money import parse_usd
from tests.budgets.jobs import a_command_job

HISTORY = parse_usd("1264.9837", "the history")
"""USD of the 132 logs of its tests."""


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
def test_a_job_is_covered_as_there(minutes: float | None, budget: int, covered: bool) -> None:
    assert (bound(HISTORY, Decimal(1), 10, minutes) < budget * 10**6) is covered


def test_the_bound_is_history_and_datasets_times_minutes_times_price_and_what_runs() -> None:
    assert bound(HISTORY, Decimal(1), 10, 10) - HISTORY == 1_666_667
    assert bound(HISTORY, Decimal(1), 10, 600) - HISTORY == 100_000_000
    assert bound(HISTORY, Decimal(1), 10, None) - HISTORY == 10_000_000
    assert bound(HISTORY, Decimal("3.072"), 2, 60, running=5) - HISTORY == 6_144_005


def test_thirty_hours_are_thirty_hours_and_not_six() -> None:
    began = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    took = began + timedelta(hours=30) - began
    assert took.seconds == 6 * 3600  # what NeuroCAAS takes: the rest of the last day
    job: JobRecord = a_command_job(1, state=JobState.SUCCEEDED, seconds=took.total_seconds())
    counts = Progress(JobState.SUCCEEDED, batches=1, done=1, items=1, items_done=1, worker_seconds=took.total_seconds())
    use = MachineUse(0, "m5.16xlarge", False, took.total_seconds())
    cost = cost_of(job, counts, "aws", shipped_prices(), 0.0, [use])
    assert cost.parts["machines"] == 30 * 3_072_000
