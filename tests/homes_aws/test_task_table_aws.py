"""What is special about the task table in DynamoDB: shards, rows of other frameworks, what AWS refuses, what reading costs."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import re
import string
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from skyburst.contracts.records import Failure, JobRecord, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.errors import InvalidJob, JobNotFound, StorageError
from skyburst.homes.aws.calls import Calls, ConditionFailed, connect
from skyburst.homes.aws.schema import SCHEMA, partition, shards_for
from skyburst.homes.aws.task_table import MOST_PAYLOAD_BYTES, DynamoTaskTable
from skyburst.stored import load_value
from tests.contracts.records import a_claim, a_failure, a_job, an_outcome
from tests.homes_aws.dynamodb import REGION, Tables, Troubled, an_error, size_of
from tests.waiting import PATIENCE_S

PENDING, FAILED, RUNNING = BatchState.PENDING, BatchState.FAILED, BatchState.RUNNING


@pytest.fixture
def tables(dynamodb_tables: Tables) -> Tables:
    return dynamodb_tables


@pytest.fixture
def table(tables: Tables) -> Iterator[DynamoTaskTable]:
    table = tables.open()
    yield table
    table.close()


def value_of(stored: Stored) -> Any:
    assert stored.payload is not None
    return load_value(io.BytesIO(stored.payload))


# The tables


def test_the_tables_have_the_key_that_workers_of_burst_compute_write(tables: Tables) -> None:
    described = tables.client.describe_table(TableName=tables.batches)["Table"]
    assert [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]] == [
        ("jobId", "HASH"),
        ("batchId", "RANGE"),
    ]
    assert described["AttributeDefinitions"] == [
        {"AttributeName": "jobId", "AttributeType": "S"},
        {"AttributeName": "batchId", "AttributeType": "N"},
    ]
    for name, schema in zip((tables.batches, tables.jobs), (SCHEMA["batches"], SCHEMA["jobs"]), strict=True):
        ttl = tables.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", schema.ttl)
        assert tables.client.describe_table(TableName=name)["Table"]["BillingModeSummary"]["BillingMode"] == (
            "PAY_PER_REQUEST"
        )


# Shards


@pytest.mark.parametrize(
    ("batches", "shards"),
    [(0, 1), (1, 1), (250, 1), (251, 2), (1_000, 4), (3_000, 12), (8_000, 32), (8_001, 32), (10**6, 32)],
)
def test_there_is_a_shard_for_each_250_batches_up_to_32(batches: int, shards: int) -> None:
    assert shards_for(batches) == shards


def test_batches_are_spread_over_the_shards_and_read_in_order(tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job(batches=1_000))
    numbers = random.Random(2).sample(range(1_000), 60)
    table.record("job-1", [an_outcome(number, b"v%d" % number) for number in numbers])
    table.record_failure("job-1", a_failure(999), FAILED)
    assert {item["jobId"]["S"] for item in tables.items()} >= {partition("job-1", shard, 4) for shard in range(4)}
    for item in tables.items():
        assert item["jobId"]["S"].split("#")[1] == str(int(item["batchId"]["N"]) % 4)
    other = tables.open()
    assert [stored.batch_id for stored in other.partial_results("job-1", 0, 1_000)] == sorted(numbers)
    assert [record.batch_id for record in other.batches("job-1")] == sorted({*numbers, 999})
    between = sorted(number for number in numbers if 300 <= number < 700)
    assert [stored.batch_id for stored in other.partial_results("job-1", 300, 700)] == between
    assert other.progress("job-1").done == 60
    other.close()
    table.delete_job("job-1")
    assert tables.items() == []
    assert tables.items(tables.jobs) == []


@pytest.mark.parametrize("seed", range(4))
def test_many_short_pages_of_many_shards_come_once_each_and_in_order(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    sizes = {"reading.ROWS_AT_ONCE": 3, "reading.COUNTED_AT_ONCE": 2, "task_table.PARTS_AT_ONCE": 2}
    for name, size in sizes.items():
        monkeypatch.setattr(f"skyburst.homes.aws.{name}", size)
    chance = random.Random(seed)
    table = tables.open()
    table.create_job(a_job(batches=80), shards=chance.randint(1, 7))
    payloads = [None, b"", b"vshort", b"v" * 2_000]
    outcomes = [
        an_outcome(number, payload, reference=f"partials/{number}" if payload is None else None)
        for number in chance.sample(range(80), 50)
        for payload in [chance.choice(payloads)]
    ]
    assert table.record("job-1", outcomes) == 50
    done = {outcome.batch_id: outcome for outcome in outcomes}
    others = [number for number in range(80) if number not in done]
    for number in others[:5]:
        table.record_failure("job-1", a_failure(number, str(number)), FAILED)
    first, last = sorted(chance.sample(range(81), 2))
    assert list(table.partial_results("job-1", first, last)) == [
        Stored(number, done[number].payload, done[number].reference) for number in range(first, last) if number in done
    ]
    known = list(table.batches("job-1"))
    assert [record.batch_id for record in known] == sorted([*done, *others[:5]])
    assert all(
        [failure.message for failure in record.failures] == [str(record.batch_id)] * (record.state is FAILED)
        for record in known
    )
    assert [number for pair in table.done_ranges("job-1") for number in range(*pair)] == sorted(done)
    progress = table.progress("job-1")
    assert (progress.done, progress.failed, progress.items_done) == (50, 5, 500)
    table.delete_job("job-1")
    assert tables.items() == []
    table.close()


def test_a_plan_that_comes_later_gives_the_number_of_shards_once_for_all(
    tables: Tables, table: DynamoTaskTable
) -> None:
    table.create_job(a_job())
    assert table.progress("job-1").batches == 0
    assert list(table.batches("job-1")) == []
    assert table.update_job(a_job(batches=600))
    table.record("job-1", [an_outcome(5)])
    assert [item["jobId"]["S"] for item in tables.items()] == ["job-1#2"]
    assert table.update_job(a_job(batches=9_000))
    other = tables.open()
    assert list(other.done_ranges("job-1")) == [(5, 6)]
    other.close()


def test_a_job_whose_batches_were_recorded_before_its_plan_keeps_one_shard(table: DynamoTaskTable) -> None:
    table.create_job(a_job())
    table.record("job-1", [an_outcome(7)])
    table.update_job(a_job(batches=600))
    table.record("job-1", [an_outcome(8)])
    assert list(table.done_ranges("job-1")) == [(7, 9)]


def test_an_id_that_could_be_taken_for_a_shard_is_refused(table: DynamoTaskTable) -> None:
    with pytest.raises(InvalidJob, match=r"job_id is 'job#1'.*without '#'"):
        table.create_job(a_job("job#1"))


# Rows of other frameworks


def foreign(tables: Tables, batch_id: int, **attributes: Any) -> None:
    """A row as workers of burst-compute write it."""
    key = {"jobId": {"S": "job-1"}, "batchId": {"N": str(batch_id)}, "ttl": {"N": "4000000000"}}
    tables.client.put_item(TableName=tables.batches, Item={**key, **attributes})


RESULTS = [{"maskId": "a", "score": 0.1, "pixels": 12}, {"maskId": "ä"}]
ZIPPED = gzip.compress(json.dumps(RESULTS).encode())
ZIPPED_TYPE = {"S": "application/gzip"}


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ({"results": {"S": json.dumps(RESULTS)}}, RESULTS),
        ({"results": {"S": "[ ]"}}, []),
        ({"results": {"S": "no JSON"}}, "no JSON"),
        ({"results": {"B": ZIPPED}, "resultsMimeType": ZIPPED_TYPE}, RESULTS),
        ({}, None),
        ({"results": {"NULL": True}}, None),
        (
            {"results": {"L": [{"M": {"a": {"N": "1"}, "b": {"N": "0.5"}, "c": {"BOOL": False}}}, {"S": "1"}]}},
            [{"a": 1, "b": 0.5, "c": False}, "1"],
        ),
        # Since 2023 the state machine stores what the worker returned.
        (
            {"nresults": {"N": "2"}, "resultsMimeType": {"S": "application/json"}, "results": {"S": json.dumps(RESULTS)}},
            RESULTS,
        ),
        (
            {"nresults": {"N": "2"}, "resultsMimeType": ZIPPED_TYPE, "results": {"S": base64.b64encode(ZIPPED).decode()}},
            RESULTS,
        ),
        (
            {"nresults": {"N": "2"}, "resultsMimeType": ZIPPED_TYPE, "results": {"B": base64.b64encode(ZIPPED)}},
            RESULTS,
        ),
    ],
)  # fmt: skip
def test_a_row_that_a_worker_of_burst_compute_wrote_is_a_partial_result(
    tables: Tables, table: DynamoTaskTable, attributes: Any, value: Any
) -> None:
    table.create_job(a_job(batches=2), shards=1)
    foreign(tables, 1, **attributes)
    assert [value_of(stored) for stored in table.partial_results("job-1", 0, 2)] == [value]


def test_rows_of_burst_compute_count_as_done_among_our_own(tables: Tables, table: DynamoTaskTable) -> None:
    job = a_job(batches=3_000)
    job.plan = {**(job.plan or {}), "items": 29_995}
    table.create_job(job, shards=1)
    table.claim("job-1", [a_claim(1), a_claim(2)])
    foreign(tables, 2, results={"S": "[2]"})
    foreign(tables, 2_999, results={"S": "[]"})
    table.record("job-1", [an_outcome(0)])
    progress = table.progress("job-1")
    assert (progress.done, progress.running, progress.items_done) == (3, 1, 10 + 10 + 5)
    assert list(table.done_ranges("job-1")) == [(0, 1), (2, 3), (2_999, 3_000)]
    assert [record.batch_id for record in table.batches("job-1", [BatchState.DONE])] == [0, 2, 2_999]
    assert [record.batch_id for record in table.batches("job-1", [RUNNING])] == [1]
    record = table.batch("job-1", 2_999)
    assert record
    assert (record.state, record.items, record.failures) == (BatchState.DONE, 5, [])


def test_a_row_of_burst_compute_stays_as_it_is(tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job(batches=2), shards=1)
    foreign(tables, 0, results={"S": "[1]"})
    before = tables.items()
    assert table.record("job-1", [an_outcome(0), an_outcome(0, b"v" * 5_000)]) == 0
    assert table.record("job-1", [an_outcome(0, b"v" * 5_000)]) == 0
    table.record_failure("job-1", a_failure(0), FAILED)
    table.claim("job-1", [a_claim(0)])
    table.release("job-1", list(BatchState))
    assert tables.items() == before


@pytest.mark.parametrize(
    "attributes",
    [
        {"results": {"B": ZIPPED[:20]}, "resultsMimeType": ZIPPED_TYPE},
        {"results": {"S": "no base64"}, "resultsMimeType": ZIPPED_TYPE},
        {"results": {"S": "[NaN]"}},
    ],
)
def test_damaged_results_of_another_framework_are_named(
    tables: Tables, table: DynamoTaskTable, attributes: Any
) -> None:
    table.create_job(a_job(batches=8), shards=1)
    foreign(tables, 7, **attributes)
    with pytest.raises(StorageError, match=r"batch 7 of job-1, which no worker of skyburst wrote, cannot be read"):
        list(table.partial_results("job-1", 0, 8))


# What fits into an item


def test_a_partial_result_of_almost_400_kilobytes_comes_back(tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job())
    payload = random.Random(1).randbytes(MOST_PAYLOAD_BYTES)
    assert table.record("job-1", [an_outcome(0, payload)]) == 1
    assert list(table.partial_results("job-1", 0, 1)) == [Stored(0, payload, None)]
    assert max(map(size_of, tables.items())) < 400 * 1024 - 2_048, "the longest key fits too"


def test_a_partial_result_that_no_item_holds_is_refused_with_the_remedy(table: DynamoTaskTable) -> None:
    table.create_job(a_job())
    with pytest.raises(StorageError, match=r"batch 3 of job job-1 has 405,505 bytes.*holds 405,504.*as an object"):
        table.record("job-1", [an_outcome(3, b"v" * (MOST_PAYLOAD_BYTES + 1))])
    assert list(table.batches("job-1")) == []


def test_a_long_record_is_kept_and_one_that_no_item_holds_is_refused(tables: Tables, table: DynamoTaskTable) -> None:
    long = a_job("long", items=[f"image-{number}" for number in range(100_000)])
    table.create_job(long)
    assert table.job("long") == long
    too_long = a_job("too-long", text=random.Random(1).randbytes(400_000).hex())
    with pytest.raises(StorageError, match=r"record of job too-long has .* bytes when compressed.*into objects"):
        table.create_job(too_long)
    with pytest.raises(JobNotFound):
        table.job("too-long")


def test_long_parameters_are_in_a_record_once_and_come_back_in_their_order(
    tables: Tables, table: DynamoTaskTable
) -> None:
    text = random.Random(1).randbytes(125_000).hex()
    given = {"text": text, "number": 1}
    job = a_job("given", parameters=given)
    job.parameters = {"number": 1.0, "text": text, "default": None}
    table.create_job(job)
    assert table.job("given") == job
    assert list(table.job("given").parameters) == ["number", "text", "default"]
    assert isinstance(table.job("given").parameters["number"], float)
    assert max(map(size_of, tables.items(tables.jobs))) < 1.2 * 125_000


def test_twenty_long_failures_and_long_item_errors_fit(table: DynamoTaskTable) -> None:
    table.create_job(a_job())
    chance = random.Random(1)
    for attempt in range(25):
        traceback = "".join(chance.choices(string.printable, k=20_000))
        failure = Failure("ValueError", f"failure {attempt}", traceback)
        table.record_failure("job-1", an_outcome(0, None, attempt=attempt, failure=failure), PENDING)
    record = table.batch("job-1", 0)
    assert record
    assert 15 <= len(record.failures) < 20
    assert record.failures[-1].message == "failure 24"
    errors = [{"item": number, "error": chance.randbytes(10_000).hex()} for number in range(100)]
    table.record("job-1", [an_outcome(0, item_errors=errors)])
    record = table.batch("job-1", 0)
    assert record
    kept = len(record.item_errors) - 1
    assert kept >= 10
    assert record.item_errors == [
        *errors[:kept],
        {"item": None, "error": f"and {100 - kept} more", "count": 100 - kept},
    ]
    assert table.progress("job-1").item_errors == 100


# What reading costs


def test_counting_reads_no_partial_result_that_is_longer_than_a_kilobyte(tables: Tables) -> None:
    client = Troubled(tables.client, "", [])
    table = tables.open(client)
    table.create_job(a_job(batches=400))
    table.record(
        "job-1", [an_outcome(number, b"v" * 30_000, item_errors=[{"item": 1, "error": "x"}]) for number in range(20)]
    )
    client.calls.clear()
    progress = table.progress("job-1")
    assert (progress.done, progress.item_errors) == (20, 20)
    queried = [arguments for operation, arguments in client.calls if operation == "query"]
    assert [operation for operation, _ in client.calls if operation != "query"] == ["get_item"]
    read = {query["ExpressionAttributeValues"][":jobId"]["S"] for query in queried}
    assert read == {"job-1#0", "job-1#1"}
    assert "#payload" not in "".join(query["ProjectionExpression"] for query in queried)
    rows = [size_of(item) for item in tables.items() if item["jobId"]["S"] in read]
    assert len(rows) == 20
    assert max(rows) < 300, "twelve rows and more for each read unit of 4 KB"
    table.close()


def test_a_long_partial_result_is_written_together_with_its_row(tables: Tables) -> None:
    client = Troubled(tables.client, "", [])
    table = tables.open(client)
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, b"v" * 1_024)])
    client.calls.clear()
    table.record("job-1", [an_outcome(1, b"v" * 1_024)])
    table.record("job-1", [an_outcome(2, b"v" * 1_025)])
    assert [operation for operation, _ in client.calls] == ["update_item", "transact_write_items"]
    table.close()


def test_what_was_asked_again_of_an_ended_batch_leaves_no_second_partial_result(
    tables: Tables, table: DynamoTaskTable
) -> None:
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0, b"vshort")])
    assert table.record("job-1", [an_outcome(0, b"v" * 5_000)]) == 0
    assert [item["jobId"]["S"] for item in tables.items()] == ["job-1"]


# Keeping


def test_everything_of_a_job_expires_at_once(tables: Tables) -> None:
    now = 1_700_000_000.5
    table = tables.open(keep_days=2, clock=lambda: now)
    table.create_job(a_job(batches=2, idempotency_key="key"))
    table.update_job(a_job(batches=2, idempotency_key="key", state=JobState.RUNNING))
    table.claim("job-1", [a_claim(0)])
    table.record_failure("job-1", a_failure(1), FAILED)
    table.record("job-1", [an_outcome(0, b"v" * 2_000, item_errors=[{"item": 1, "error": "x"}])])
    items = [*tables.items(), *tables.items(tables.jobs)]
    assert len(items) == 8
    assert {item["ttl"]["N"] for item in items} == {str(1_700_000_000 + 2 * 86_400)}
    table.close()


def test_nothing_expires_unless_it_is_wanted(tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job())
    table.record("job-1", [an_outcome(0)])
    assert not any("ttl" in item for item in [*tables.items(), *tables.items(tables.jobs)])


def test_the_idempotency_key_of_a_job_that_expired_is_free(tables: Tables, table: DynamoTaskTable) -> None:
    table.create_job(a_job("job-1", idempotency_key="key"))
    for key in ("job-1", "record#job-1"):
        tables.client.delete_item(TableName=tables.jobs, Key={"jobId": {"S": key}})
    assert table.create_job(a_job("job-2", idempotency_key="key", batch_size=3)).job_id == "job-2"
    assert table.create_job(a_job("job-3", idempotency_key="key", batch_size=3)).job_id == "job-2"


def test_any_text_can_be_an_idempotency_key(table: DynamoTaskTable) -> None:
    for number, key in enumerate(["ä", "\ud800", "k" * 5_000, ""]):
        table.create_job(a_job(f"job-{number}", idempotency_key=key))
        assert table.create_job(a_job("other", idempotency_key=key)).job_id == f"job-{number}"


# What AWS refuses


THROTTLED = [
    an_error("ProvisionedThroughputExceededException"),
    an_error("ThrottlingException"),
    an_error("RequestLimitExceeded"),
    an_error("InternalServerError"),
]
CONFLICTS = [
    an_error("TransactionCanceledException", reasons=["None", "TransactionConflict"]),
    an_error("TransactionConflictException"),
    an_error("TransactionCanceledException", reasons=["ThrottlingError", "None"]),
    an_error("TransactionInProgressException"),
]


@pytest.mark.parametrize(
    ("operation", "errors"),
    [
        ("query", THROTTLED),
        ("get_item", THROTTLED),
        ("batch_get_item", THROTTLED),
        ("batch_write_item", THROTTLED),
        ("update_item", [*THROTTLED, CONFLICTS[1]]),
        ("transact_write_items", CONFLICTS),
    ],
)
def test_what_is_throttled_is_repeated(tables: Tables, operation: str, errors: list[ClientError]) -> None:
    client = Troubled(tables.client, operation, list(errors))
    table = tables.open(client)
    table.create_job(a_job(batches=3))
    table.claim("job-1", [a_claim(0)])
    table.record_failure("job-1", a_failure(1), FAILED)
    assert table.record("job-1", [an_outcome(0), an_outcome(2, b"v" * 2_000)]) == 2
    assert [stored.batch_id for stored in table.partial_results("job-1", 0, 3)] == [0, 2]
    assert table.progress("job-1").failed == 1
    table.delete_job("job-1")
    assert tables.items() == []
    assert client._errors == []
    table.close()


def test_what_stays_throttled_is_given_up_at_the_deadline_and_named(tables: Tables) -> None:
    client = Troubled(
        tables.client, "update_item", [an_error("ThrottlingException", "slow down", "UpdateItem")] * 10_000
    )
    table = tables.open(client, retry_s=0.3)
    table.create_job(a_job(batches=3))
    began = time.monotonic()
    with pytest.raises(
        StorageError, match=r"table batches-\w+: UpdateItem failed for 0.3 s.*ThrottlingException: slow down"
    ):
        table.record("job-1", [an_outcome(0)])
    assert time.monotonic() - began > 0.25
    table.close()


def test_pauses_are_random_and_twice_as_long_each_time() -> None:
    now, longest = [0.0], []

    class Busy:
        def query(self) -> None:
            raise an_error("ThrottlingException")

    def chance(low: float, high: float) -> float:
        assert low == 0
        longest.append(high)
        return high

    def sleep(seconds: float) -> None:
        now[0] += seconds

    calls = Calls(Busy(), retry_s=10, clock=lambda: now[0], sleep=sleep, chance=chance)
    with pytest.raises(StorageError, match="failed for 10 s"):
        calls.call("query", "table")
    assert longest[:8] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert now[0] == pytest.approx(10)


def test_a_condition_that_fails_beside_a_conflict_is_an_answer() -> None:
    class Cancelled:
        def transact_write_items(self, **_: Any) -> None:
            raise an_error("TransactionCanceledException", reasons=["ConditionalCheckFailed", "TransactionConflict"])

    with pytest.raises(ConditionFailed):
        Calls(Cancelled()).write_together("table", [])


@pytest.mark.parametrize("payload", [b"vshort", b"v" * 2_000])
def test_a_partial_result_whose_confirmation_was_lost_counts_once(tables: Tables, payload: bytes) -> None:
    operation = "update_item" if len(payload) < 1_000 else "transact_write_items"
    client = Troubled(tables.client, operation, [an_error("InternalServerError")], lost=True)
    table = tables.open()
    table.create_job(a_job(batches=1))
    troubled = tables.open(client)
    table.claim("job-1", [a_claim(0)])
    assert troubled.record("job-1", [an_outcome(0, payload, seconds=2.0)]) == 1
    assert troubled.record("job-1", [an_outcome(0, payload, seconds=2.0)]) == 0
    assert table.progress("job-1").worker_seconds == 2.0
    tokens = {arguments.get("ClientRequestToken") for name, arguments in client.calls[:2] if name == operation}
    assert len(tokens) == 1
    table.close()
    troubled.close()


def test_keys_and_deletions_that_were_left_over_are_asked_again() -> None:
    keys = [{"jobId": {"S": str(number)}} for number in range(230)]
    calls: list[int] = []

    class Slow:
        def batch_get_item(self, **request: Any) -> Any:
            wanted = request["RequestItems"]["table"]["Keys"]
            calls.append(len(wanted))
            left = {"table": {"Keys": wanted[40:]}} if wanted[40:] else {}
            return {"Responses": {"table": wanted[:40]}, "UnprocessedKeys": left}

        def batch_write_item(self, **request: Any) -> Any:
            wanted = request["RequestItems"]["table"]
            calls.append(len(wanted))
            return {"UnprocessedItems": {"table": wanted[20:]} if wanted[20:] else {}}

    table = Calls(Slow(), sleep=lambda _: None)
    assert list(table.get_many("table", keys)) == keys
    assert calls == [100, 60, 20, 100, 60, 20, 30]
    calls.clear()
    table.delete_many("table", keys[:50])
    assert calls == [25, 5, 25, 5]


def test_what_may_not_be_done_is_named_with_the_action(tables: Tables) -> None:
    table = tables.open()
    table.create_job(a_job(batches=1))
    denied = an_error("AccessDeniedException", "User: x is not authorized", "Query")
    refused = tables.open(Troubled(tables.client, "query", [denied]))
    with pytest.raises(
        StorageError, match=r"table batches-\w+: allow the action dynamodb:Query .* User: x is not authorized"
    ):
        refused.progress("job-1")
    table.close()
    refused.close()


def test_a_transaction_that_may_not_be_done_is_named_with_the_action_that_it_needs() -> None:
    class Denied:
        def transact_write_items(self, **_: Any) -> None:
            text = "User: x is not authorized to perform: dynamodb:PutItem on resource: y"
            raise an_error("AccessDeniedException", text, "TransactWriteItems")

    with pytest.raises(StorageError, match=r"the table jobs: allow the action dynamodb:PutItem on it"):
        Calls(Denied()).write_together("jobs", [])


def test_every_placeholder_of_a_request_is_used_and_has_a_meaning(tables: Tables) -> None:
    """AWS refuses both; moto does not always."""
    client = Troubled(tables.client, "", [])
    table = tables.open(client, keep_days=1)
    job = a_job(batches=600, idempotency_key="key", user="ada")
    table.create_job(job)
    table.create_job(job)
    table.create_job(a_job("unplanned"))
    table.record("unplanned", [an_outcome(0)])
    table.update_job(job)
    table.update_job(job, expected=[JobState.RUNNING, JobState.PENDING])
    table.request_cancel("job-1")
    table.claim("job-1", [a_claim(0)])
    table.record("job-1", [an_outcome(0), an_outcome(1, b"v" * 2_000, item_errors=[{"item": 1, "error": "x"}])])
    table.record("job-1", [an_outcome(2, None, reference="partials/2")])
    table.record_failure("job-1", a_failure(3), FAILED)
    table.record_failure("job-1", a_failure(3), FAILED)
    table.release("job-1", [FAILED, RUNNING])
    table.progress("job-1")
    for states in (None, list(BatchState), [FAILED]):
        assert list(table.batches("job-1", states)) or states == [FAILED]
    assert list(table.partial_results("job-1", 0, 2))
    assert list(table.done_ranges("job-1"))
    assert list(table.jobs(after="unplanned")) != list(table.jobs())
    of_an_earlier_version(tables, "job-1")
    assert table.note_users() == 1
    assert list(table.jobs(user="ada"))
    table.delete_job("job-1")
    table.close()
    requests = [arguments for _, arguments in client.calls]
    requests += [next(iter(entry.values())) for request in requests for entry in request.get("TransactItems", [])]
    checked = 0
    for request in requests:
        expressions = " ".join(text for name, text in request.items() if name.endswith("Expression"))
        names, meanings = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
        assert set(re.findall(r"#\w+", expressions)) == set(names or ())
        assert set(re.findall(r":\w+", expressions)) == set(meanings or ())
        assert names != {}
        assert meanings != {}
        checked += bool(names)
    assert checked > 30


def test_a_table_that_is_not_there_is_named(tables: Tables) -> None:
    table = DynamoTaskTable(tables.client, "no-batches", "no-jobs")
    with pytest.raises(StorageError, match=r"there is no table no-jobs .*deploy it"):
        table.progress("job-1")
    table.close()


@pytest.mark.usefixtures("dynamodb_tables")
def test_an_address_where_nobody_answers_is_named() -> None:
    table = DynamoTaskTable(connect(REGION, "http://127.0.0.1:9"), "batches", "jobs")
    with pytest.raises(StorageError, match=r"table jobs cannot be reached \(get_item\).*127.0.0.1:9"):
        table.progress("job-1")
    table.close()


# Several at once


def test_failures_that_are_noted_at_once_are_all_kept(tables: Tables) -> None:
    table = tables.open()
    table.create_job(a_job(batches=1))
    start = threading.Barrier(6)

    def fail(number: int) -> None:
        start.wait(PATIENCE_S)
        table.record_failure("job-1", a_failure(0, f"failure {number}", seconds=1.0), PENDING)

    threads = [threading.Thread(target=fail, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    record = table.batch("job-1", 0)
    assert record
    assert sorted(failure.message for failure in record.failures) == [f"failure {number}" for number in range(6)]
    progress = table.progress("job-1")
    assert (progress.retries, progress.worker_seconds) == (6, 6.0)
    table.close()


def test_jobs_of_several_pages_are_listed(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    class ShortPages(Troubled):
        def query(self, **arguments: Any) -> Any:
            return tables.client.query(**{**arguments, "Limit": 2})

    monkeypatch.setattr("skyburst.homes.aws.jobs_table.JOBS_AT_ONCE", 3)
    now = iter(range(100, 0, -1))
    table = tables.open(ShortPages(tables.client, "", []), clock=lambda: float(next(now)))
    jobs: list[JobRecord] = [a_job(f"job-{number}") for number in range(8)]
    for job in jobs:
        table.create_job(job)
    assert list(table.jobs()) == jobs[::-1], "a clock that goes back does not change the order of one program's jobs"
    assert list(table.jobs(after="job-4")) == jobs[:4][::-1]
    table.close()


def of_an_earlier_version(tables: Tables, job_id: str) -> None:
    """Make the job's head one that does not say whose it is."""
    key = {"jobId": {"S": job_id}}
    names = {"#user": "user"}
    tables.client.update_item(
        TableName=tables.jobs, Key=key, UpdateExpression="REMOVE #user", ExpressionAttributeNames=names
    )


def test_jobs_of_an_earlier_version_are_found_by_their_users_before_and_after_these_are_noted(tables: Tables) -> None:
    table = tables.open()
    for number in range(8):
        table.create_job(a_job(f"job-{number}", user="ada" if number % 2 else "bob"))
        if number < 5:
            of_an_earlier_version(tables, f"job-{number}")
    table.create_job(a_job("of-nobody"))
    theirs = ["job-7", "job-5", "job-3", "job-1"]
    assert [job.job_id for job in table.jobs(user="ada")] == theirs
    assert [job.job_id for job in table.jobs(user="ada", after="job-5")] == theirs[2:]
    assert table.note_users() == 5
    assert table.note_users() == 0
    another = tables.open()
    for each in (table, another):
        assert [job.job_id for job in each.jobs(user="ada")] == theirs
        assert [job.job_id for job in each.jobs(user="ada", after="job-5")] == theirs[2:]
    table.close()
    another.close()


def test_a_job_that_an_earlier_version_makes_meanwhile_gets_its_user_with_its_next_state(tables: Tables) -> None:
    table = tables.open()
    table.note_users()
    table.create_job(a_job("job-1", user="ada"))
    of_an_earlier_version(tables, "job-1")
    assert list(table.jobs(user="ada")) == []
    table.update_job(a_job("job-1", state=JobState.SUCCEEDED, user="ada"))
    assert [job.job_id for job in table.jobs(user="ada")] == ["job-1"]
    table.close()


def test_of_the_jobs_of_others_none_is_read_for_those_of_a_user(tables: Tables) -> None:
    client = Troubled(tables.client, "", [])
    table = tables.open(client)
    table.note_users()
    for number in range(12):
        table.create_job(a_job(f"job-{number}", user="ada" if number % 6 == 0 else "bob"))
    list(table.jobs(user="ada"))
    client.calls.clear()
    assert [job.job_id for job in table.jobs(user="ada")] == ["job-6", "job-0"]
    query, read = client.calls
    assert (query[0], query[1]["IndexName"], query[1]["Limit"]) == ("query", "newest-of-user", 100)
    keys = [key["jobId"]["S"] for key in read[1]["RequestItems"][tables.jobs]["Keys"]]
    assert (read[0], sorted(keys)) == ("batch_get_item", ["job-0", "job-6", "record#job-0", "record#job-6"])
    table.close()
