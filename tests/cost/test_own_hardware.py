"""What own hardware costs in a year, and from where on it is cheaper: the published figures, and what holds of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.cost.cloud import Mode
from skyburst.cost.comparison import Batch, Subject, compare
from skyburst.cost.own_hardware import (
    MOST_YEARS,
    annuity,
    equivalent_annual_cost,
    local_cost_crossover,
    local_utilization_crossover,
)

usd = st.floats(0.01, 1e6)
seconds = st.floats(0.1, 1e6)
lives = st.integers(1, MOST_YEARS)
support = st.lists(st.floats(0, 1e5), min_size=MOST_YEARS, max_size=MOST_YEARS)
about = lambda value: pytest.approx(value, rel=1e-9)  # noqa: E731


def test_the_annuities_are_those_of_the_paper() -> None:
    assert [f"{annuity(n):.6f}" for n in range(1, 6)] == ["0.909091", "1.735537", "2.486852", "3.169865", "3.790787"]


@given(lives)
def test_an_annuity_is_the_sum_of_what_each_years_dollar_is_worth_today(years: int) -> None:
    assert annuity(years) == about(sum(1.1**-year for year in range(1, years + 1)))


@given(usd, st.floats(0, 1e5))
def test_the_longer_hardware_is_used_the_less_it_costs_a_year(price: float, each_year: float) -> None:
    costs = [equivalent_annual_cost(price, [each_year] * MOST_YEARS, years) for years in range(1, MOST_YEARS + 1)]
    assert costs == sorted(costs, reverse=True)


@given(usd, support, lives, st.floats(0.01, 100))
def test_everything_that_costs_so_many_times_as_much_costs_so_many_times_as_much_a_year(
    price: float, each_year: list[float], years: int, times: float
) -> None:
    once = equivalent_annual_cost(price, each_year, years)
    assert equivalent_annual_cost(price * times, [cost * times for cost in each_year], years) == about(once * times)


@given(usd, usd)
def test_at_the_crossover_a_year_in_the_cloud_costs_what_the_hardware_does(annual: float, batch: float) -> None:
    assert local_cost_crossover(annual, batch) * 52 * batch == about(annual)


@given(usd, usd, usd)
def test_the_dearer_the_cloud_the_sooner_own_hardware_is_cheaper(annual: float, batch: float, more: float) -> None:
    assert local_cost_crossover(annual, batch + more) <= local_cost_crossover(annual, batch)


@given(st.floats(0.001, 1e4), seconds)
def test_a_week_is_used_whole_when_its_batches_take_all_its_seconds(batches: float, own: float) -> None:
    assert local_utilization_crossover(batches, own) == about(100 * batches * own / (7 * 24 * 60 * 60))
    assert local_utilization_crossover(604_800 / own, own) == about(100)


@given(usd, support, st.lists(lives, min_size=1, max_size=5), st.integers(1, 1_000), seconds, usd)
def test_datasets_are_batches_times_those_in_a_batch_and_change_nothing_else(
    price: float, each_year: list[float], years: list[int], datasets: int, own: float, cost: float
) -> None:
    def rows_of(count: int) -> list[tuple[float, ...]]:
        batch = Batch("any", count, 1.0, own, {Mode.STANDARD: cost, Mode.SAVE: cost / 2})
        subject = Subject("any", price, tuple(each_year), (batch,), ())
        return [(row.years, row.eac_usd, row.lcc, row.luc, row.lcc_datasets) for row in compare(subject, years)]

    one, many = rows_of(1), rows_of(datasets)
    assert [row[:4] for row in one] == [row[:4] for row in many]
    assert [row[2] * datasets for row in one] == [row[4] for row in many]
    assert [row[0] for row in one] == [life for life in years for _ in Mode]
    for standard, save in zip(one[::2], one[1::2], strict=True):
        assert save[2] == about(2 * standard[2]), "half the price in the cloud, twice the batches"
