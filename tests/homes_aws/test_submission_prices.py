"""What is told of the price of an environment, and how often a submission is looked at."""

from __future__ import annotations

from skyburst.homes.aws.submissions import _wait_s, price_of


def test_an_instance_has_the_price_that_is_shipped_or_none() -> None:
    assert price_of("m5.large") == 0.096
    assert price_of("z99.huge") is None


def test_a_submission_of_two_weeks_is_looked_at_less_often_than_its_execution_has_events_for() -> None:
    elapsed, looks = 0.0, 0
    while elapsed < 14 * 24 * 3_600:
        elapsed += _wait_s(elapsed)
        looks += 1
    assert 9 * looks < 20_000
    assert _wait_s(5) == 2
    assert _wait_s(1_800) == 60
