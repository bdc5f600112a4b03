"""What it costs to watch a job at home `aws`: what its looks read of the task table, and how long they take.

A job whose batches start within 20 seconds and end between 10 and 60 seconds after, one at a time or in order, is looked at each
second, once as a program that keeps nothing in mind has to, reading all rows to count them and all rows to decide, and once as
the watcher does. Rows are those that workers write. DynamoDB is a dictionary here: it answers at once, and says what it would
charge, by the size of the rows.

    python benchmarks/looks.py [--batches 10000 100000]
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from skyburst.contracts.records import Claim, Delivery, Outcome
from skyburst.contracts.states import JobState
from skyburst.engine.sending import Sent, decide
from skyburst.homes.aws import rows
from skyburst.homes.aws.schema import partition, shards_for
from skyburst.homes.aws.seen import Seen
from skyburst.homes.aws.task_table import DynamoTaskTable
from tests.homes_aws.dynamodb import size_of

JOB = "color-depth-search-20260101-120000-a1b2c3"
ITEMS = 20
UNIT_BYTES = 4_096
PAGE_BYTES = 1 << 20
USD_PER_MILLION = 0.125
"""Of read units on demand, in us-east-1."""
PAYLOAD = 400
"""Bytes of a partial result."""


class Charging:
    """As much of a client of DynamoDB as reading takes. What is read consistently costs a unit for 4 KB."""

    def __init__(self, head: dict[str, Any], shards: int) -> None:
        self._head = head
        self.partitions: dict[str, dict[int, tuple[int, dict[str, Any]]]] = {
            partition(JOB, shard, shards): {} for shard in range(shards)
        }
        self.units = self.calls = 0

    def get_item(self, **_: Any) -> dict[str, Any]:
        self._charge(0)
        return {"Item": self._head}

    def query(self, **asked: Any) -> dict[str, Any]:
        wanted = asked["ExpressionAttributeValues"]
        found = self.partitions[wanted[":jobId"]["S"]]
        step = len(self.partitions)
        after = asked.get("ExclusiveStartKey", {}).get("batchId", {"N": "-1"})["N"]
        first, last = (
            int(wanted.get(name, {"N": default})["N"]) for name, default in ((":first", "0"), (":last", "999999999"))
        )
        first = max(first, int(after) + 1)
        items, size = [], 0
        shard = next(iter(found), 0) % step
        for batch in range(first + (shard - first) % step, min(last, max(found, default=-1)) + 1, step):
            if batch not in found:
                continue
            if len(items) == asked.get("Limit", PAGE_BYTES) or size > PAGE_BYTES:
                self._charge(size)
                return {"Items": items, "LastEvaluatedKey": {"batchId": items[-1]["batchId"]}}
            items.append(found[batch][1])
            size += found[batch][0]
        self._charge(size)
        return {"Items": items}

    def _charge(self, size: int) -> None:
        self.units += max(1, -(-size // UNIT_BYTES))
        self.calls += 1


def fill(client: Charging, batch: int, started_at: float, ended_at: float, now: float) -> None:
    """The row of a batch as its worker has left it up to now."""
    if now < started_at:
        return
    name = partition(JOB, batch % len(client.partitions), len(client.partitions))
    key = {"jobId": {"S": name}, "batchId": rows.number(batch), "ttl": rows.number(1_800_000_000)}
    row: dict[str, Any] = {**key, **rows.claimed(Claim(batch, 1, started_at, started_at + 120.0))}
    if now >= ended_at:
        log = (
            f"/aws/lambda/skyburst-color-depth-search-worker-3:2026/01/01/[1]{batch:032x}",
            1_700_000_000_000,
            1_700_000_000_999,
        )
        outcome = Outcome(
            batch, 1, ITEMS, b"", None, PAYLOAD, None, started_at, ended_at - started_at, 512.25, log, None,
            Delivery(batch % 4, started_at - 1, 0.25),
        )  # fmt: skip
        done = {name: value for name, value in rows.done(outcome).items() if value is not None}
        row = {**key, **done, "payload": {"B": bytes(PAYLOAD)}, "by": {"S": "0a1b2c3d"}, "spent": rows.seconds(20)}
    client.partitions[name][batch] = (size_of(row), row)


def watch(batches: int, *, keeping: bool, order: bool) -> tuple[int, int, int, list[float]]:
    """Looks, read units and calls of a whole job, and the seconds that each look took."""
    chance = random.Random(1)
    began = 1_700_000_000.0
    starts = [began + 1 + 20.0 * batch / batches for batch in range(batches)]
    lasts = [10 + (50.0 * batch / batches if order else chance.random() * 50) for batch in range(batches)]
    moments: dict[int, list[int]] = {}
    for batch, (start, last) in enumerate(zip(starts, lasts, strict=True)):
        for at in {int(start - began), int(start + last - began)}:
            moments.setdefault(at + 1, []).append(batch)
    shards = shards_for(batches)
    plan = rows.Numbers(batches, batches * ITEMS, ITEMS)
    head = {
        "jobId": {"S": JOB}, "state": {"S": str(JobState.RUNNING)}, "cancel": {"BOOL": False}, "shards": rows.number(shards),
        "batches": rows.number(batches), "items": rows.number(batches * ITEMS), "batchSize": rows.number(ITEMS),
    }  # fmt: skip
    client = Charging(head, shards)
    table = DynamoTaskTable(client, "batches", "jobs")  # type: ignore[arg-type]
    sent, seen, took = Sent([(0, batches)]), Seen(plan), []
    now = began
    while True:
        for batch in moments.get(int(now - began), []):
            fill(client, batch, starts[batch], starts[batch] + lasts[batch], now)
        at = time.perf_counter()
        table.cancel_requested(JOB)
        if keeping:
            records = table.changing(JOB, seen)
            decide(JOB, sent, records, now=now, attempts=3, room=None, done=seen.done)
            deque(records, maxlen=0)
            done = seen.counts.done
        else:
            done = table.progress(JOB).done
            if done < batches:
                decide(JOB, sent, table.batches(JOB), now=now, attempts=3, room=None)
        took.append(time.perf_counter() - at)
        if done == batches:
            table.close()
            return len(took), client.units, client.calls, took
        now += 1


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="What looks at a job at home aws read, and how long they take.")
    parser.add_argument("--batches", type=int, nargs="+", default=[10_000, 100_000])
    given = parser.parse_args()
    print("batches end            reading     looks  read units       USD      calls  median look  longest look")
    for batches in given.batches:
        for order in (False, True):
            for keeping in (False, True):
                looks, units, calls, took = watch(batches, keeping=keeping, order=order)
                ends, reading = "in order" if order else "in any order", "what changes" if keeping else "everything"
                print(
                    f"{batches:>7,} {ends:<13} {reading:<12} {looks:>5} {units:>11,} {units * USD_PER_MILLION / 1e6:>9.4f} "
                    f"{calls:>10,} {sorted(took)[looks // 2]:>10.3f} s {max(took):>11.3f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
