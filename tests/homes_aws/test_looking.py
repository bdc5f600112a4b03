"""Looking at a running job on AWS: what is new is read once, in bounded pieces, and combined in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.records import JobRecord
from skyburst.errors import JobFailed, ResultNotReady
from skyburst.finding import find_analysis
from skyburst.homes.aws import looking as module
from skyburst.homes.aws.looking import AwsLooking
from skyburst.homes.aws.task_table import DynamoTaskTable
from skyburst.objects import ObjectStore, open_store
from tests.contracts.records import a_job, an_outcome
from tests.homes_aws.dynamodb import Tables, Troubled
from tests.waiting import eventually

JOB = "job-1"
BLUEPRINT = """
blueprint = 1
name = "joining"
version = "1.0.0"
worker = "code:work"
combiner = "code:joined"
"""
CODE = """
import skyburst

@skyburst.worker
def work(batch):
    return None

@skyburst.combiner
def joined(partials, context):
    assert context.preview
    found = [[partial.start, len(partial.value)] for partial in partials]
    if [0, 13] in found:
        raise ValueError("unlucky")
    return found

@joined.summary
def lines(value, parameters):
    return [f"{len(value)} of them"]
"""


@pytest.fixture
def objects(bucket: str) -> ObjectStore:
    return open_store(bucket)


@pytest.fixture
def client(dynamodb_tables: Tables) -> Troubled:
    return Troubled(dynamodb_tables.client, "", [])


@pytest.fixture
def table(dynamodb_tables: Tables, client: Troubled) -> Iterator[DynamoTaskTable]:
    table = dynamodb_tables.open(client)
    yield table
    table.close()


@pytest.fixture
def job(table: DynamoTaskTable, tmp_path: Path) -> JobRecord:
    (tmp_path / "joining").mkdir()
    (tmp_path / "joining" / "blueprint.toml").write_text(BLUEPRINT)
    (tmp_path / "joining" / "code.py").write_text(CODE)
    found = find_analysis(str(tmp_path / "joining"))
    job = replace(a_job(JOB, batches=300), analysis=found.reference(), items={"range": [0, 3000]})
    return table.create_job(job)


@pytest.fixture
def looking(table: DynamoTaskTable, objects: ObjectStore, job: JobRecord) -> Iterator[AwsLooking]:
    looking = AwsLooking(table, objects, job, Path(job.analysis["location"]), {})
    yield looking
    looking.close()


def look(looking: AwsLooking) -> tuple[Any, list[str]]:
    looking.begin()
    found: tuple[Any, list[str]] = eventually(looking.poll, every_s=0.02)
    return found


def text(length: int) -> bytes:
    return b'v"' + b"x" * length + b'"'


def fetched(client: Troubled) -> int:
    """How many results that are kept apart from their rows were read since the last time."""
    keys = [
        key
        for operation, arguments in client.calls
        if operation == "batch_get_item"
        for request in arguments["RequestItems"].values()
        for key in request["Keys"]
    ]
    client.calls.clear()
    return len(keys)


def test_each_look_reads_what_is_new_and_combines_all_in_the_order_of_batches(
    looking: AwsLooking, table: DynamoTaskTable, objects: ObjectStore, client: Troubled
) -> None:
    assert look(looking) == (None, [])
    table.record(JOB, [an_outcome(7, text(2)), an_outcome(2, text(5_000)), an_outcome(0, text(3))])
    assert look(looking) == ([[0, 3], [20, 5_000], [70, 2]], ["3 of them"])
    assert fetched(client) == 1
    objects.put("jobs/job-1/partials/5", text(90_000))
    table.record(JOB, [an_outcome(5, None, reference="jobs/job-1/partials/5"), an_outcome(1, text(4_000))])
    value, lines = look(looking)
    assert lines == ["5 of them"]
    assert value in (None, [[0, 3], [10, 4_000], [20, 5_000], [50, 90_000], [70, 2]])
    assert fetched(client) == 1
    assert look(looking)[1] == lines, "nothing is new"
    assert fetched(client) == 0


def test_a_look_reads_so_much_and_the_next_one_goes_on(
    looking: AwsLooking, table: DynamoTaskTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_A_LOOK", 20_000)
    table.record(JOB, [an_outcome(number, text(2_000)) for number in range(25)])
    assert [look(looking)[1] for _ in range(4)] == [[f"{count} of them"] for count in (10, 20, 25, 25)]


def test_a_job_that_finds_too_much_is_not_read_any_further(
    looking: AwsLooking, table: DynamoTaskTable, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2**20)
    table.record(JOB, [an_outcome(0, text(3))])
    assert look(looking)[1] == ["1 of them"]
    objects.put("jobs/job-1/partials/1", text(2**20))
    table.record(JOB, [an_outcome(1, None, reference="jobs/job-1/partials/1")])
    with pytest.raises(ResultNotReady, match="more than 1 MiB"):
        look(looking)


def test_a_combiner_that_fails_is_told(looking: AwsLooking, table: DynamoTaskTable) -> None:
    table.record(JOB, [an_outcome(0, text(13))])
    with pytest.raises(JobFailed, match="cannot be combined: ValueError: unlucky"):
        look(looking)


def test_what_was_read_is_forgotten_at_the_end(
    table: DynamoTaskTable, objects: ObjectStore, job: JobRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "joining"))
    table.record(JOB, [an_outcome(0, text(3))])
    looking = AwsLooking(table, objects, job, Path(job.analysis["location"]), {})
    assert list((tmp_path / "joining").glob("skyburst-looking-*"))
    looking.begin()
    looking.close()
    assert not list((tmp_path / "joining").glob("skyburst-looking-*"))
