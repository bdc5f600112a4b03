"""Retry strategies and places of Batch jobs are decided by pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.errors import Invalid
from skyburst.local_cloud.batch import retries
from skyburst.local_cloud.batch.placing import KEPT_MB, Need, Place, Type, can_ever, choose, types_of
from tests.local_cloud.batch_world import HOST_RULES

SMALL, LARGE = Type("a.small", 2, 4_096), Type("a.large", 8, 16_384)
GPU = Type("g.large", 8, 16_384, 1)
HOST = {"status_reason": "Host EC2 (instance i-1) terminated.", "reason": "", "exit_code": ""}
OWN = {"status_reason": "Essential container in task exited", "reason": "", "exit_code": "1"}


def test_what_a_rule_says_is_done_and_what_no_rule_fits_is_tried_again() -> None:
    assert retries.action(HOST_RULES, HOST) == "retry"
    assert retries.action([{"onExitCode": "1*", "action": "exit"}], OWN) == "exit"
    assert retries.action([{"onExitCode": "2", "action": "EXIT"}], OWN) == "retry"
    assert retries.action([{"onStatusReason": "host ec2*", "onExitCode": "9", "action": "EXIT"}], HOST) == "retry"


def test_own_failures_leave_by_a_rule_for_everything() -> None:
    rules = [HOST_RULES[0], {"onExitCode": "*", "action": "EXIT"}]
    assert not retries.is_tried_again({"attempts": 3, "evaluateOnExit": rules}, attempts_made=1, ended=OWN)
    assert retries.is_tried_again({"attempts": 3, "evaluateOnExit": rules}, attempts_made=1, ended=HOST)
    assert not retries.is_tried_again({"attempts": 3, "evaluateOnExit": rules}, attempts_made=3, ended=HOST)
    assert not retries.is_tried_again(None, attempts_made=1, ended=HOST)


@pytest.mark.parametrize(
    "strategy",
    [
        {"attempts": 0},
        {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "AGAIN"}]},
        {"attempts": 2, "evaluateOnExit": [{"onReason": "*x", "action": "EXIT"}]},
        {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "EXIT"}] * 6},
    ],
)
def test_strategies_that_batch_refuses_are_refused(strategy: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="expected"):
        retries.check(strategy)


def test_a_job_goes_where_there_is_room_before_anything_is_started() -> None:
    running = {"i-1": (LARGE, (Need(7, 1_000),)), "i-2": (LARGE, (Need(2, 1_000),))}
    found = choose(Need(2, 1_000), [Place("one", 64, (SMALL, LARGE), running)])
    assert found is not None
    assert found.instance == "i-2"


def test_a_new_instance_is_the_smallest_that_fits_within_the_limit() -> None:
    place = Place("one", 10, (LARGE, SMALL), {"i-1": (LARGE, (Need(8, 1_000),))})
    found = choose(Need(1, 1_000), [place])
    assert found is not None
    assert (found.instance, found.type) == (None, SMALL)
    assert choose(Need(4, 1_000), [place]) is None
    assert can_ever(Need(4, 1_000), [place])
    assert not can_ever(Need(4, 64_000), [place])


def test_a_job_without_gpus_takes_no_instance_with_them_where_another_fits() -> None:
    found = choose(Need(1, 100), [Place("one", 64, (GPU, SMALL), {})])
    assert found is not None
    assert found.type == SMALL


def test_types_are_named_by_family_by_size_and_by_optimal() -> None:
    known = {
        one.name: one for one in (Type("m5.large", 2, 8_192), Type("m5n.large", 2, 8_192), Type("r5.large", 2, 16_384))
    }
    assert [one.name for one in types_of(["m5"], known)] == ["m5.large"]
    assert [one.name for one in types_of(["m5n.large", "m5"], known)] == ["m5n.large", "m5.large"]
    assert [one.name for one in types_of(["optimal"], known)] == ["m5.large", "r5.large"]


needs = st.builds(Need, st.integers(1, 16), st.integers(1, 40_000), st.integers(0, 2))
kinds = st.builds(Type, st.uuids().map(str), st.integers(1, 32), st.integers(1_024, 65_536), st.integers(0, 2))


@given(st.lists(needs, max_size=40), st.lists(kinds, min_size=1, max_size=4), st.integers(0, 100))
def test_no_instance_is_ever_given_more_than_it_has(jobs: list[Need], types: list[Type], most: int) -> None:
    running: dict[str, tuple[Type, tuple[Need, ...]]] = {}
    for job in jobs:
        found = choose(job, [Place("one", most, tuple(types), dict(running))])
        if found is None:
            continue
        name = found.instance or f"i-{len(running)}"
        kind, used = running.get(name, (found.type, ()))
        running[name] = (kind, (*used, job))
    assert sum(kind.vcpus for kind, _ in running.values()) <= most
    for kind, used in running.values():
        assert sum(one.vcpus for one in used) <= kind.vcpus
        assert sum(one.memory_mb for one in used) + KEPT_MB <= kind.memory_mb
        assert sum(one.gpus for one in used) <= kind.gpus
