"""The program of a container, as AWS Batch starts it: its processes, real tables and objects, and no more than its variables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts import values
from skyburst.contracts.blueprint import COMMAND_COMBINER, COMMAND_WORKER
from skyburst.contracts.records import BatchRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.homes.aws.arrays import ARRAY, FOLDER, JOB, RUN, key_of
from skyburst.homes.aws.brief import Brief, write_brief
from skyburst.homes.aws.deployed import BATCHES, BUCKET, JOBS, PREFIX
from skyburst.homes.aws.environment import BATCH_ATTEMPT, BATCH_CHILD, BATCH_JOB
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.homes.job_items import store_items
from skyburst.objects import ObjectStore, open_store
from tests.conftest import REPOSITORY
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import CREDENTIALS, REGION, Tables
from tests.waiting import PATIENCE_S, eventually

SCRIPTED, WORDS = REPOSITORY / "tests/local/scripted", REPOSITORY / "tests/deployed/words"
NEEDS: dict[str, Any] = {
    "command": None, "timeout_s": 30.0, "memory_mb": 2_048, "vcpus": 1, "gpus": 0, "variables": {}, "group": None,
    "instance_types": ["m5.large"],
}  # fmt: skip


class World:
    """A job, and containers that run its batches."""

    def __init__(self, tables: Tables, bucket: str, objects: ObjectStore) -> None:
        self.table: DynamoTaskTable = tables.open()
        self.objects = objects
        self._variables = {
            **CREDENTIALS, "AWS_ENDPOINT_URL": tables.endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
            "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), BUCKET: bucket.removeprefix("s3://"),
            BATCHES: tables.batches, JOBS: tables.jobs, PREFIX: "skyburst", JOB: "job-1", RUN: "1", ARRAY: "1",
        }  # fmt: skip

    def make(self, items: list[Any], folder: Path, parameters: dict[str, Any], **needs: Any) -> None:
        """Store a job of so many batches, and its array."""
        from skyburst.contracts.job import parse_job

        command = needs.get("command")
        _, source = store_items(parse_job({"analysis": "x", "items": items}), self.objects, "jobs/job-1/", Path("/"))
        plan = {"items": len(items), "batch_size": 1, "batches": len(items), "levels": 1, "fan_out": len(items)}
        job = replace(a_job("job-1", batches=len(items), state=JobState.RUNNING), plan=plan, runs=1, items=source)
        self.table.create_job(job)
        analysis = {
            "name": "x", "worker": COMMAND_WORKER if command else "worker:scripted", "items": None, "second_stage": None,
            "combiner": COMMAND_COMBINER if command else "worker:everything",
        }  # fmt: skip
        brief = Brief("job-1", None, analysis, parameters, source, plan, {}, "m", [], "c", 1, {**NEEDS, **needs})
        write_brief(self.objects, brief)
        array = {"ranges": [[0, len(items)]], "attempt": 1, "last": 3, "at": time.time()}
        self.objects.put(key_of("job-1", 1, 1), values.encode(array))
        self._variables[FOLDER] = str(folder)

    def start(self, child: int, attempt: int = 1) -> subprocess.Popen[str]:
        """Start the container of a child."""
        own = {BATCH_JOB: f"abc:{child}", BATCH_CHILD: str(child), BATCH_ATTEMPT: str(attempt)}
        return subprocess.Popen(
            [sys.executable, "-m", "skyburst.homes.aws.environment"], env={**self._variables, **own}, cwd="/",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, child: int, attempt: int = 1) -> tuple[int, str]:
        """Run one to its end: its exit code, and what it wrote."""
        container = self.start(child, attempt)
        said, _ = container.communicate(timeout=PATIENCE_S)
        return container.returncode, said

    def batch(self, number: int) -> BatchRecord:
        """What is known of a batch."""
        found = self.table.batch("job-1", number)
        assert found is not None
        return found

    def status(self, number: int) -> dict[str, Any]:
        """Of a dataset; nothing before it begins."""
        found: dict[str, Any] = values.decode(self._of_dataset(number, "status.json", b"{}"))
        return found

    def log(self, number: int) -> bytes:
        """What the command of a dataset wrote so far."""
        return self._of_dataset(number, "log.jsonl", b"")

    def _of_dataset(self, number: int, name: str, nothing: bytes) -> bytes:
        from skyburst.errors import ObjectNotFound

        try:
            return self.objects.get(f"jobs/job-1/datasets/{number:08d}/{name}")
        except ObjectNotFound:
            return nothing


@pytest.fixture
def world(dynamodb_tables: Tables, bucket: str) -> Iterator[World]:
    world = World(dynamodb_tables, bucket, open_store(bucket))
    yield world
    world.table.close()


def test_a_worker_of_python_records_what_it_found_once_and_its_own_failures_for_good(world: World) -> None:
    scripts = [["ok"], ["raise"], ["print"]]
    world.make([{"script": script} for script in scripts], SCRIPTED, {"journal": ""})
    assert world.run(0)[0] == 0
    assert [stored.payload for stored in world.table.partial_results("job-1", 0, 1)] == [b"v[0]"]
    code, said = world.run(0, attempt=2)
    assert (code, "not run: it is done" in said) == (0, True)
    code, said = world.run(1)
    assert (code, world.batch(1).state, world.batch(1).failures[0].kind) == (1, BatchState.FAILED, "ValueError")
    assert "failed: ValueError: told to fail" in said
    code, said = world.run(2)
    assert (code, "hello from 2" in said, "and from below Python" in said) == (0, True, True), (
        "its log is the container's"
    )


def test_a_command_ends_with_its_own_exit_code_and_its_results_are_delivered(world: World) -> None:
    world.objects.put("data/a.txt", b"one two three")
    data = f"{world.objects.location}/data/a.txt"
    items = [data, {"data": data, "config": {"exit_code": 4}}]
    world.make(items, WORDS, {"exit_code": 0, "seconds": 0}, command=["sh", "run.sh"])
    assert [world.run(child)[0] for child in (0, 1)] == [0, 4]
    for number in (0, 1):
        assert world.objects.get(f"jobs/job-1/datasets/{number:08d}/results/words.txt") == b"3\n"
    assert [world.status(number)["state"] for number in (0, 1)] == ["SUCCEEDED", "FAILED"]
    assert world.status(0)["instance"] == "m5.large"
    (failure,) = world.batch(1).failures
    assert (failure.kind, failure.exit_code) == ("CommandFailed", 4)


def test_a_command_whose_machine_is_taken_away_is_ended_in_good_order_and_runs_again(world: World) -> None:
    world.objects.put("data/a.txt", b"one two three")
    items = [{"data": f"{world.objects.location}/data/a.txt"}]
    world.make(items, WORDS, {"exit_code": 0, "seconds": 60}, command=["sh", "run.sh"])
    container = world.start(0)
    eventually(lambda: b"attempt 1" in world.log(0), "its command came to what it writes last")
    container.send_signal(signal.SIGTERM)
    said, _ = container.communicate(timeout=PATIENCE_S)
    assert container.returncode == 143, said
    assert world.status(0)["state"] == "CANCELLED"
    assert [file["name"] for file in world.status(0)["files"]] == ["words.txt"]
    record = world.batch(0)
    assert (record.state, [failure.kind for failure in record.failures]) == (BatchState.LOST, ["Killed"])
    again = world.start(0, attempt=2)
    eventually(lambda: world.batch(0).state is BatchState.RUNNING)
    assert world.batch(0).attempt == 2
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=PATIENCE_S)
