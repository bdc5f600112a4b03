"""Reading the rows of a job: page by page, and merged over its shards."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from skyburst.contracts.states import BatchState
from skyburst.homes.aws.calls import Calls, Item
from skyburst.homes.aws.expressions import names_in
from skyburst.homes.aws.rows import batch_id_of, number
from skyburst.homes.aws.schema import partition
from skyburst.homes.aws.threads import Threads

ROWS_AT_ONCE = 256
COUNTED_AT_ONCE = 1_000

Query = dict[str, Any]
"""Arguments of a Query."""


class Shards(NamedTuple):
    """Where the batches of a job are, which never changes once it has any."""

    job_id: str
    number: int
    expires: int | None
    """When DynamoDB removes them, seconds since the epoch."""

    def partitions(self, part: str = "") -> list[str]:
        """The shards."""
        return [partition(self.job_id, shard, self.number, part) for shard in range(self.number)]

    def key(self, batch_id: int, part: str = "") -> Item:
        """Key of a batch's row, or of what is kept apart from it."""
        name = partition(self.job_id, batch_id % self.number, self.number, part)
        return {"jobId": {"S": name}, "batchId": number(batch_id)}

    @property
    def expiry(self) -> Item:
        """Attributes that all items of the job have."""
        return {"ttl": number(self.expires)} if self.expires else {}


class Reader:
    """Reads the table of batches."""

    def __init__(self, calls: Calls, table: str, threads: Threads) -> None:
        self._calls, self._table, self._threads = calls, table, threads

    def merged(
        self,
        shards: Shards,
        names: Sequence[str],
        *,
        states: Collection[BatchState] | None = None,
        between: tuple[int, int] | None = None,
    ) -> Iterator[Item]:
        """Rows of all shards in the order of their batches; a page of each shard is in memory, and the next one comes."""
        found = [
            self._rows([{**query_of(self._table, name, names, states, between), **_limit(states)}])
            for name in shards.partitions()
        ]
        return heapq.merge(*found, key=batch_id_of)

    def within(
        self, shards: Shards, names: Sequence[str], ranges: Sequence[Iterable[tuple[int, int]]]
    ) -> Iterator[Item]:
        """Rows of some ranges of each shard, first and last batch of each, in the order of their batches."""

        def queries(name: str, wanted: Iterable[tuple[int, int]]) -> Iterator[Query]:
            for between in wanted:
                yield {**query_of(self._table, name, names, between=between), "Limit": ROWS_AT_ONCE}

        found = [self._rows(queries(*shard)) for shard in zip(shards.partitions(), ranges, strict=True)]
        return heapq.merge(*found, key=batch_id_of)

    def pages(self, partition_name: str, names: Sequence[str]) -> Iterator[list[Item]]:
        """Items of one partition, for use within a thread."""
        query = {**query_of(self._table, partition_name, names), "Limit": COUNTED_AT_ONCE}
        while True:
            page = self._page(query)
            yield page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _rows(self, queries: Iterable[Query]) -> Iterator[Item]:
        """The first page is asked for at once, before the first row is wanted, each further one while one is read."""
        waiting = iter(queries)
        first = next(waiting, None)
        return iter(()) if first is None else self._following(first, waiting, self._threads.start(self._page, first))

    def _following(self, query: Query, waiting: Iterator[Query], coming: Future[dict[str, Any]]) -> Iterator[Item]:
        while True:
            page = coming.result()
            after = page.get("LastEvaluatedKey")
            following = next(waiting, None) if after is None else {**query, "ExclusiveStartKey": after}
            if following is not None:
                query = following
                coming = self._threads.start(self._page, query)
            yield from page["Items"]
            if following is None:
                return

    def _page(self, query: Query) -> dict[str, Any]:
        return self._calls.call("query", self._table, **query)


def query_of(
    table: str,
    partition_name: str,
    names: Sequence[str],
    states: Collection[BatchState] | None = None,
    between: tuple[int, int] | None = None,
) -> Query:
    """A query for some attributes of the rows of one partition, of batches in some states and in an inclusive range."""
    condition, wanted = "#jobId = :jobId", ""
    values: Item = {":jobId": {"S": partition_name}}
    if between:
        condition += " AND #batchId BETWEEN :first AND :last"
        values |= {":first": number(between[0]), ":last": number(between[1])}
    if states is not None:
        by_name = {f":wanted{state}": {"S": str(state)} for state in states}
        wanted = f"#state IN ({', '.join(by_name)})"
        values |= by_name
        if BatchState.DONE in states:
            wanted += " OR attribute_not_exists(#state)"  # rows of other frameworks
    projection = ", ".join(f"#{name}" for name in names)
    return {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": condition,
        "ProjectionExpression": projection,
        **({"FilterExpression": wanted} if wanted else {}),
        "ExpressionAttributeNames": names_in(condition, projection, wanted),
        "ExpressionAttributeValues": values,
    }


def _limit(states: Collection[BatchState] | None) -> Query:
    """Short pages where most rows pass; else the longest, a megabyte before the filter, so that they are few."""
    return {"Limit": ROWS_AT_ONCE} if states is None or BatchState.DONE in states else {}
