"""What every invoker does: each batch of a plan is handed to a worker, once, whatever the tree looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.engine.plan import Plan, make_plan
from skyburst.homes.local.pending import Pending
from tests.chance import chances

Ranges = list[tuple[int, int]]


def through_pending(plan: Plan, done: Ranges) -> list[int]:
    """The batches that home `local` sends to workers."""
    pending = Pending(plan, done)
    sent = []
    while (batch := pending.next(0.0)) is not None:
        batch_id, attempt = batch
        assert attempt == 1
        sent.append(batch_id)
    assert pending.empty
    return sent


INVOKERS: dict[str, Callable[[Plan, Ranges], list[int]]] = {"local": through_pending}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    items = draw(st.integers(0, 3_000))
    batch_size = draw(st.none() | st.integers(1, 40))
    return make_plan(items, batch_size, most_children=draw(st.integers(2, 60)), one_manager=draw(st.integers(1, 300)))


@st.composite
def plans_and_done(draw: st.DrawFn) -> tuple[Plan, Ranges]:
    plan = draw(plans())
    cuts = draw(st.lists(st.integers(0, plan.batches), max_size=12).map(sorted))
    return plan, [(first, last) for first, last in zip(cuts[::2], cuts[1::2], strict=False) if first < last]


@pytest.mark.parametrize("home", list(INVOKERS))
@settings(max_examples=150)
@given(plans())
def test_every_batch_is_sent_exactly_once(home: str, plan: Plan) -> None:
    assert Counter(INVOKERS[home](plan, [])) == Counter(range(plan.batches))


@pytest.mark.parametrize("home", list(INVOKERS))
@settings(max_examples=200)
@given(plans_and_done())
def test_batches_that_are_done_are_not_sent_and_all_others_are_once(home: str, case: tuple[Plan, Ranges]) -> None:
    plan, done = case
    finished = {batch for first, last in done for batch in range(first, last)}
    assert Counter(INVOKERS[home](plan, done)) == Counter(set(range(plan.batches)) - finished)


def test_batches_are_sent_in_order() -> None:
    plan = make_plan(5_000, 1)
    assert plan.levels > 1
    assert through_pending(plan, []) == list(range(5_000))


def test_nothing_is_sent_of_a_plan_without_batches() -> None:
    pending = Pending(make_plan(0))
    assert pending.empty
    assert pending.next(0.0) is None


def test_a_plan_of_a_trillion_batches_is_expanded_only_as_far_as_it_is_sent() -> None:
    pending = Pending(make_plan(10**12, 1))
    assert [pending.next(0.0) for _ in range(3)] == [(0, 1), (1, 1), (2, 1)]
    resumed = Pending(make_plan(10**12, 1), [(0, 10**12 - 2)])
    assert [resumed.next(0.0) for _ in range(3)] == [(10**12 - 2, 1), (10**12 - 1, 1), None]
    assert resumed.empty


def test_a_retry_is_sent_when_it_is_due_and_before_what_was_never_sent() -> None:
    pending = Pending(make_plan(3, 1))
    assert pending.next(0.0) == (0, 1)
    pending.retry(0, 2, due=10.0)
    assert pending.next(9.9) == (1, 1)
    assert pending.next(10.0) == (0, 2)
    assert pending.next(10.0) == (2, 1)
    assert pending.next(99.0) is None


def test_retries_are_sent_in_the_order_in_which_they_are_due() -> None:
    pending = Pending(make_plan(0))
    for batch_id, due in ((5, 3.0), (6, 1.0), (7, 2.0)):
        pending.retry(batch_id, 2, due)
    assert not pending.empty
    assert pending.next(0.5) is None
    assert [pending.next(5.0) for _ in range(4)] == [(6, 2), (7, 2), (5, 2), None]
    assert pending.empty


def test_a_batch_that_did_not_run_is_sent_again_first_as_the_same_attempt() -> None:
    pending = Pending(make_plan(2, 1))
    assert pending.next(0.0) == (0, 1)
    pending.retry(1, 3, due=0.0)
    pending.again(0, 1)
    assert [pending.next(0.0) for _ in range(3)] == [(0, 1), (1, 3), (1, 1)]


@settings(max_examples=40)
@given(plans(), st.data())
def test_whatever_fails_or_is_returned_each_batch_is_sent_until_it_is_done(plan: Plan, data: Any) -> None:
    pending = Pending(plan)
    chance = data.draw(chances)
    done: Counter[int] = Counter()
    now = 0.0
    while not pending.empty:
        batch = pending.next(now)
        if batch is None:
            now += 1.0
            continue
        batch_id, attempt = batch
        event = chance.random()
        if event < 0.1:
            pending.again(batch_id, attempt)
        elif event < 0.2 and attempt < 4:
            pending.retry(batch_id, attempt + 1, now + chance.random() * 3)
        else:
            done[batch_id] += 1
    assert done == Counter(range(plan.batches))
