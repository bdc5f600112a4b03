"""A watcher at real tables and objects; only the time, and the workers that it starts, are the test's."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.records import Claim, Failure, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.brief import Brief, write_brief
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import CERTIFICATE, finish
from skyburst.homes.aws.outcomes import whole
from skyburst.homes.aws.rows import Numbers
from skyburst.homes.aws.seen import Seen
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.aws.watcher import Watcher
from skyburst.objects import open_store
from tests.contracts.records import a_claim, a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import Tables

JOB = "job-1"


class World:
    """The time, and workers that take ten seconds for a batch. It is also what tells events, and keeps them."""

    def __init__(self, table: DynamoTaskTable) -> None:
        self.table, self.now = table, 10_000.0
        self.running: dict[int, float] = {}
        self.most = 0
        self.fail: set[int] = set()
        self.told: list[dict[str, Any]] = []

    def invoke(self, Payload: bytes, **_: Any) -> None:  # noqa: N803
        batch = json.loads(Payload)["batch"]
        self.table.claim(JOB, [Claim(batch, 1, self.now, self.now + 60)])
        self.running[batch] = self.now + 10
        self.most = max(self.most, len(self.running))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        ended = {batch: at - 10 for batch, at in self.running.items() if at <= self.now}
        self.running = {batch: at for batch, at in self.running.items() if batch not in ended}
        for batch in self.fail & set(ended):
            self.table.record_failure(JOB, a_failure(batch, attempt=2, started_at=ended.pop(batch)), BatchState.FAILED)
        self.table.record(JOB, [an_outcome(batch, started_at=at) for batch, at in ended.items()])

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.told += [json.loads(entry["Detail"]) for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": Entries}


class Here(Deployed):
    """A deployment on this machine."""

    world: World

    def client(self, service: str, **_: Any) -> Any:
        return self.world


@pytest.fixture
def table(dynamodb_tables: Tables) -> Iterator[DynamoTaskTable]:
    table = dynamodb_tables.open()
    yield table
    table.close()


@pytest.fixture
def here(dynamodb_tables: Tables, table: DynamoTaskTable) -> Here:
    here = Here("bucket", dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    here.world = World(table)
    here.__dict__.update(table=table, objects=open_store("memory://"))
    return here


def start(here: Here, batches: int, age: float = 0.0, **spec: Any) -> JobRecord:
    limits = {"timeout_s": None, "max_parallelism": None, "tolerated_failure_percent": 0.0}
    whole = {"blueprint": 1, "name": "x", "version": "1.0.0", "worker": "w:w", "combiner": "w:c"}
    blueprint = {**whole, "job": limits, "resources": {"attempts": 2}}
    analysis = {"name": "x", "blueprint": blueprint}
    job = replace(
        a_job(JOB, batches=batches, state=JobState.RUNNING, **spec), analysis=analysis, runs=1,
        run_began={"at": here.world.now - age, "items": 0, "batches": 0},
    )  # fmt: skip
    here.table.create_job(job)
    brief = Brief(JOB, None, analysis, {}, None, job.plan, {"attempts": 2}, "manager", ["worker"], "combiner", 1)
    write_brief(here.objects, brief)
    return job


def watcher(here: Here) -> Watcher:
    return Watcher(here, JOB, 1, clock=lambda: here.world.now, sleep=here.world.sleep)


def test_a_job_with_limited_room_goes_on_at_full_speed_after_ten_minutes(here: Here) -> None:
    start(here, 40, age=5_000, max_parallelism=4)
    began = here.world.now
    answer = watcher(here).call()
    counts = here.table.progress(JOB)
    assert counts.done + counts.running == 40, "one call refills again and again, until nothing is left to send"
    assert here.world.most == 4
    assert here.world.now - began < 140, "ten rounds of ten seconds, and a look after each"
    assert answer["wait_s"] == 102, "then the execution waits, for 2 % of the job's age"


class Counting:
    """A client that counts the rows that it reads."""

    def __init__(self, client: Any) -> None:
        self._client, self.rows = client, 0

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            answer = getattr(self._client, operation)(**arguments)
            self.rows += len(answer.get("Items", ())) + sum(map(len, answer.get("Responses", {}).values()))
            return answer

        return call


def test_what_is_done_is_read_once_whoever_watches(dynamodb_tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job(JOB, batches=600))
    table.record(JOB, [an_outcome(7, item_errors=[{"item": 1, "error": "no"}])])
    table.record_failure(JOB, a_failure(0), BatchState.FAILED)
    table.record(JOB, [an_outcome(batch) for batch in range(600) if batch not in (0, 7, 300)])
    table.claim(JOB, [a_claim(300)])
    client = Counting(dynamodb_tables.client)
    reading = dynamodb_tables.open(client)
    seen = Seen(Numbers(600, 6_000, 10))
    assert len(list(reading.changing(JOB, seen))) == client.rows == 600, "failures and item errors are not read"
    changing = list(reading.changing(JOB, seen))
    assert [record.batch_id for record in changing] == [0, 300]
    assert client.rows == 602
    assert asdict(seen.counts).items() <= asdict(table.progress(JOB)).items()
    following = Seen(Numbers(600, 6_000, 10), document=seen.document())
    assert [record.batch_id for record in reading.changing(JOB, following)] == [0, 300]
    assert following.counts == seen.counts
    (failed,) = reading.with_failures(JOB, changing[:1])
    assert failed.failures == [Failure("ValueError", "told to fail", "Traceback ...")]
    reading.close()


def test_a_watcher_tells_every_change_and_the_reason_of_failures(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skyburst.homes.aws.watcher.MOST_IN_A_LOOK", 3)
    start(here, 40, tolerated_failure_percent=50)
    here.world.fail = {39}
    assert watcher(here).call()["over"]
    ends = {event["batch"]: event for event in here.world.told if event["state"] in ("DONE", "FAILED")}
    assert sorted(ends) == list(range(40)), "three changes are told after a look, and the rest at the end"
    assert ends[39]["reason"] == "ValueError: told to fail"


def test_how_far_a_job_is_is_told_now_and_then_not_for_each_batch(here: Here) -> None:
    here.tells_batches, here.progress_s = False, 5.0
    start(here, 200, user="ada", max_parallelism=20)
    began = here.world.now
    assert watcher(here).call()["over"]
    told = here.world.told
    assert [event["done"] for event in told] == sorted({event["done"] for event in told}), "only when it has changed"
    assert 4 <= len(told) <= (here.world.now - began) / 5 + 1, "200 batches, fewer events"
    assert (told[0]["user"], told[0]["batches"], told[0]["state"]) == ("ada", 200, "RUNNING")


def test_nobody_is_told_how_far_a_job_is_unless_somebody_listens(here: Here) -> None:
    here.tells_batches = False
    start(here, 20, user="ada")
    assert watcher(here).call()["over"]
    assert here.world.told == []


def test_ten_thousand_batches_with_reasons_of_their_own_are_missing_and_the_job_ends(here: Here) -> None:
    job = start(here, 100_000)
    missing = [
        [n, n, 10 * n, 10 * n + 10, f"ValueError: {random.Random(n).randbytes(70).hex()}"] for n in range(10_000)
    ]
    outcome = {"missing": missing, "item_errors": [], "files": [], "summary": []}
    here.objects.put(f"jobs/{JOB}/result.json", b"1")
    ended = finish(here, job, JobState.PARTIAL, "some are missing", outcome, None)
    assert ended["state"] == "PARTIAL"
    stored = here.table.job(JOB)
    assert stored.state is JobState.PARTIAL
    assert whole(here.objects, stored)["missing"] == missing
    assert json.loads(here.objects.get(f"jobs/{JOB}/{CERTIFICATE}"))["missing"] == missing


@given(st.lists(st.booleans(), max_size=300), st.integers(1, 5), st.integers(1, 40))
def test_what_is_not_done_is_read_and_long_stretches_of_what_is_are_not(
    done: list[bool], shards: int, skipped: int
) -> None:
    seen = Seen(Numbers(len(done), len(done), 1), skipped=skipped)
    seen.done[:] = bytes(done)
    for shard in range(shards):
        ranges = list(seen.ranges(shard, shards))
        read = [batch for first, last in ranges for batch in range(first, last + 1, shards)]
        mine = range(shard, len(done), shards)
        assert read == sorted(set(read))
        assert {batch for batch in mine if not done[batch]} <= set(read) <= set(mine)
        stretches = [list(group) for is_done, group in groupby(read, lambda batch: done[batch]) if is_done]
        assert all(len(stretch) < skipped for stretch in stretches)
