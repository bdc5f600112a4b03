"""Watchers look often while there is something to do, and an execution never has too many events."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import pytest

from skyburst.homes.aws.looks import ANSWER_S, FUNCTION_S, SEND_S, next_look
from skyburst.local_cloud.limits import HISTORY_EVENTS

HALF_A_DAY_S = 12 * 3_600.0
EVENTS_OF_A_TURN = 9
"""Five of the function, two of the choice, two of the pause."""

Quiet = Callable[[float], float]


def looks(quiet: Quiet, look_s: float, until: float = HALF_A_DAY_S) -> Iterator[tuple[float, bool]]:
    """The time of each look, and whether a call began with it."""
    now, began, new = 0.0, 0.0, True
    while now < until:
        yield now, new
        after = next_look(call_s=now + look_s - began, look_s=look_s, age_s=now, quiet_s=quiet(now))
        now += look_s + after.pause_s
        new = not after.here
        began = now if new else began


def something_to_send(_: float) -> float:
    return 0.0


def nothing_to_do(_: float) -> float:
    return float("inf")


def now_and_then(now: float) -> float:
    return random.Random(int(now)).choice([0.0, 20.0, 100.0])


@pytest.mark.parametrize("quiet", [something_to_send, nothing_to_do, now_and_then])
@pytest.mark.parametrize("look_s", [0.05, 4.0, 30.0, 120.0])
def test_a_job_of_twelve_hours_is_far_from_the_limit_of_events(quiet: Quiet, look_s: float) -> None:
    turns = sum(new for _, new in looks(quiet, look_s))
    assert turns * EVENTS_OF_A_TURN < HISTORY_EVENTS / 3


def test_a_job_that_waits_for_environments_for_months_stays_below_the_limit_too() -> None:
    turns = sum(new for _, new in looks(nothing_to_do, 0.05, until=120 * 86_400.0))
    assert turns * EVENTS_OF_A_TURN < HISTORY_EVENTS


def test_while_there_is_something_to_send_there_is_a_look_each_second_however_old_the_job_is() -> None:
    times = [at for at, _ in looks(something_to_send, 0.05)]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) == pytest.approx(1.0)


def test_an_old_job_with_nothing_to_do_is_looked_at_after_pauses_of_the_execution() -> None:
    times = [(at, new) for at, new in looks(nothing_to_do, 0.05) if at > 700]
    assert all(new for _, new in times)
    waits = [later[0] - earlier[0] for earlier, later in itertools.pairwise(times)]
    assert min(waits) > 12
    assert max(waits) < 301


def test_what_is_due_soon_is_not_slept_through() -> None:
    assert not next_look(call_s=1, look_s=0.1, age_s=5_000, quiet_s=100).here
    assert next_look(call_s=1, look_s=0.1, age_s=5_000, quiet_s=50).here


@pytest.mark.parametrize("look_s", [0.01, 0.5, 3.0, 20.0, 200.0])
@pytest.mark.parametrize("quiet", [something_to_send, nothing_to_do])
def test_looks_take_a_fifth_of_the_time_at_most(quiet: Quiet, look_s: float) -> None:
    times = [at for at, _ in looks(quiet, look_s)]
    assert look_s * (len(times) - 1) <= 0.2 * (times[-1] - times[0]) + 1e-6


@pytest.mark.parametrize("look_s", [0.01, 0.5, 3.0, 20.0, 60.0])
def test_a_look_that_takes_twice_as_long_and_what_it_sends_end_before_the_function(look_s: float) -> None:
    began = 0.0
    for at, new in looks(something_to_send, look_s):
        began = at if new else began
        assert at - began + (0 if new else 2 * look_s) + SEND_S + ANSWER_S < FUNCTION_S
