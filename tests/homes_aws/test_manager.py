"""A manager starts all of its children whatever becomes of some, and none outside of its tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from skyburst.engine.plan import Node, make_plan
from skyburst.errors import InvalidJob
from skyburst.homes.aws.brief import Brief, Briefs, write_brief
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.invoker import FIRST_WAIT_S, LONGEST_WAIT_S, LambdaInvoker
from skyburst.homes.aws.manager import MARGIN_S, MOST_LEVELS, Started, manage
from skyburst.objects import ObjectStore, open_store
from tests.homes_aws.dynamodb import CREDENTIALS
from tests.homes_aws.lambdas import BUSY, GONE, TAKEN, Answer, Call, functions

HERE = Deployed("bucket", "batches", "jobs", "skyburst")
JOB = "job-with_every.kind+of=character@that(a)name-may'have!in-it-åß神-".ljust(80, "x")
"""As long as an id may be, and longer in bytes."""


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return open_store(tmp_path)


def brief_of(batches: int, children: int = 1_000, **plan: int) -> Brief:
    """Of a job of so many batches, whose managers have so many children at most."""
    made = asdict(make_plan(batches, 1, most_children=children, one_manager=children)) | plan
    return Brief(
        JOB, None, {"name": "any"}, {"long": "x" * 10_000}, {"range": [0, batches]}, made, {}, "manager",
        ["worker-0", "worker-1", "worker-2"], "combiner", 1,
    )  # fmt: skip


def managed(
    objects: ObjectStore, brief: Brief, answer: Callable[[Call], Answer], *, seconds: float = 30.0, **event: int
) -> tuple[Started, list[Call]]:
    """What a manager did that was asked to split the whole job, or what `event` has of it."""
    write_brief(objects, brief)
    whole: dict[str, Any] = {
        "job": JOB,
        "run": 1,
        "first": 0,
        "last": brief.batches.batches,
        "level": 0,
        "sent_at": 0.0,
    }
    with functions(answer) as (address, calls):
        return manage(whole | event, Briefs(objects), objects, client_of(address), seconds=seconds), calls


def client_of(address: str) -> Any:
    """As the manager's entry point makes it, but for the address."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", address)
        return HERE.client("lambda", tries=1)


def test_a_child_that_cannot_be_started_loses_no_sibling_and_is_told_to_the_watcher(objects: ObjectStore) -> None:
    started, calls = managed(objects, brief_of(50), lambda call: GONE if call.event["batch"] == 20 else TAKEN)
    assert Counter(call.event["batch"] for call in calls) == Counter(range(50)), (
        "it is refused once, as it would be again"
    )
    ((node, reason),) = started.unsent
    assert node == Node(20, 21, 1)
    assert "ResourceNotFoundException" in reason


def test_workers_are_spread_over_the_lanes(objects: ObjectStore) -> None:
    _, calls = managed(objects, brief_of(30), lambda _: TAKEN)
    assert {call.event["batch"]: call.function for call in calls} == {n: f"worker-{n % 3}" for n in range(30)}


def test_what_is_throttled_is_asked_again_until_it_is_taken(objects: ObjectStore) -> None:
    started, calls = managed(objects, brief_of(20), lambda call: BUSY if call.number <= 8 else TAKEN)
    assert started == Started([], 8)
    assert len(calls) == 28
    assert {call.event["batch"] for call in calls} == set(range(20))


def test_a_child_whose_connection_broke_is_started_all_the_same(objects: ObjectStore) -> None:
    started, calls = managed(objects, brief_of(20), lambda call: None if call.number <= 5 else TAKEN)
    assert started == Started([], 0)
    assert {call.event["batch"] for call in calls} == set(range(20))
    assert len(calls) >= 25, "five of them were sent once more: perhaps they had not arrived"


def test_pauses_after_throttles_are_random_and_grow_to_a_limit() -> None:
    pauses: list[float] = []
    with (
        functions(lambda call: BUSY if call.number <= 12 else TAKEN) as (address, _),
        LambdaInvoker(client_of(address), brief_of(1), seconds=600, sleep=pauses.append) as invoker,
    ):
        invoker.invoke_worker(Node(0, 1, 1))
    longest = [min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**number) for number in range(12)]
    assert len(pauses) == 12
    assert all(0 <= pause <= limit for pause, limit in zip(pauses, longest, strict=True))
    assert len(set(pauses)) == 12, "those that were throttled together must not come back together"


def test_a_manager_whose_time_is_up_says_which_children_it_did_not_start(objects: ObjectStore) -> None:
    started, calls = managed(objects, brief_of(5), lambda _: TAKEN, seconds=MARGIN_S - 0.1)
    assert calls == []
    assert [node.first for node, _ in started.unsent] == list(range(5))
    assert {reason for _, reason in started.unsent} == {"TimeoutError: there was no time left to send it"}


def test_events_are_small_whatever_the_parameters_and_the_id(objects: ObjectStore) -> None:
    for level, (children, what) in {0: (10, "manager"), 2: (10, "worker")}.items():
        _, calls = managed(objects, brief_of(1_000, children), lambda _: TAKEN, level=level, last=10)
        assert {call.function.partition("-")[0] for call in calls} == {what}
        assert max(len(call.body) for call in calls) < 512


@pytest.mark.parametrize(
    ("event", "plan", "said"),
    [
        ({"level": 3}, {}, "level 3 is not one of the 3 levels"),
        ({"level": -1}, {}, "level -1 is not one of the 3 levels"),
        ({"level": MOST_LEVELS}, {"levels": MOST_LEVELS + 5}, f"level {MOST_LEVELS} is not one of"),
        ({"last": 1_001}, {}, "batches 0-1001 are not among the 1000"),
        ({"first": -1}, {}, "batches -1-1000 are not among the 1000"),
    ],
)
def test_what_is_not_in_the_tree_is_refused_and_starts_nothing(
    objects: ObjectStore, event: dict[str, int], plan: dict[str, int], said: str
) -> None:
    brief = brief_of(1_000, 10, **plan)

    def unexpected(call: Call) -> Answer:
        raise AssertionError(f"{call.function} was started")

    with pytest.raises(InvalidJob, match=said):
        managed(objects, brief, unexpected, **event)
