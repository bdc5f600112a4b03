"""What the analysis promises, on its plain parts and through real jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import skyburst

from .combiner import estimate
from .integrands import INTEGRANDS
from .moments import Moments

ANALYSIS = Path(__file__).parent
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the jobs of tests apart from yours."""
    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path / "state"))


def run(**fields: Any) -> skyburst.Result:
    parameters = {"blocks": 40, "points_per_block": 500, **fields.pop("parameters", {})}
    return skyburst.run(str(ANALYSIS), parameters=parameters, **fields)


@pytest.mark.parametrize("integrand", INTEGRANDS)
def test_the_error_bar_is_right_about_the_distance_from_the_exact_integral(integrand: str) -> None:
    found = run(parameters={"integrand": integrand, "seed": 7}).value
    assert found["points"] == 20_000
    assert 0 < found["standard_error"] < 0.1
    assert abs(found["integral"] - found["exact"]) < 4 * found["standard_error"]
    assert found["interval_95"][0] < found["integral"] < found["interval_95"][1]


def test_the_95_percent_interval_holds_the_exact_integral_95_times_in_100() -> None:
    pi, right = INTEGRANDS["pi"], 0
    for seed in range(1_000):
        found = Moments.of(pi.values(400, np.random.default_rng(seed)))
        assert found.standard_error is not None
        right += abs(found.mean - pi.exact) < 1.96 * found.standard_error
    assert 930 <= right <= 970


def test_the_answer_is_the_same_to_the_last_digit_for_any_number_of_workers() -> None:
    tree = {"parameters": {"blocks": 250, "points_per_block": 20}, "batch_size": 1}  # more than one combiner takes
    assert run(**tree, max_parallelism=1).value == run(**tree, max_parallelism=2).value


def test_the_answer_differs_with_the_seed_and_only_in_rounding_with_the_batch_size() -> None:
    first = run(batch_size=1).value["integral"]
    assert run(batch_size=7).value["integral"] == pytest.approx(first, rel=1e-12)
    assert run(parameters={"seed": 1}).value["integral"] != first


def test_a_job_can_be_given_its_blocks() -> None:
    first, second = run(items=range(20)).value, run(items=range(20, 40)).value
    assert first["integral"] != second["integral"]
    assert (first["integral"] + second["integral"]) / 2 == pytest.approx(run().value["integral"], rel=1e-12)


def test_a_single_point_has_no_error_bar() -> None:
    found = run(parameters={"blocks": 1, "points_per_block": 1}).value
    assert (found["points"], found["standard_error"], found["interval_95"]) == (1, None, None)


@given(NUMBERS, NUMBERS)
def test_merged_moments_are_those_of_all_values(first: list[float], second: list[float]) -> None:
    merged = Moments.of(np.array(first)).merge(Moments.of(np.array(second)))
    everything = np.array(first + second)
    assert merged.count == len(everything)
    assert merged.mean == pytest.approx(everything.mean(), rel=1e-9, abs=1e-6)
    assert merged.squares == pytest.approx(np.square(everything - everything.mean()).sum(), rel=1e-9, abs=1e-3)


def test_the_spread_is_right_when_the_mean_is_large() -> None:
    values = 1e9 + np.random.default_rng(0).random(10_000)
    merged = Moments.of(values[:1]).merge(Moments.of(values[1:]))
    assert merged.squares / merged.count == pytest.approx(1 / 12, rel=0.03)


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.integers(0, 6))
def test_combining_in_groups_gives_what_combining_at_once_gives(batches: list[list[float]], cut: int) -> None:
    def combine(values: list[Any]) -> Any:
        return estimate(skyburst.PartialResult.of(value) for value in values)

    values = [Moments.of(np.array(batch)).as_json() for batch in batches]
    at_once, in_groups = combine(values), combine([combine(values[:cut]), combine(values[cut:])])
    assert in_groups[0] == at_once[0]
    assert in_groups[1:] == pytest.approx(at_once[1:], rel=1e-6, abs=1e-3)
