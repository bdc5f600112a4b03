"""What a test asks to go wrong goes wrong so many times, and then no more."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from tests.local_cloud.helpers import ClientError, invoke, put_function, unique

SLEEP = "import time\ndef handler(event, context): time.sleep(event or 0); return 'ok'"


@pytest.fixture
def table(cloud: LocalCloud) -> str:
    name = unique("table")
    cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def put(cloud: LocalCloud, table: str) -> dict[str, Any]:
    answer: dict[str, Any] = cloud.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "1"}})
    return answer


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_invokes_are_throttled(cloud: LocalCloud, kind: str) -> None:
    name = put_function(cloud, SLEEP)
    cloud.faults.throttle_invokes(name, 2)
    for _ in range(2):
        with pytest.raises(ClientError, match="TooManyRequestsException") as caught:
            invoke(cloud, name, 0) if kind == "RequestResponse" else cloud.client("lambda").invoke(
                FunctionName=name, InvocationType=kind
            )
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert cloud.faults.pending() == 0
    assert invoke(cloud, name) == (None, "ok")


def test_objects_are_slow(cloud: LocalCloud) -> None:
    s3, bucket = cloud.client("s3"), unique("bucket")
    s3.create_bucket(Bucket=bucket)
    for key in ("masks/a b.png", "other"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    cloud.faults.slow_down_s3("masks/*", 2)
    s3.get_object(Bucket=bucket, Key="other")
    for _ in range(2):
        with pytest.raises(ClientError, match="SlowDown") as caught:
            s3.get_object(Bucket=bucket, Key="masks/a b.png")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert s3.get_object(Bucket=bucket, Key="masks/a b.png")["Body"].read() == b"x"
    cloud.faults.slow_down_s3("*", 1, method="PUT")
    with pytest.raises(ClientError, match="SlowDown"):
        s3.put_object(Bucket=bucket, Key="new", Body=b"x")


def test_a_table_is_throttled_and_another_is_not(cloud: LocalCloud, table: str) -> None:
    cloud.faults.throttle_table("another", 1)
    cloud.faults.throttle_table(table, 1)
    with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
        put(cloud, table)
    put(cloud, table)
    assert cloud.faults.pending() == 1


def test_conditions_fail_in_writes_and_transactions(cloud: LocalCloud, table: str) -> None:
    client = cloud.client("dynamodb")
    cloud.faults.fail_table_conditions(table, 2)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        put(cloud, table)
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": {"pk": {"S": key}}}} for key in "ab"]
        )
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "ConditionalCheckFailed",
        "None",
    ]
    put(cloud, table)


def test_the_process_of_the_second_invocation_is_killed(cloud: LocalCloud) -> None:
    name = put_function(cloud, SLEEP)
    cloud.faults.kill_invocation(name, 2, after_s=0.1)
    assert invoke(cloud, name, 0) == (None, "ok")
    error, answer = invoke(cloud, name, 3)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "signal: kill" in answer["errorMessage"]
    assert invoke(cloud, name, 0) == (None, "ok")


@pytest.mark.parametrize(("at_end", "entered"), [(False, 0), (True, 1)], ids=["at the start", "at the end"])
def test_a_process_is_killed_before_or_after_its_work(cloud: LocalCloud, at_end: bool, entered: int) -> None:
    bucket = unique("bucket")
    cloud.client("s3").create_bucket(Bucket=bucket)
    source = (
        f"import boto3\ndef handler(e, c): boto3.client('s3').put_object(Bucket='{bucket}', Key='entered', Body=b'')"
    )
    name = put_function(cloud, source)
    cloud.faults.kill_invocation(name, at_end=at_end)
    error, answer = invoke(cloud, name)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert cloud.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == entered
    assert invoke(cloud, name) == (None, None)


def test_an_event_is_delivered_twice(cloud: LocalCloud) -> None:
    name = put_function(cloud, SLEEP)
    cloud.faults.deliver_twice(name)
    for _ in range(2):
        cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"0")
    cloud.wait_for_events()
    assert cloud.counts[name] == 3


def test_an_event_whose_process_is_killed_is_tried_again(cloud: LocalCloud) -> None:
    name = put_function(cloud, SLEEP)
    cloud.faults.kill_invocation(name, after_s=0.1)
    cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"0.5")
    cloud.wait_for_events()
    assert cloud.counts[name] == 2
