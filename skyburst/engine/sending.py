"""Sending: which batches are to be sent now, where workers are started far away and may be lost. Pure; `now` is an argument.

Home `local` sees its workers and needs none of this. On AWS an invocation that was accepted may start late, twice or never;
the task table says what became of it, and this says what to do about that.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from skyburst.contracts.records import BatchRecord
from skyburst.contracts.states import BatchState
from skyburst.engine.environments import AT_LAST, falls_back
from skyburst.engine.watch import retry_delay

FIRST_GRACE_S = 20.0
"""A batch of which nothing was heard is sent again when no batch of the job has run for so long: while others run, it waits in
the queue of throttled invocations, which is no reason to add to it. Each time it may take twice as long."""
LONGEST_GRACE_S = 1_800.0
PATIENCE = 2.0
"""It is sent again too when none has started for so many times the longest that one took: each that ends makes room for another,
so what still runs is what is slow, and what waits is lost. Too early is no harm: what is sent twice is run once."""
KEPT_S = 6 * 3_600.0
"""Lambda keeps an invocation that it cannot start for so long: by then it is lost, whatever runs."""
MOST_SILENT = 8
"""A batch that was sent so often has failed when not even the last of these invocations can start any more."""
LATE_S = 5.0
"""A batch is lost when its deadline has passed for so long: clocks differ, and the last write takes time."""


class Send(NamedTuple):
    """A batch to send now."""

    batch: int
    attempt: int


@dataclass(slots=True)
class Decision:
    """What to do now."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    """Half-open ranges of batches to dispatch for the first time."""
    again: list[Send] = field(default_factory=list)
    """Batches to send once more."""
    lost: list[BatchRecord] = field(default_factory=list)
    """Batches whose worker went silent: each has had its attempt."""
    silent: list[int] = field(default_factory=list)
    """Batches that never started however often they were sent: they have failed."""
    fallen: list[Send] = field(default_factory=list)
    """Batches that ran out of time or memory, and fall back to environments; those of them that are lost are in `lost` too."""
    due: float = field(default=math.inf, compare=False)
    """When the next one of those that were sent earlier is to be looked after if nothing is heard of it until then."""


@dataclass(slots=True)
class Signs:
    """What was seen of all batches together, which says whether the silence of some has a reason."""

    last_start: float = 0.0
    """When a batch last started."""
    last_ran: float = 0.0
    """When a batch last ran."""
    longest_s: float = 0.0
    """The longest that a batch took that is DONE; 0 when none is."""

    def note(self, record: BatchRecord, now: float) -> None:
        """Take a batch into account."""
        if record.started_at is None:
            return
        ran_until = now if _runs(record, now) else record.started_at + (record.seconds or 0.0)
        self.last_start = max(self.last_start, record.started_at)
        self.last_ran = max(self.last_ran, ran_until)
        if record.state is BatchState.DONE:
            self.longest_s = max(self.longest_s, record.seconds or 0.0)

    def explain(self, sent_at: float, grace_s: float) -> float:
        """Until when a batch that was sent then may well wait for its turn still."""
        until = min(sent_at + KEPT_S, max(sent_at, self.last_ran) + grace_s)
        if not self.longest_s:
            return until
        return min(until, max(sent_at, self.last_start) + max(grace_s, PATIENCE * self.longest_s))


@dataclass(slots=True)
class Sent:
    """What was sent when. Kept between looks, and stored, so that another watcher can go on."""

    todo: list[tuple[int, int]]
    """Half-open ranges of batches that were not dispatched yet, in order."""
    ranges: list[tuple[int, int, float]] = field(default_factory=list)
    """Half-open ranges that were dispatched, in order, each with its time."""
    again: dict[int, tuple[int, float, int]] = field(default_factory=dict)
    """Of batches that were sent again: the attempt, the time, and how often that attempt was sent."""
    signs: Signs = field(default_factory=Signs)
    """What was seen of batches, those included of which a later look reads nothing because they are DONE."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "todo": self.todo,
            "ranges": self.ranges,
            "again": list(self.again.items()),
            "signs": asdict(self.signs),
        }

    @classmethod
    def of(cls, document: dict[str, Any]) -> Sent:
        """What `document` described."""
        return cls(
            [(first, last) for first, last in document["todo"]],
            [(first, last, at) for first, last, at in document["ranges"]],
            {batch: (attempt, at, times) for batch, (attempt, at, times) in document["again"]},
            Signs(**document["signs"]),
        )


def decide(
    job_id: str, sent: Sent, recorded: Iterable[BatchRecord], *, now: float, attempts: int, room: int | None,
    done: bytes | bytearray = b"", fallback: bool = False, elsewhere: Collection[int] = (),
) -> Decision:  # fmt: skip
    """What to send now, noted in `sent` as sent.

    Args:
        job_id: for the jitter of retries.
        sent: what was sent up to now; changed.
        recorded: batches of which something was recorded, in order.
        now: seconds since the epoch.
        attempts: at a batch before it has failed.
        room: batches that may be in flight at once; None for no limit.
        done: not 0 for each batch that is known to be DONE, and of which `recorded` has nothing any more.
        fallback: whether a batch that runs out of time or memory falls back to an environment.
        elsewhere: batches that environments have, which are left alone.
    """
    decision = Decision()
    in_flight = 0
    signs = sent.signs
    unheard: list[tuple[Send, float, int]] = []
    for batch, at, record in _followed(sent.ranges, recorded, done):
        if batch in elsewhere:
            sent.again.pop(batch, None)
            continue
        if record is not None:
            signs.note(record, now)
        if record is not None and record.state in (BatchState.DONE, BatchState.FAILED):
            sent.again.pop(batch, None)
            continue
        in_flight += 1
        if fallback and record is not None and _fell(sent, decision, record, now, attempts):
            continue
        if _heard(job_id, sent, decision, batch, record, now=now, attempts=attempts):
            continue
        attempt = (record.attempt if record else 0) + 1
        _, sent_at, times = sent.again.get(batch, (attempt, at, 1))
        unheard.append((Send(batch, attempt), sent_at, times))
    for send, sent_at, times in unheard:
        _remind(sent, decision, send, sent_at, times, now)
    if done:  # a job with little room has very many ranges
        sent.ranges = [entry for entry in sent.ranges if done.find(0, entry[0], entry[1]) >= 0]
    free = None if room is None else room - in_flight
    while sent.todo and (free is None or free > 0):
        first, last = sent.todo.pop(0)
        end = last if free is None else min(last, first + free)
        if end < last:
            sent.todo.insert(0, (end, last))
        if free is not None:
            free -= end - first
        decision.ranges.append((first, end))
        sent.ranges.append((first, end, now))
    sent.ranges.sort()
    return decision


def _runs(record: BatchRecord, now: float) -> bool:
    """Whether a worker has the batch, as far as is known."""
    return record.state is BatchState.RUNNING and (record.deadline is None or now < record.deadline + LATE_S)


def _fell(sent: Sent, decision: Decision, record: BatchRecord, now: float, attempts: int) -> bool:
    """Whether a batch that has not ended falls back to an environment."""
    lost = record.state is BatchState.RUNNING
    if lost and _runs(record, now):
        return False
    if not falls_back(AT_LAST if lost else record.failed_as, record.attempt, attempts):
        return False
    if lost:
        decision.lost.append(record)
    decision.fallen.append(Send(record.batch_id, record.attempt + 1))
    sent.again.pop(record.batch_id, None)
    return True


def _heard(
    job_id: str, sent: Sent, decision: Decision, batch: int, record: BatchRecord | None, *, now: float, attempts: int
) -> bool:
    """Decide about one batch that was sent and has not ended; False when nothing was heard of the attempt that was sent."""
    if record is None:
        return False
    heard = record.attempt
    if record.state is BatchState.RUNNING:
        if _runs(record, now):
            if record.deadline is not None:
                decision.due = min(decision.due, record.deadline + LATE_S)
            return True
        decision.lost.append(record)
        if heard < attempts:
            decision.again.append(Send(batch, heard + 1))
            sent.again[batch] = (heard + 1, now, 1)
        return True
    sent_attempt = sent.again[batch][0] if batch in sent.again else 1
    if sent_attempt > heard:
        return False
    again_at = (record.started_at or 0.0) + (record.seconds or 0.0) + retry_delay(job_id, batch, heard)
    if now < again_at:
        decision.due = min(decision.due, again_at)
    else:
        decision.again.append(Send(batch, heard + 1))
        sent.again[batch] = (heard + 1, now, 1)
    return True


def _remind(sent: Sent, decision: Decision, send: Send, sent_at: float, times: int, now: float) -> None:
    """Decide about one batch of which nothing was heard."""
    if times >= MOST_SILENT:
        if now >= sent_at + KEPT_S:
            decision.silent.append(send.batch)
        return
    explained_until = sent.signs.explain(sent_at, min(LONGEST_GRACE_S, FIRST_GRACE_S * 2.0 ** (times - 1)))
    if now < explained_until:
        decision.due = min(decision.due, explained_until)
    else:
        decision.again.append(send)
        sent.again[send.batch] = (send.attempt, now, times + 1)


def _followed(
    ranges: Iterable[tuple[int, int, float]], recorded: Iterable[BatchRecord], done: bytes | bytearray
) -> Iterator[tuple[int, float, BatchRecord | None]]:
    """Each batch that was sent and is not known to be DONE, when its range was sent, and its record."""
    records = iter(recorded)
    record = next(records, None)
    for first, last, at in ranges:
        batch = first
        while batch < last:
            if done and (batch := done.find(0, batch, last)) < 0:
                break
            while record is not None and record.batch_id < batch:
                record = next(records, None)
            yield batch, at, record if record is not None and record.batch_id == batch else None
            batch += 1


def missing_ranges(batches: int, done: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open ranges of the batches that are not done."""
    gaps = []
    start = 0
    for first, last in done:
        if start < first:
            gaps.append((start, first))
        start = last
    if start < batches:
        gaps.append((start, batches))
    return gaps
