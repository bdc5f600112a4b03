"""What the items of the batches table hold, and the way there and back.

    jobId, batchId          the shard and the number of the batch
    state                   BatchState; a row without it is another framework's, and DONE
    attempt, items, size    numbers
    spent                   number: worker seconds of all attempts, to the microsecond
    failed, errors          numbers: failed attempts, items that could not be used
    startedAt               JSON text, so that a floating-point number stays what it was
    deadline                number: of a batch that is RUNNING
    token                   text: of the claim by which it is RUNNING
    about                   JSON text: seconds, peak memory, log, delivery and kind of failure of the last attempt
    reference               JSON text
    payload                 a partial result of at most a kilobyte
    apart                   true when the partial result is an item of its own
    by                      which call made it DONE
    ttl                     when DynamoDB removes it

Partial results, item errors and failures that are kept apart are items of the partitions `#p`, `#e` and `#f` of the shard.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord, Claim, Delivery, Failure, Outcome
from skyburst.contracts.states import BatchState
from skyburst.homes.aws.calls import Item
from skyburst.homes.aws.foreign import is_foreign

Changes = dict[str, Item | None]
"""Attributes of a row to set; None removes one."""

COUNTED = ("batchId", "state", "items", "errors", "failed", "spent")
TOLD = ("batchId", "state", "items", "errors", "failed", "attempt", "size", "startedAt", "deadline", "about")
WATCHED = (*TOLD, "spent")
NOT_DONE_NAMES = (
    "jobId",
    "batchId",
    "state",
    "attempt",
    "items",
    "failed",
    "spent",
    "startedAt",
    "deadline",
    "token",
    "about",
    "ttl",
)
"""All attributes of a row that is not DONE."""
PACKED_BYTES = 300 * 1024
"""Most bytes of a packed document: an item holds 400 KB."""


class Numbers(NamedTuple):
    """The plan's numbers, which the jobs table keeps beside a job's record."""

    batches: int
    items: int
    batch_size: int

    def items_of(self, batch_id: int) -> int:
        """Number of items in a batch."""
        return max(0, min(self.batch_size, self.items - batch_id * self.batch_size))


def number(value: int) -> Item:
    """An integer attribute."""
    return {"N": str(value)}


def text(value: Any) -> Item:
    """Any JSON value as a text attribute."""
    return {"S": values.encode(value).decode()}


def seconds(value: float) -> Item:
    """Seconds that are added up, to the microsecond."""
    return {"N": f"{value:.6f}"}


def time_of(value: float) -> Item:
    """A time that conditions compare, with all its digits: a number of DynamoDB has 38."""
    return {"N": repr(float(value))}


def pack(document: Any) -> Item:
    """Any JSON value as a compressed attribute."""
    return {"B": zlib.compress(values.encode(document), 6)}


def unpack(attribute: Item) -> Any:
    """The value that `pack` was given."""
    return values.decode(zlib.decompress(attribute["B"]))


def pack_failures(failures: Sequence[Failure]) -> Item:
    """As many of the latest failures as an item holds."""
    packed = pack([list(failure) for failure in failures])
    if len(packed["B"]) <= PACKED_BYTES or len(failures) == 1:  # one is short: the worker cuts messages and tracebacks
        return packed
    return pack_failures(failures[1:])


def failures_of(item: Item | None) -> list[Failure]:
    """Failures as `pack_failures` packed them."""
    return [Failure(*entry) for entry in unpack(item["failures"])] if item else []


def item_errors_of(item: Item | None) -> list[dict[str, Any]]:
    """Item errors as `pack_item_errors` packed them."""
    errors: list[dict[str, Any]] = unpack(item["errors"]) if item else []
    return errors


def pack_item_errors(item_errors: Sequence[Mapping[str, Any]]) -> Item:
    """As many of the item errors as an item holds; of the others only how many they are."""
    kept = len(item_errors)
    while True:
        rest = sum(entry.get("count", 1) for entry in item_errors[kept:])
        summed_up = [{"item": None, "error": f"and {rest} more", "count": rest}] if rest else []
        packed = pack([*item_errors[:kept], *summed_up])
        if len(packed["B"]) <= PACKED_BYTES:
            return packed
        kept //= 2


def attempted(outcome: Outcome) -> Changes:
    """Attributes that any end of an attempt sets; None removes one."""
    kind = [outcome.failure.kind] if outcome.failure else []
    return {
        "attempt": number(outcome.attempt),
        "items": number(outcome.items),
        "startedAt": text(outcome.started_at),
        "about": text([outcome.seconds, outcome.peak_memory_mb, outcome.log, outcome.delivery, *kind]),
        "deadline": None,
        "token": None,
    }


def done(outcome: Outcome) -> Changes:
    """Attributes that a partial result sets, without the partial result. No row that is not DONE has those that are left out."""
    errors = sum(entry.get("count", 1) for entry in outcome.item_errors or ())
    return {
        **attempted(outcome),
        "state": {"S": BatchState.DONE},
        "size": number(outcome.size),
        **({"reference": text(outcome.reference)} if outcome.reference is not None else {}),
        **({"errors": number(errors)} if errors else {}),
    }


def claimed(claim: Claim) -> Changes:
    """Attributes that a claim sets."""
    return {
        "state": {"S": BatchState.RUNNING},
        "attempt": number(claim.attempt),
        "startedAt": text(claim.started_at),
        "deadline": time_of(claim.deadline),
        "token": {"S": claim.token},
    }


def running_by(token: str) -> Item:
    """Values of the condition that a batch is RUNNING by the claim of a token."""
    return {"running": {"S": BatchState.RUNNING}, "token": {"S": token}}


def is_running_by(row: Item, token: str) -> bool:
    """Whether a batch is RUNNING by the claim of a token."""
    return all(
        row.get(name) == value for name, value in {"state": {"S": BatchState.RUNNING}, "token": {"S": token}}.items()
    )


def batch_id_of(row: Item) -> int:
    """Number of a row's batch."""
    return int(row["batchId"]["N"])


def state_of(row: Item) -> BatchState:
    """State of a row's batch."""
    return BatchState.DONE if is_foreign(row) else BatchState(row["state"]["S"])


def ran_s(row: Item, until: float) -> float:
    """Seconds that the attempt of a RUNNING batch took until a time, or its deadline; 0 of any other."""
    started_at = value(row, "startedAt")
    if row["state"]["S"] != BatchState.RUNNING or started_at is None:
        return 0.0
    deadline = float(row["deadline"]["N"]) if "deadline" in row else until
    return max(0.0, min(until, deadline) - float(started_at))


def record_of(row: Item, plan: Numbers, failures: list[Failure], item_errors: list[dict[str, Any]]) -> BatchRecord:
    """A row as a record."""
    batch_id = batch_id_of(row)
    if is_foreign(row):
        return BatchRecord(batch_id, BatchState.DONE, 1, plan.items_of(batch_id))
    seconds_taken, peak, log, delivery, *kind = value(row, "about") or (None, None, None, None)
    return BatchRecord(
        batch_id, state_of(row), whole(row, "attempt"), whole(row, "items"), whole(row, "size"),
        value(row, "startedAt"), seconds_taken, float(row["deadline"]["N"]) if "deadline" in row else None, peak,
        tuple(log) if log else None, Delivery(*delivery) if delivery else None, failures, item_errors, *kind,
    )  # fmt: skip


@dataclass(slots=True)
class Counts:
    """Counts of batches, as in a job's progress."""

    done: int = 0
    failed: int = 0
    running: int = 0
    items_done: int = 0
    item_errors: int = 0
    retries: int = 0
    worker_seconds: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def add(self, row: Item, plan: Numbers) -> BatchState:
        """Count a row; the state of its batch."""
        state = state_of(row)
        self.worker_seconds += float(row.get("spent", {"N": "0"})["N"])
        self.item_errors += whole(row, "errors")
        self.retries += whole(row, "failed")
        if state is BatchState.DONE:
            self.done += 1
            self.items_done += plan.items_of(batch_id_of(row)) if is_foreign(row) else whole(row, "items")
        elif state is BatchState.FAILED:
            self.failed += 1
            self.retries -= 1  # the last failure of a batch is not followed by a retry
        elif state is BatchState.RUNNING:
            self.running += 1
        return state


def count(found: Iterable[Item], plan: Numbers) -> Counts:
    """Count rows."""
    counts = Counts()
    for row in found:
        counts.add(row, plan)
    return counts


def ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Half-open ranges of ascending numbers."""
    first = last = None
    for entry in numbers:
        if first is not None and last is not None and entry != last:
            yield first, last
            first = None
        first = entry if first is None else first
        last = entry + 1
    if first is not None and last is not None:
        yield first, last


def whole(item: Item, name: str) -> int:
    """An integer attribute, 0 when there is none."""
    return int(item.get(name, {"N": "0"})["N"])


def value(row: Item, name: str) -> Any:
    """The value of a JSON text attribute, None when there is none."""
    return values.decode(row[name]["S"]) if name in row else None
