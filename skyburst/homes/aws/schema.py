"""The two tables of the task table in DynamoDB: their schema, and how jobs and batches are named in them.

Pure, and without an AWS library: what deploys the tables, what uses them and the tests all read it here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

BATCHES_PER_SHARD = 250
MOST_SHARDS = 32
"""32,000 writes a second: a table takes at most 40,000 unless AWS raises that."""

ITEM_ERRORS = "#e"
FAILURES = "#f"
PAYLOAD = "#p"
PARTS = ("", PAYLOAD, ITEM_ERRORS, FAILURES)
"""Suffixes of a shard's partitions: rows, and what is kept apart from them because counting must not read it."""


class Attribute(NamedTuple):
    """An attribute of a key."""

    name: str
    kind: str
    """`S` text or `N` number."""


class Index(NamedTuple):
    """A global secondary index of which the keys alone are read."""

    name: str
    partition: Attribute
    sort: Attribute


class TableSchema(NamedTuple):
    """What a table is created with. It is paid for by the request."""

    partition: Attribute
    sort: Attribute | None
    ttl: str
    """Attribute with the time after which DynamoDB removes an item, seconds since the epoch."""
    indexes: tuple[Index, ...] = ()
    """Of what is in it, by time."""


NEWEST = Index("newest", Attribute("kind", "S"), Attribute("created", "N"))
NEWEST_OF_USER = Index("newest-of-user", Attribute("user", "S"), NEWEST.sort)
"""Of jobs. Those of nobody are not in it."""
SCHEMA = {
    "batches": TableSchema(Attribute("jobId", "S"), Attribute("batchId", "N"), "ttl"),
    "jobs": TableSchema(Attribute("jobId", "S"), None, "ttl", (NEWEST, NEWEST_OF_USER)),
}
"""`batches` has the key and the TTL attribute of burst-compute's table of tasks, whose workers can write to it."""

BUDGETS = TableSchema(Attribute("id", "S"), None, "ttl", (NEWEST,))
"""The table of budgets; nothing in it expires."""
WEB = TableSchema(Attribute("id", "S"), None, "ttl", (NEWEST,))
"""The table of the API: uploads, how much users do, and who they are."""


def creation(schema: TableSchema, name: str) -> dict[str, Any]:
    """The arguments of CreateTable; the TTL is switched on by another call."""
    of_indexes = [key for index in schema.indexes for key in (index.partition, index.sort)]
    keys = dict.fromkeys(key for key in (schema.partition, schema.sort, *of_indexes) if key is not None)
    arguments: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(schema.partition, schema.sort),
        "AttributeDefinitions": [{"AttributeName": key.name, "AttributeType": key.kind} for key in keys],
    }
    if schema.indexes:
        arguments["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.partition, index.sort),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in schema.indexes
        ]
    return arguments


def shards_for(batches: int) -> int:
    """Number of shards of a job.

    A partition of DynamoDB takes 1,000 write units a second, and a batch takes two to eleven, its claim included: all batches of
    a shard can end within a second or three.
    """
    return max(1, min(MOST_SHARDS, -(-batches // BATCHES_PER_SHARD)))


def partition(job_id: str, shard: int, shards: int, part: str = "") -> str:
    """Value of `jobId` for one shard: the job's id alone when there is one shard, as workers of burst-compute write it."""
    return (job_id if shards == 1 else f"{job_id}#{shard}") + part


def _key_schema(partition_key: Attribute, sort: Attribute | None) -> list[dict[str, str]]:
    keys = [{"AttributeName": partition_key.name, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": sort.name, "KeyType": "RANGE"}] if sort else [])
