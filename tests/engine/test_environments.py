"""What is submitted to environments, and what follows when they end without a word."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord, Failure
from skyburst.contracts.states import BatchState
from skyburst.engine.environments import (
    LATE_S,
    Array,
    Decision,
    End,
    News,
    Submitted,
    batch_at,
    decide,
    each,
    falls_back,
    index_of,
    ranges_of,
    size_of,
)

DONE, FAILED, LOST, RUNNING = BatchState.DONE, BatchState.FAILED, BatchState.LOST, BatchState.RUNNING
RECLAIMED = End(Failure("Killed", "Host EC2 (instance i-1) terminated."), machine=True, tries=1)
BROKEN = End(Failure("EnvironmentFailed", "exit code 3", exit_code=3), machine=False, tries=1)
NO_MACHINE = End(Failure("NeverStarted", "CAPACITY"), machine=False, tries=0)


def look(
    sent: Submitted, records: list[BatchRecord], now: float = 0.0, *, pricing: str = "on_demand", room: int | None = None,
    attempts: int = 3, **more: object,
) -> Decision:  # fmt: skip
    return decide(sent, records, now=now, attempts=attempts, pricing=pricing, room=room, **more)  # type: ignore[arg-type]


def submitted(batches: int, **options: object) -> Submitted:
    sent = Submitted([(0, batches)])
    look(sent, [], **options)  # type: ignore[arg-type]
    return sent


def test_all_batches_are_submitted_at_once_in_arrays_of_ten_thousand() -> None:
    sent = Submitted([(0, 15_000), (15_001, 25_000)])
    decision = look(sent, [])
    assert [array.ranges for array in decision.submit] == [
        [(0, 10_000)],
        [(10_000, 15_000), (15_001, 20_001)],
        [(20_001, 25_000)],
    ]
    assert [array.number for array in decision.submit] == [1, 2, 3]
    assert look(sent, []).submit == []


def test_a_batch_waits_for_a_machine_for_days_without_being_submitted_again() -> None:
    sent = submitted(3)
    for day in range(30):
        assert look(sent, [], 86_400.0 * day, news={1: News()}) == Decision()


def test_no_more_batches_are_submitted_than_there_is_room_for() -> None:
    sent = Submitted([(0, 10)])
    assert [array.ranges for array in look(sent, [], room=4).submit] == [[(0, 4)]]
    assert look(sent, [BatchRecord(0, RUNNING, 1, deadline=99.0)], room=4).submit == []
    ended = [BatchRecord(0, DONE, 1), BatchRecord(2, FAILED, 1)]
    assert [array.ranges for array in look(sent, ended, room=4).submit] == [[(4, 6)]]
    assert look(sent, [BatchRecord(1, DONE, 1)], room=4, done=b"\1\0\1\1" + bytes(6)).submit[0].ranges == [(6, 8)]


def test_a_batch_whose_machine_was_taken_away_runs_again_on_demand_and_its_last_attempt_is_kept_for_that() -> None:
    sent = submitted(5, pricing="spot")
    assert (sent.arrays[0].pricing, sent.arrays[0].tries) == ("spot", 2)
    running = BatchRecord(2, RUNNING, 2, started_at=1.0, deadline=500.0)
    decision = look(sent, [running], pricing="spot", news={1: News({2: RECLAIMED._replace(tries=2)})})
    (loss,), (again,) = decision.lost, decision.submit
    assert (loss.batch, loss.attempt, loss.state, loss.end.failure.kind) == (2, 2, LOST, "Killed")
    assert (again.ranges, again.attempt, again.used, again.tries, again.pricing) == ([(2, 3)], 3, 2, 1, "on_demand")
    assert sent.arrays[0].open == [(0, 2), (3, 5)]
    (last,) = look(sent, [], pricing="spot", news={2: News({0: RECLAIMED})}).lost
    assert (last.attempt, last.state) == (3, FAILED), "three attempts, and no fourth"


def test_what_a_container_said_itself_as_it_was_taken_away_is_not_recorded_twice() -> None:
    sent = submitted(1)
    said = BatchRecord(0, LOST, 1, started_at=1.0, seconds=2.0)
    decision = look(sent, [said], news={1: News({0: RECLAIMED}, over=True)})
    assert decision.lost == []
    assert decision.submit[0].attempt == 2


def test_the_own_failure_of_an_analysis_is_not_tried_again() -> None:
    sent = submitted(2)
    decision = look(sent, [], news={1: News({1: BROKEN})})
    assert [(loss.batch, loss.state, loss.end.failure.exit_code) for loss in decision.lost] == [(1, FAILED, 3)]
    assert decision.submit == []


def test_what_finds_no_spot_machine_is_submitted_on_demand_with_no_attempt_counted() -> None:
    sent = submitted(2, pricing="spot")
    decision = look(sent, [], pricing="spot", news={1: News({0: NO_MACHINE, 1: NO_MACHINE}, over=True)})
    assert decision.lost == []
    (again,) = decision.submit
    assert (again.ranges, again.attempt, again.used, again.pricing) == ([(0, 2)], 1, 0, "on_demand")
    last = look(sent, [], news={2: News({0: NO_MACHINE})})
    assert [(loss.batch, loss.state, loss.end.failure.kind) for loss in last.lost] == [(0, FAILED, "NeverStarted")]


def test_an_environment_that_ended_and_recorded_nothing_is_lost_unless_somebody_else_has_its_batch() -> None:
    sent = submitted(2)
    elsewhere = BatchRecord(1, RUNNING, 1, deadline=400.0)
    decision = look(sent, [elsewhere], 10.0, news={1: News(over=True)})
    assert [loss.batch for loss in decision.lost] == [0]
    decision = look(sent, [elsewhere], 400.0 + LATE_S, news={1: News(over=True)})
    assert [loss.batch for loss in decision.lost] == [1]


def test_a_machine_that_says_nothing_any_more_is_given_up_once() -> None:
    sent = submitted(2)
    silent = BatchRecord(1, RUNNING, 1, deadline=100.0)
    assert look(sent, [silent], 99.0 + LATE_S).end == []
    ((array, child),) = look(sent, [silent], 100.0 + LATE_S).end
    assert (array.number, child) == (1, 1)
    assert look(sent, [silent], 1_000.0).end == []


def test_what_cannot_be_submitted_has_failed_with_the_reason() -> None:
    sent = submitted(2)
    decision = look(sent, [], news={1: News(refused="the queue is disabled")})
    assert {(loss.batch, loss.state, loss.end.failure.message) for loss in decision.lost} == {
        (0, FAILED, "the queue is disabled"),
        (1, FAILED, "the queue is disabled"),
    }


def test_batches_that_fell_back_go_on_after_their_attempts_in_functions_and_once() -> None:
    sent = Submitted([])
    decision = look(sent, [], fallen=[(7, 2), (3, 2), (5, 4)])
    assert [(array.ranges, array.attempt, array.used) for array in decision.submit] == [
        ([(3, 4), (7, 8)], 2, 0),
        ([(5, 6)], 4, 0),
    ]
    assert sent.fell_back == [3, 5, 7]
    before = BatchRecord(5, FAILED, 3)
    assert look(sent, [before]).submit == []
    assert sorted(sent.batches()) == [3, 5, 7], "a failure of before it came here does not end it"
    decision = look(sent, [BatchRecord(3, FAILED, 2), BatchRecord(5, FAILED, 4)])
    assert decision == Decision()
    assert list(sent.batches()) == [7]


@pytest.mark.parametrize(
    ("kind", "attempt", "falls"),
    [
        ("TimedOut", 1, True),
        ("OutOfMemory", 1, True),
        ("Killed", 1, False),
        ("Killed", 3, True),
        ("ValueError", 3, False),
    ],
)
def test_time_and_memory_are_reasons_to_fall_back(kind: str, attempt: int, falls: bool) -> None:
    assert falls_back(kind, attempt, 3) is falls


RANGES = st.lists(st.integers(0, 300), unique=True).map(lambda numbers: ranges_of(sorted(numbers)))


@given(RANGES)
def test_children_and_batches_are_told_from_each_other(ranges: list[tuple[int, int]]) -> None:
    assert [batch_at(ranges, child) for child in range(size_of(ranges))] == list(each(ranges))
    assert [index_of(ranges, batch) for batch in each(ranges)] == list(range(size_of(ranges)))
    with pytest.raises(IndexError):
        batch_at(ranges, size_of(ranges))
    with pytest.raises(IndexError):
        index_of(ranges, 301)


@dataclass
class Queue:
    """A queue whose machines are taken away, break and vanish, by chance; it keeps what it is given for as long as it likes."""

    chance: random.Random
    attempts: int
    records: dict[int, BatchRecord] = field(default_factory=dict)
    waiting: list[tuple[Array, int, int]] = field(default_factory=list)
    """Array, child and how often it was tried."""
    ends: dict[int, dict[int, End]] = field(default_factory=dict)
    over: dict[int, int] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    """Attempts at each batch that reached the developer's function."""

    def take(self, array: Array) -> None:
        self.over[array.number] = size_of(array.ranges)
        self.ends[array.number] = {}
        self.waiting += [(array, child, 0) for child in range(size_of(array.ranges))]

    def step(self, now: float) -> None:
        """One of those that wait runs."""
        if not self.waiting:
            return
        array, child, tried = self.waiting.pop(self.chance.randrange(len(self.waiting)))
        batch, attempt = batch_at(array.ranges, child), array.attempt + tried
        what = self.chance.choices(["ok", "fail", "reclaim", "vanish", "no machine"], [6, 1, 2, 2, 1])[0]
        if what == "no machine" and not tried:
            self._failed(array, child, NO_MACHINE)
            return
        self.runs[batch] = self.runs.get(batch, 0) + 1
        before = self.records.get(batch)
        assert before is None or (before.state not in (DONE, FAILED) and before.attempt < attempt), (
            "it is never run in vain"
        )
        if what == "ok":
            self.records[batch] = BatchRecord(batch, DONE, attempt)
        elif what == "fail":
            self.records[batch] = BatchRecord(batch, FAILED, attempt)
            self._failed(array, child, BROKEN)
            return
        else:
            state = LOST if what == "reclaim" else RUNNING
            self.records[batch] = BatchRecord(batch, state, attempt, started_at=now, deadline=now + 1e9)
            if tried + 1 < array.tries:
                self.waiting.append((array, child, tried + 1))
            else:
                self._failed(array, child, RECLAIMED._replace(tries=tried + 1))
            return
        self.over[array.number] -= 1

    def _failed(self, array: Array, child: int, end: End) -> None:
        self.ends[array.number][child] = end
        self.over[array.number] -= 1

    def news(self) -> dict[int, News]:
        return {number: News(dict(ends), over=not self.over[number]) for number, ends in self.ends.items()}


@given(st.integers(0, 10**9), st.integers(1, 30), st.integers(1, 4), st.none() | st.integers(1, 5), st.booleans())
def test_whatever_happens_to_machines_every_batch_ends_and_none_has_more_attempts_than_it_may(
    seed: int, batches: int, attempts: int, room: int | None, spot: bool
) -> None:
    queue = Queue(random.Random(seed), attempts)
    sent = Submitted([(0, batches)])
    ended: dict[int, BatchState] = {}
    pricing = "spot" if spot else "on_demand"
    for step in range(5_000):
        news = queue.news() if queue.chance.random() < 0.5 else {}
        decision = decide(
            sent,
            list(queue.records.values()),
            now=float(step),
            attempts=attempts,
            pricing=pricing,
            room=room,
            news=news,
        )
        sent = Submitted.of(values.decode(values.encode(sent.document())))  # another watcher goes on
        for loss in decision.lost:
            assert queue.records.get(loss.batch) is None or queue.records[loss.batch].state in (LOST, RUNNING)
            queue.records[loss.batch] = BatchRecord(loss.batch, loss.state, loss.attempt)
        for array in decision.submit:
            queue.take(array)
        assert room is None or size_of(ranges_of(sorted(sent.batches()))) <= room
        for batch, record in queue.records.items():
            if record.state in (DONE, FAILED):
                assert ended.setdefault(batch, record.state) is record.state, "what has ended stays so"
        if len(ended) == batches:
            break
        queue.step(float(step))
    assert len(ended) == batches, "every batch ends"
    assert max(queue.runs.values(), default=0) <= attempts
