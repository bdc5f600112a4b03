"""DynamoDB keeps its promises under many threads, and refuses what AWS refuses."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud, limits
from tests.local_cloud.helpers import ClientError, unique

THREADS, TIMES = 16, 12


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


def add_one(table: str, key: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": {"pk": {"S": key}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def test_sixteen_threads_lose_no_write_and_share_no_claim(cloud: LocalCloud, table: str) -> None:
    client = cloud.client("dynamodb")
    claimed: list[int] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            for number in range(TIMES):
                client.update_item(**add_one(table, "counter"))
                client.transact_write_items(
                    TransactItems=[{"Update": add_one(table, "a")}, {"Update": add_one(table, "b")}]
                )
                try:
                    client.put_item(
                        TableName=table,
                        Item={"pk": {"S": f"claim-{number}"}},
                        ConditionExpression="attribute_not_exists(pk)",
                    )
                    claimed.append(number)
                except client.exceptions.ConditionalCheckFailedException:
                    pass
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(claimed) == list(range(TIMES))
    for key in ("counter", "a", "b"):
        found = client.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True)["Item"]
        assert int(found["n"]["N"]) == THREADS * TIMES, key


def test_a_transaction_that_fails_leaves_nothing_of_itself(cloud: LocalCloud, table: str) -> None:
    client = cloud.client("dynamodb")
    client.update_item(**add_one(table, "a"))
    client.update_item(**add_one(table, "other"))
    never = {"TableName": table, "Item": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(
            TransactItems=[
                {"Update": add_one(table, "a")},
                {"Put": {"TableName": table, "Item": {"pk": {"S": "new"}}}},
                {"Delete": {"TableName": table, "Key": {"pk": {"S": "other"}}}},
                {"Put": never},
            ]
        )
    items = {item["pk"]["S"]: item["n"]["N"] for item in client.scan(TableName=table)["Items"]}
    assert items == {"a": "1", "other": "1"}


def test_an_item_over_400_kb_is_refused(cloud: LocalCloud, table: str) -> None:
    client = cloud.client("dynamodb")
    fits = {"pk": {"S": "x"}, "value": {"B": b"x" * (limits.ITEM - len("pk" + "x" + "value"))}}
    client.put_item(TableName=table, Item=fits)
    large = {**fits, "v": {"S": "x"}}
    with pytest.raises(ClientError, match="Item size has exceeded"):
        client.put_item(TableName=table, Item=large)
    with pytest.raises(ClientError, match="Item size has exceeded"):
        client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": large}}])


def test_a_large_binary_value_can_be_replaced(cloud: LocalCloud, table: str) -> None:
    client = cloud.client("dynamodb")
    for content in (b"x", b"y"):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": "x"}},
            UpdateExpression="SET payload = :p",
            ExpressionAttributeValues={":p": {"B": content * 390_000}},
        )
    assert client.get_item(TableName=table, Key={"pk": {"S": "x"}})["Item"]["payload"]["B"][:1] == b"y"
    with pytest.raises(ClientError, match="Item size"):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": "x"}},
            UpdateExpression="SET more = :p",
            ExpressionAttributeValues={":p": {"B": b"z" * 30_000}},
        )


def test_a_batch_over_25_items_is_refused(cloud: LocalCloud, table: str) -> None:
    requests = [{"PutRequest": {"Item": {"pk": {"S": str(number)}}}} for number in range(26)]
    with pytest.raises(ClientError, match=r"Too many items|less than or equal to 25"):
        cloud.client("dynamodb").batch_write_item(RequestItems={table: requests})
