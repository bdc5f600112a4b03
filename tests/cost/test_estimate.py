"""What a job will cost and what it did: datasets times minutes times price, batches times seconds times memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.states import JobState
from skyburst.cost.bill import watching_s
from skyburst.cost.estimate import Earlier, Estimate, estimate
from skyburst.cost.job_cost import MachineUse, cost_document, cost_of
from skyburst.cost.work import work_of
from skyburst.errors import Invalid
from skyburst.prices.current import shipped_prices
from tests.budgets.jobs import a_command_job, a_function_job

BOOK = shipped_prices()


def estimated(job: JobRecord, earlier: list[Earlier] | None = None) -> Estimate:
    assert job.plan is not None
    blueprint = parse_blueprint(job.analysis["blueprint"], "the test")
    return estimate(work_of(blueprint, job.spec, job.plan["items"], BOOK), BOOK, earlier or [])


def part(found: Estimate, name: str) -> Any:
    return next(entry for entry in found.parts if entry.name == name)


def counts(job: JobRecord, seconds: float, *, retries: int = 0) -> Progress:
    assert job.plan is not None
    batches = job.plan["batches"]
    return Progress(
        job.state, batches=batches, done=batches, items=job.plan["items"], items_done=job.plan["items"],
        worker_seconds=seconds, retries=retries,
    )  # fmt: skip


def test_environments_cost_at_most_datasets_times_minutes_times_the_price_of_the_cheapest_instance_that_fits() -> None:
    found = estimated(a_command_job(10))
    assert found.work.machines is not None
    assert found.work.machines.chosen.name == "m5.16xlarge"
    assert part(found, "machines").most == 10 * 3_072_000
    assert part(found, "machines").low == 10 * 3_072_000 // 60  # a minute is paid for at least
    assert found.expected is None
    assert part(found, "addresses").most == 10 * 5_000


def test_a_job_that_names_a_type_and_minutes_is_estimated_with_these() -> None:
    wishes = {"instance_type": "p3.2xlarge", "timeout_min": 15.0}
    assert part(estimated(a_command_job(3, environment=wishes)), "machines").most == 3 * 3_060_000 // 4
    with pytest.raises(Invalid, match=r"'m5\.77xlarge' is not among the prices of 2026-08-17.*refresh --family m5"):
        estimated(a_command_job(3, environment={"instance_type": "m5.77xlarge"}))


def test_spot_is_expected_for_less_and_may_cost_as_much_as_on_demand() -> None:
    found = estimated(a_command_job(10, environment={"pricing": "spot"}), [Earlier("job-0", 1800.0, "aws")])
    assert part(found, "machines").most == 10 * 3_072_000
    assert part(found, "machines").expected == 5 * 3_072_000 * 4 // 10
    assert "taken away" in found.not_counted[-1]


def test_a_time_limit_of_the_job_limits_what_it_may_cost() -> None:
    limited = estimated(a_command_job(10, timeout_s=540, max_parallelism=2))
    assert part(limited, "machines").most == 2 * 3_072_000 // 6  # two machines, ten minutes with the ending
    functions = estimated(a_function_job(1000, 10, timeout_s=40, max_parallelism=5))
    assert part(functions, "workers").most == round(Decimal(5 * 100 * 2) * Decimal("13.3334") + Decimal("0.5"))


def test_functions_cost_at_most_batches_times_attempts_times_seconds_times_memory() -> None:
    found = estimated(a_function_job(1000, 10))
    assert part(found, "workers").most == 533_336  # 100 batches, 2 attempts of 100 s, 2 GiB, 0.0000133334
    assert part(found, "workers").low == 0
    assert not found.work.in_machines


def test_what_earlier_jobs_took_is_expected_and_the_quickest_is_the_low() -> None:
    earlier = [Earlier("job-2", 0.03, "aws"), Earlier("job-1", 0.01, "aws")]
    found = estimated(a_function_job(1000, 10), earlier)
    assert part(found, "workers").expected == 534  # 1,000 items of 0.02 s, 2 GiB
    assert part(found, "workers").low == 267
    assert found.low <= (found.expected or 0) <= found.most


@given(
    items=st.integers(1, 10**6), size=st.integers(1, 1000), item_s=st.floats(1e-6, 1e3), many=st.integers(0, 3),
    timeout=st.one_of(st.none(), st.floats(0.1, 1e6)),
)  # fmt: skip
def test_an_estimate_is_in_order_whatever_the_job(
    items: int, size: int, item_s: float, many: int, timeout: float | None
) -> None:
    spec = {} if timeout is None else {"timeout_s": timeout}
    earlier = [Earlier(f"job-{number}", item_s * (number + 1), "aws") for number in range(many)]
    for job in (a_function_job(items, size, **spec), a_command_job(items, **spec)):
        found = estimated(job, earlier)
        assert 0 < found.low <= found.most
        assert found.expected is None if not many else found.low <= (found.expected or 0) <= found.most
        assert all(isinstance(amount, int) for entry in found.parts for amount in (entry.low, entry.most))


def test_a_job_in_functions_is_billed_by_what_its_workers_worked() -> None:
    job = a_function_job(1000, 10, state=JobState.SUCCEEDED, seconds=30.0)
    cost = cost_of(job, counts(job, 500.0, retries=7), "aws", BOOK, 0.0)
    assert cost.parts["workers"] == 13_334  # 500 s of 2 GiB
    assert cost.parts["calls"] == round((107 + 1 + 3) * 0.2 + 0.5)
    assert cost.amount == cost.on_aws == sum(cost.parts.values())
    assert cost.final
    x86 = cost_of(job, counts(job, 500.0), "aws", BOOK, 0.0, architecture="x86_64")
    assert x86.parts["workers"] == 16_667


def test_environments_are_billed_by_their_own_machines_and_what_is_not_known_by_the_one_that_was_asked_for() -> None:
    job = a_command_job(3, state=JobState.PARTIAL, seconds=4000.0)
    uses = [MachineUse(0, "m5.24xlarge", True, 3600.0), MachineUse(1, "m5.24xlarge", False, 10.0)]
    cost = cost_of(job, counts(job, 3610.0 + 1800.0, retries=1), "aws", BOOK, 0.0, uses)
    part_of_it = Decimal("4.608") * 64 / 96  # of a larger machine, on which others run too
    expected = part_of_it * (Decimal("0.4") + Decimal(60) / 3600) + Decimal("3.072") / 2
    assert cost.parts["machines"] == round(expected * 10**6)
    assert cost.notes == ("1,800 s of which the machine is not known are counted as m5.16xlarge, on demand",)
    two = Progress(job.state, batches=3, done=2, items=3, items_done=2, worker_seconds=3610.0 + 100.0)
    whole = cost_of(
        job, two, "aws", BOOK, 0.0, uses
    )  # what it took to prepare and record them was on the same machines
    assert whole.notes == ()
    assert whole.parts["machines"] == round(part_of_it * (Decimal("0.4") * 3650 + 60) / 3600 * 10**6)
    odd = cost_of(job, counts(job, 100.0), "aws", BOOK, 0.0, [MachineUse(0, "zz9.large", None, 100.0)])
    assert "no price is known of zz9.large: counted as m5.16xlarge" in odd.notes[0]


def test_a_job_on_this_machine_costs_nothing_and_says_what_it_would_have_cost() -> None:
    job = a_command_job(1, state=JobState.SUCCEEDED, seconds=3600.0)
    document = cost_document(job, counts(job, 3600.0), "local", shipped_prices)
    assert document["amount"] == 0.0
    assert document["on_aws"]["parts"]["machines"] == 3.072
    assert document["prices"]["date"] == "2026-08-17"
    assert "costs nothing" in document["notes"][0]


def test_a_certificate_has_no_amount_when_there_is_no_price_and_says_why() -> None:
    job = a_command_job(1, state=JobState.SUCCEEDED, environment={"instance_type": "u-12tb1.metal"})
    document = cost_document(job, counts(job, 10.0), "aws", shipped_prices)
    assert document["amount"] is None
    assert "u-12tb1.metal" in document["notes"][0]


def test_a_job_that_has_not_started_has_cost_nothing() -> None:
    job = a_function_job(10, 1)
    assert cost_of(job, Progress(JobState.PENDING, batches=10, items=10), "aws", BOOK, 5.0).on_aws == 0


def test_a_long_job_is_looked_at_now_and_then() -> None:
    assert watching_s(600) == 600
    assert watching_s(3600) == 900


def test_a_batch_that_fell_back_pays_for_its_function_and_for_its_machine() -> None:
    job = a_function_job(30, 10, state=JobState.SUCCEEDED, seconds=900.0)
    job.analysis["blueprint"]["environment"] = {"memory_mb": 30_000, "fallback": True, "instance_types": ["r5"]}
    cost = cost_of(job, counts(job, 300.0 + 600.0, retries=1), "aws", BOOK, 0.0, [MachineUse(1, None, None, 600.0)])
    assert cost.parts["workers"] == 8_001  # 300 s of 2 GiB
    assert cost.parts["machines"] == 252_000 // 6  # ten minutes of r5.xlarge
    assert cost.notes == ()
