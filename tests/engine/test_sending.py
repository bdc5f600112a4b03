"""What is sent, and sent again, while workers far away start late, twice or never."""

from __future__ import annotations

import itertools
import random
from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyburst.contracts.records import BatchRecord, Failure
from skyburst.contracts.states import BatchState
from skyburst.contracts.values import decode, encode
from skyburst.engine.sending import (
    FIRST_GRACE_S,
    KEPT_S,
    LATE_S,
    MOST_SILENT,
    Decision,
    Send,
    Sent,
    decide,
    missing_ranges,
)
from tests.chance import chances

DONE, FAILED, LOST, PENDING, RUNNING = (
    BatchState.DONE, BatchState.FAILED, BatchState.LOST, BatchState.PENDING, BatchState.RUNNING,
)  # fmt: skip


def look(sent: Sent, records: list[BatchRecord], now: float, *, attempts: int = 3, room: int | None = None) -> Decision:
    return decide("job-1", sent, records, now=now, attempts=attempts, room=room)


def test_without_a_limit_everything_is_dispatched_at_the_first_look_and_once() -> None:
    sent = Sent([(0, 500)])
    assert look(sent, [], 0.0) == Decision(ranges=[(0, 500)])
    assert look(sent, [], 1.0) == Decision()


def test_no_more_are_in_flight_than_may_be_and_room_is_used_as_it_comes() -> None:
    sent = Sent([(0, 10)])
    assert look(sent, [], 0.0, room=4).ranges == [(0, 4)]
    assert look(sent, [], 1.0, room=4).ranges == []
    ended = [BatchRecord(0, DONE, 1), BatchRecord(1, FAILED, 3), BatchRecord(2, RUNNING, 1, deadline=99.0)]
    assert look(sent, ended, 2.0, room=4).ranges == [(4, 6)]


def test_only_what_is_missing_is_dispatched_when_a_job_goes_on() -> None:
    sent = Sent(missing_ranges(10, [(0, 2), (5, 6)]))
    done = [BatchRecord(number, DONE, 1) for number in (0, 1, 5)]
    assert look(sent, done, 0.0).ranges == [(2, 5), (6, 10)]


def test_a_batch_that_is_not_heard_of_is_sent_again_after_ever_longer_times_and_fails_at_last() -> None:
    sent = Sent([(0, 1)])
    look(sent, [], 0.0)
    sent_at = []
    for now in range(1, 100_000, 5):
        decision = look(sent, [], float(now))
        if decision.again:
            assert decision.again == [Send(0, 1)], "nothing was heard of it: it is the same attempt"
            sent_at.append(now)
        if decision.silent:
            assert decision.silent == [0]
            break
    else:
        raise AssertionError("it waits for ever")
    assert sent_at[0] >= FIRST_GRACE_S
    assert len(sent_at) == MOST_SILENT - 1
    waits = [later - earlier for earlier, later in itertools.pairwise(sent_at)]
    assert waits == sorted(waits)


def test_while_others_start_a_silent_batch_waits_in_the_queue_with_them() -> None:
    sent = Sent([(0, 3)])
    look(sent, [], 0.0)
    started = BatchRecord(0, DONE, 1, started_at=15.0)
    look(sent, [started], 16.0)
    assert look(sent, [started], 15.0 + FIRST_GRACE_S - 1).again == []
    assert look(sent, [started], 15.0 + FIRST_GRACE_S).again == [Send(1, 1), Send(2, 1)]


def served_in_order(batches: int, seconds: float, at_once: int, look_s: float) -> tuple[int, int]:
    """Executions and deliveries of a job whose invocations wait in one queue; workers ask nobody whether to run."""
    sent, queue, table = Sent([(0, batches)]), deque[int](), dict[int, BatchRecord]()
    running: deque[tuple[float, int]] = deque()
    executions = deliveries = 0
    now = 0.0
    while not all(number in table and table[number].state is DONE for number in range(batches)):
        while running and running[0][0] <= now:
            _, number = running.popleft()
            table[number] = replace(table[number], state=DONE, seconds=seconds)
        sent = Sent.of(decode(encode(sent.document())))  # another watcher goes on
        decision = Decision()
        if now % look_s == 0:
            decision = look(sent, [table[number] for number in sorted(table)], now)
        firsts = [number for first, last in decision.ranges for number in range(first, last)]
        queue.extend([*firsts, *(send.batch for send in decision.again)])
        deliveries += len(firsts) + len(decision.again)
        assert not decision.silent
        while queue and len(running) < at_once:
            number = queue.popleft()
            executions += 1
            table.setdefault(number, BatchRecord(number, RUNNING, 1, started_at=now, deadline=now + seconds + 30))
            running.append((now + seconds, number))
        now += 1.0
    return executions, deliveries


@pytest.mark.parametrize(("seconds", "look_s"), [(300.0, 1.0), (300.0, 60.0), (3.0, 1.0), (3.0, 60.0)])
def test_batches_that_queue_because_no_more_may_run_at_once_are_each_executed_once(
    seconds: float, look_s: float
) -> None:
    assert served_in_order(500, seconds, 100, look_s) == (500, 500)


def test_silence_is_explained_while_a_batch_runs_but_not_when_none_has_started_for_very_long() -> None:
    first = BatchRecord(0, RUNNING, 1, started_at=0.0, deadline=900.0)
    second = BatchRecord(1, RUNNING, 1, started_at=5.0, deadline=900.0)
    sent = Sent([(0, 3)])
    look(sent, [], 0.0)
    assert look(sent, [first, second], 600.0) == Decision()
    ended = [replace(first, state=DONE, seconds=100.0), second]
    assert look(sent, ended, 204.0) == Decision()
    assert look(sent, ended, 205.0).again == [Send(2, 1)], "twice as long as it took has passed since one started"
    assert look(sent, ended, 404.0) == Decision()
    assert look(sent, ended, 405.0).again == [Send(2, 1)]
    sent = Sent([(0, 3)])
    look(sent, [], 0.0)
    ended = [replace(record, state=DONE, seconds=600.0) for record in (first, second)]
    assert look(sent, ended, 605.0 + FIRST_GRACE_S - 1) == Decision()
    assert look(sent, ended, 605.0 + FIRST_GRACE_S).again == [Send(2, 1)], "nothing runs any more"


def test_an_invocation_that_is_older_than_lambda_keeps_any_is_sent_again_whatever_runs() -> None:
    sent = Sent([(0, 2)])
    look(sent, [], 0.0)
    running = [BatchRecord(0, RUNNING, 1, started_at=KEPT_S - 10, deadline=KEPT_S + 800)]
    assert look(sent, running, KEPT_S - 1) == Decision()
    assert look(sent, running, KEPT_S).again == [Send(1, 1)]


def test_a_batch_has_not_failed_for_silence_before_its_last_invocation_is_gone() -> None:
    sent = Sent([(0, 1)])
    look(sent, [], 0.0)
    last_sent = 0.0
    for now in range(0, 100_000, 20):
        decision = look(sent, [], float(now))
        if decision.silent:
            break
        last_sent = float(now) if decision.again else last_sent
    assert now >= last_sent + KEPT_S


def test_a_worker_past_its_deadline_is_lost_and_its_batch_is_sent_again_at_once() -> None:
    sent = Sent([(0, 1)])
    look(sent, [], 0.0)
    running = BatchRecord(0, RUNNING, 1, started_at=1.0, deadline=100.0)
    assert look(sent, [running], 100.0 + LATE_S - 1) == Decision()
    decision = look(sent, [running], 100.0 + LATE_S)
    assert decision.lost == [running]
    assert decision.again == [Send(0, 2)]
    assert look(sent, [replace(running, state=LOST, deadline=None)], 110.0) == Decision()


def test_a_worker_that_is_lost_at_its_last_attempt_is_not_sent_again() -> None:
    sent = Sent([(0, 1)])
    look(sent, [], 0.0)
    decision = look(sent, [BatchRecord(0, RUNNING, 3, started_at=1.0, deadline=2.0)], 50.0)
    assert len(decision.lost) == 1
    assert decision.again == []


def test_a_failed_attempt_is_followed_by_the_next_one_after_a_while() -> None:
    sent = Sent([(0, 1)])
    look(sent, [], 0.0)
    failed = BatchRecord(0, PENDING, 1, started_at=1.0, seconds=2.0, failures=[Failure("ValueError", "no")])
    assert look(sent, [failed], 3.1).again == []
    assert look(sent, [failed], 10.0).again == [Send(0, 2)]
    assert look(sent, [failed], 11.0).again == [], "it is on its way"


@settings(max_examples=60)
@given(
    st.integers(0, 60), st.one_of(st.none(), st.integers(1, 20)), st.integers(1, 4), st.sampled_from([0.0, 0.2, 0.6]),
    chances,
)  # fmt: skip
def test_whatever_is_lost_late_or_doubled_every_batch_ends(
    batches: int, room: int | None, attempts: int, trouble: float, chance: random.Random
) -> None:
    sent = Sent(missing_ranges(batches, []))
    table: dict[int, BatchRecord] = {}
    under_way: list[tuple[float, int, int]] = []  # when it arrives, batch, attempt
    ever_sent: set[int] = set()
    known, now = bytearray(batches), 0.0
    while not all(number in table and table[number].state in (DONE, FAILED) for number in range(batches)):
        assert now < 1e6, "it waits for ever"
        sent = Sent.of(decode(encode(sent.document())))  # another watcher goes on
        lean = Sent.of(sent.document())
        decision = look(sent, [table[number] for number in sorted(table)], now, attempts=attempts, room=room)
        changing = [table[number] for number in sorted(table) if not known[number]]
        same = decide("job-1", lean, changing, now=now, attempts=attempts, room=room, done=known)
        assert (same, same.due) == (decision, decision.due), "what is known to be done need not be read again"
        known = bytearray(number in table and table[number].state is DONE for number in range(batches))
        firsts = [(number, 1) for first, last in decision.ranges for number in range(first, last)]
        assert ever_sent.isdisjoint(number for number, _ in firsts), "dispatched twice"
        ever_sent.update(number for number, _ in firsts)
        if room is not None:
            assert sum(table[n].state not in (DONE, FAILED) if n in table else True for n in ever_sent) <= room
        for lost in decision.lost:
            state = FAILED if lost.attempt >= attempts else LOST
            table[lost.batch_id] = replace(lost, state=state, seconds=now - (lost.started_at or now), deadline=None)
        for number in decision.silent:
            table[number] = BatchRecord(number, FAILED, attempts)
        for number, attempt in [*firsts, *decision.again]:
            assert 1 <= attempt <= attempts
            times = chance.choices([0, 1, 2], [trouble / 2, 1, trouble / 2])[0]  # delivered never, once or twice
            under_way += [(now + chance.random() * 100, number, attempt) for _ in range(times)]
        now += chance.choice([1.0, 5.0, 30.0])
        for arrival in [entry for entry in under_way if entry[0] <= now]:
            under_way.remove(arrival)
            _, number, attempt = arrival
            if number in table and table[number].state in (DONE, FAILED):
                continue
            fate = chance.random()
            if fate < trouble / 3:  # killed: only its claim is left
                table[number] = BatchRecord(number, RUNNING, attempt, started_at=now, deadline=now + 60)
            elif fate < trouble:
                state = FAILED if attempt >= attempts else PENDING
                table[number] = BatchRecord(number, state, attempt, started_at=now - 1, seconds=1.0)
            else:
                table[number] = BatchRecord(number, DONE, attempt)
    assert look(sent, [table[number] for number in sorted(table)], now, attempts=attempts, room=room) == Decision()


def test_it_is_said_when_the_next_thing_is_due() -> None:
    sent = Sent([(0, 3)])
    look(sent, [], 0.0)
    assert look(sent, [], 1.0).due == FIRST_GRACE_S
    running = BatchRecord(0, RUNNING, 1, started_at=1.0, deadline=100.0)
    failed = BatchRecord(1, PENDING, 1, started_at=1.0, seconds=2.0)
    assert look(sent, [running, BatchRecord(1, DONE, 1), BatchRecord(2, DONE, 1)], 5.0).due == 100.0 + LATE_S
    assert 3.0 < look(sent, [running, failed, BatchRecord(2, DONE, 1)], 3.1).due < 4.0


def test_ranges_of_which_all_is_done_are_kept_no_longer() -> None:
    sent = Sent([(0, 6)])
    for now in range(3):
        done = [BatchRecord(number, DONE, 1) for number in range(2 * now)]
        look(sent, done, float(now), room=2)
    decide("job-1", sent, [], now=9.0, attempts=3, room=2, done=bytes([1, 1, 1, 0, 0, 0]))
    assert [entry[:2] for entry in sent.ranges] == [(2, 4), (4, 6)]


@given(st.sets(st.integers(0, 40)))
def test_missing_ranges_are_the_complement_of_the_done_ones(done: set[int]) -> None:
    ranges = [(number, number + 1) for number in sorted(done)]
    missing = {number for first, last in missing_ranges(41, ranges) for number in range(first, last)}
    assert missing == set(range(41)) - done
