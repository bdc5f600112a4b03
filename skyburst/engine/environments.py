"""Environments: which batches are submitted now, in arrays, and what became of the silent ones. Pure; `now` is an argument.

A queue far away keeps what was submitted, for hours and days, until there is a machine for it: so nothing is submitted again
because nothing is heard of it, as invocations of functions are (`sending.py`). What ended without a word is known from who ran
it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from skyburst.contracts.records import BatchRecord, Failure
from skyburst.contracts.states import BatchState

MOST_IN_AN_ARRAY = 10_000
LATE_S = 60.0
"""A batch is silent when its deadline, which its environment moves on while it runs, has passed for so long."""
SPOT, ON_DEMAND = "spot", "on_demand"
AT_ONCE = frozenset({"TimedOut", "OutOfMemory"})
"""Kinds of failures that a function would meet again: a batch falls back after the first one ..."""
AT_LAST = "Killed"
"""... and after the last attempt when its function was ended without a word, as the system does for lack of memory."""

Range = tuple[int, int]
"""Half-open, of batches."""


@dataclass(slots=True)
class Array:
    """Batches that are submitted together."""

    number: int
    """In a run of the job, from 1."""
    ranges: list[Range]
    """In order: child i runs the i-th of these batches."""
    attempt: int
    """The first attempt of these batches that is made here."""
    used: int
    """Attempts in environments that they had before."""
    tries: int
    """Attempts that are made here at each, when its machine is lost."""
    pricing: str
    at: float
    """When it was to be submitted; seconds since the epoch."""
    open: list[Range]
    """Batches of which it is not known that they have ended."""
    job: str | None = None
    """What its queue calls it; None until that is known."""
    taken_at: float = 0.0
    """When that was first known."""
    failed: int = 0
    """Children that had failed when that was last looked at."""
    silent: list[int] = field(default_factory=list)
    """Batches that were ended because nothing was heard of them."""


@dataclass(slots=True)
class Submitted:
    """What was submitted. Kept between looks, and stored, so that another watcher can go on."""

    todo: list[Range]
    """Batches that were not submitted yet, in order."""
    arrays: list[Array] = field(default_factory=list)
    """Those with batches that have not ended."""
    count: int = 0
    """Arrays so far."""
    fell_back: list[int] = field(default_factory=list)
    """Batches that ran out of time or memory in functions, in all runs of the job."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Submitted:
        """What `document` described."""
        arrays = [
            Array(**{**entry, "ranges": _pairs(entry["ranges"]), "open": _pairs(entry["open"])})
            for entry in document["arrays"]
        ]
        return cls(_pairs(document["todo"]), arrays, document["count"], list(document["fell_back"]))

    def batches(self) -> Iterator[int]:
        """Batches that environments have."""
        for array in self.arrays:
            yield from each(array.open)


class End(NamedTuple):
    """How a batch's environment ended."""

    failure: Failure
    machine: bool
    """Whether its machine was taken away or broke, which is no fault of the batch."""
    tries: int
    """Attempts that were made here; 0 when none began: there was no machine for it."""
    log: str = ""
    """`LOG GROUP:LOG STREAM` of the last one, when there is one."""
    started_at: float | None = None
    """Of the last one; seconds since the epoch."""
    stopped_at: float | None = None


@dataclass(slots=True)
class News:
    """What is known of an array from who runs it."""

    ends: dict[int, End] = field(default_factory=dict)
    """By child, of those that have failed."""
    over: bool = False
    """Whether all children have ended."""
    refused: str | None = None
    """Why it cannot be submitted, ever."""


class Loss(NamedTuple):
    """An attempt at a batch that ended without a word, or was the last one."""

    batch: int
    attempt: int
    end: End
    state: BatchState
    """That it leaves the batch in."""
    record: BatchRecord | None


@dataclass(slots=True)
class Decision:
    """What to do now."""

    submit: list[Array] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)
    """To be recorded."""
    end: list[tuple[Array, int]] = field(default_factory=list)
    """Children of arrays to end: their environments do not answer any more."""


def falls_back(kind: str | None, attempt: int, attempts: int) -> bool:
    """Whether a failure in a function has its batch run in an environment, where the blueprint allows that."""
    return kind in AT_ONCE or (kind == AT_LAST and attempt >= attempts)


def decide(
    sent: Submitted, recorded: Iterable[BatchRecord], *, now: float, attempts: int, pricing: str, room: int | None,
    fallen: Iterable[tuple[int, int]] = (), news: Mapping[int, News] | None = None, done: bytes | bytearray = b"",
) -> Decision:  # fmt: skip
    """What to submit and record now, noted in `sent`.

    Args:
        sent: what was submitted up to now; changed.
        recorded: batches that environments have and of which something was recorded.
        now: seconds since the epoch.
        attempts: at a batch whose machine is lost.
        pricing: of the first attempts. What was lost runs on demand.
        room: batches that environments may have at once; None for no limit.
        fallen: batches that fall back to environments, each with the attempt that is its next.
        news: what is known of arrays, by their numbers; asked for before `recorded` was read.
        done: not 0 for each batch that is known to be DONE, and of which `recorded` has nothing any more.
    """
    decision = Decision()
    records = {record.batch_id: record for record in recorded}
    again: defaultdict[tuple[int, int, str], list[int]] = defaultdict(list)
    for array in sent.arrays:
        said = (news or {}).get(array.number, News())
        ends = {batch_at(array.ranges, child): end for child, end in said.ends.items()}
        still = []
        for batch in each(array.open):
            record = records.get(batch)
            if (done and done[batch]) or _has_ended(array, record):
                continue
            end = ends.get(batch) or _end_of(said, record, now)
            if end is None:
                still.append(batch)
                if _is_silent(record, now) and batch not in array.silent:
                    array.silent.append(batch)
                    decision.end.append((array, index_of(array.ranges, batch)))
                continue
            _follow(decision, again, array, batch, record, end, attempts)
        array.open = ranges_of(still)
    for batch, attempt in fallen:
        again[attempt, 0, pricing].append(batch)
        sent.fell_back.append(batch)
    sent.fell_back.sort()
    sent.arrays = [array for array in sent.arrays if array.open]
    free = (
        None
        if room is None
        else room - sum(size_of(array.open) for array in sent.arrays) - sum(map(len, again.values()))
    )
    for (attempt, used, price), batches in sorted(again.items()):
        _submit(sent, decision, ranges_of(sorted(batches)), attempt, used, price, attempts, now)
    _submit(sent, decision, _taken(sent.todo, free), 1, 0, pricing, attempts, now)
    return decision


def _has_ended(array: Array, record: BatchRecord | None) -> bool:
    """Whether a batch needs nothing any more; that it failed before it came here is no such news."""
    if record is None:
        return False
    return record.state is BatchState.DONE or (record.state is BatchState.FAILED and record.attempt >= array.attempt)


def _end_of(said: News, record: BatchRecord | None, now: float) -> End | None:
    """How a batch ended of whose end nothing is said in particular."""
    if said.refused is not None:
        return End(Failure("NotSubmitted", said.refused), False, 1)
    runs = record is not None and record.state is BatchState.RUNNING and not _is_silent(record, now)
    if not said.over or runs:  # by somebody who was asked twice
        return None
    return End(Failure("Killed", "its environment ended, and nothing was recorded"), True, 1)


def _is_silent(record: BatchRecord | None, now: float) -> bool:
    return (
        record is not None
        and record.state is BatchState.RUNNING
        and record.deadline is not None
        and now >= record.deadline + LATE_S
    )


def _follow(
    decision: Decision, again: defaultdict[tuple[int, int, str], list[int]], array: Array, batch: int,
    record: BatchRecord | None, end: End, attempts: int,
) -> None:  # fmt: skip
    """Decide what follows the end of a batch's environment."""
    if not end.tries and array.pricing == SPOT:
        again[array.attempt, array.used, ON_DEMAND].append(batch)
        return
    heard = record.attempt if record else 0
    attempt = max(heard, array.attempt + max(1, end.tries) - 1)
    used = array.used + attempt - array.attempt + 1
    if end.machine and used < attempts:
        again[attempt + 1, used, ON_DEMAND].append(batch)
        if record is None or heard < attempt or record.state is BatchState.RUNNING:  # else it said so itself
            decision.lost.append(Loss(batch, attempt, end, BatchState.LOST, record))
    else:
        decision.lost.append(Loss(batch, attempt, end, BatchState.FAILED, record))


def _taken(todo: list[Range], free: int | None) -> list[Range]:
    """As many of the batches as there is room for, taken from the list."""
    taken = []
    while todo and (free is None or free > 0):
        first, last = todo.pop(0)
        end = last if free is None else min(last, first + free)
        if end < last:
            todo.insert(0, (end, last))
        if free is not None:
            free -= end - first
        taken.append((first, end))
    return taken


def _submit(
    sent: Submitted,
    decision: Decision,
    ranges: list[Range],
    attempt: int,
    used: int,
    pricing: str,
    attempts: int,
    now: float,
) -> None:
    """Make arrays of batches. On spot machines the last attempt is kept for one on demand, which is not taken away."""
    tries = max(1, attempts - used - (pricing == SPOT))
    for part in _parts(ranges):
        sent.count += 1
        array = Array(sent.count, part, attempt, used, tries, pricing, now, list(part))
        sent.arrays.append(array)
        decision.submit.append(array)


def _parts(ranges: Iterable[Range]) -> Iterator[list[Range]]:
    """Ranges of as many batches as an array may have."""
    part: list[Range] = []
    room = MOST_IN_AN_ARRAY
    for start, end in ranges:
        first = start
        while first < end:
            last = min(end, first + room)
            part.append((first, last))
            room -= last - first
            first = last
            if not room:
                yield part
                part, room = [], MOST_IN_AN_ARRAY
    if part:
        yield part


def each(ranges: Iterable[Range]) -> Iterator[int]:
    """All batches."""
    for first, end in ranges:
        yield from range(first, end)


def size_of(ranges: Iterable[Range]) -> int:
    """Number of batches."""
    return sum(end - first for first, end in ranges)


def ranges_of(batches: Iterable[int]) -> list[Range]:
    """Ranges of ascending batches."""
    found: list[Range] = []
    for batch in batches:
        if found and found[-1][1] == batch:
            found[-1] = (found[-1][0], batch + 1)
        else:
            found.append((batch, batch + 1))
    return found


def batch_at(ranges: Iterable[Range], child: int) -> int:
    """The batch of a child. Raises IndexError when the array has no such child."""
    left = child
    for first, end in ranges:
        if 0 <= left < end - first:
            return first + left
        left -= end - first
    raise IndexError(f"there is no child {child}")


def index_of(ranges: Iterable[Range], batch: int) -> int:
    """The child that runs a batch. Raises IndexError when the array has no such batch."""
    before = 0
    for first, end in ranges:
        if first <= batch < end:
            return before + batch - first
        before += end - first
    raise IndexError(f"batch {batch} is not in this array")


def _pairs(ranges: Iterable[Iterable[int]]) -> list[Range]:
    return [(first, end) for first, end in ranges]
