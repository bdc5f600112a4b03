"""What the reaper takes for forgotten is decided by pure functions, in favour of what may still be wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.homes.aws.arrays import JOB_TAG, RUN_TAG
from skyburst.homes.aws.overdue import (
    DEVELOP_S,
    SETTLE_S,
    WAIT_S,
    BatchJob,
    Instance,
    Standing,
    why_end_instance,
    why_end_job,
)
from skyburst.homes.aws.reaper import found_in

NOW = 1_000_000_000.0
FOUND = BatchJob("id", "J", 1, NOW - 7_200, NOW - 3_600, 4_000)
GOES_ON = Standing("RUNNING", 1, None, driven=True)


def test_what_works_for_a_job_that_goes_on_is_left_alone() -> None:
    assert why_end_job(FOUND, GOES_ON, NOW) is None
    assert why_end_job(FOUND._replace(started_at=None), GOES_ON, NOW) is None
    assert why_end_job(FOUND._replace(timeout_s=None), GOES_ON, NOW) is None


def test_an_array_that_works_for_weeks_is_not_taken_for_one_that_waits() -> None:
    summary = {"RUNNABLE": 9_000, "STARTING": 0, "RUNNING": 40, "SUCCEEDED": 960, "FAILED": 0}
    described = {
        "jobId": "id", "status": "PENDING", "createdAt": 1_000 * (NOW - 3 * WAIT_S), "tags": {JOB_TAG: "J", RUN_TAG: "1"},
        "timeout": {"attemptDurationSeconds": 4_000}, "arrayProperties": {"size": 10_000, "statusSummary": summary},
    }  # fmt: skip
    assert why_end_job(found_in(described), GOES_ON, NOW) is None
    described["arrayProperties"] = {"size": 10_000, "statusSummary": {"RUNNABLE": 10_000, "RUNNING": 0}}
    assert why_end_job(found_in(described), GOES_ON, NOW) == "it has waited since 42 days, and found no instance"


@pytest.mark.parametrize(
    ("found", "standing", "reason"),
    [
        (FOUND, None, "its job J does not exist"),
        (FOUND, Standing("SUCCEEDED", 1, NOW - 3_000, driven=False), "its job J has ended SUCCEEDED"),
        (FOUND, Standing("RUNNING", 2, None, driven=True), "it is of run 1 of its job J, which is at run 2"),
        (FOUND, Standing("RUNNING", 1, None, driven=False), "the execution that drove its job J is gone"),
        (FOUND._replace(timeout_s=600), GOES_ON, "it has run for 50 minutes more than it may"),
        (
            FOUND._replace(created_at=NOW - WAIT_S - 86_400, started_at=None),
            GOES_ON,
            "it has waited since 15 days, and found no instance",
        ),
    ],
)
def test_what_outlived_its_purpose_is_ended_with_the_reason(
    found: BatchJob, standing: Standing | None, reason: str
) -> None:
    assert why_end_job(found, standing, NOW) == reason


standings = st.none() | st.builds(
    Standing, st.sampled_from(["RUNNING", "FAILED"]), st.integers(0, 3), st.none() | st.floats(0, NOW), st.booleans()
)


@given(standings, st.floats(0, SETTLE_S - 1))
def test_the_engine_has_its_time_first(standing: Standing | None, age_s: float) -> None:
    young = FOUND._replace(created_at=NOW - age_s, started_at=NOW - age_s, timeout_s=1)
    assert why_end_job(young, standing, NOW) is None
    over = Standing("SUCCEEDED", 1, NOW - age_s, driven=False)
    assert why_end_job(FOUND, over, NOW) is None


@given(standings)
def test_what_says_nothing_of_a_job_is_somebody_elses(standing: Standing | None) -> None:
    assert why_end_job(FOUND._replace(job=None), standing, NOW) is None


def test_instances_of_developers_have_a_lifetime() -> None:
    assert why_end_instance(Instance("i", NOW - 10 * DEVELOP_S, NOW + 1), NOW) is None
    assert why_end_instance(Instance("i", NOW - 60, NOW - 1), NOW) == "its lifetime has passed"
    assert why_end_instance(Instance("i", NOW - 60, None), NOW) is None
    assert "has run for 9 hours" in (why_end_instance(Instance("i", NOW - 9 * 3_600, None), NOW) or "")
