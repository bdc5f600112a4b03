"""Calls of DynamoDB: throttled ones are repeated, conditions that fail are an answer, all else is a StorageError."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from skyburst.errors import StorageError
from skyburst.homes.aws.schema import NEWEST, Index

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
"""An item or a key as DynamoDB's own JSON: names to `{"S": text}`, `{"N": digits}`, `{"B": bytes}`, ..."""

Entry = TypeVar("Entry")

THREADS = 16
RETRY_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
KEYS_AT_ONCE = 100
FIRST_KEYS, MORE_KEYS = 100, 5_000
"""Of an index, in the first answer and in each further one at most."""
DELETED_AT_ONCE = 25
PASSING = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Errors, and reasons for which a transaction is cancelled, that pass by themselves."""


def connect(region: str | None = None, endpoint_url: str | None = None) -> DynamoDBClient:
    """A client with as many connections as the task table has threads; region and credentials are found as boto3 does."""
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=THREADS,
        connect_timeout=5,
        read_timeout=20,
    )
    return boto3.client("dynamodb", region_name=region, endpoint_url=endpoint_url, config=config)


class ConditionFailed(Exception):
    """Raised when a condition of a write did not hold, which is normal: somebody else was faster."""

    def __init__(self, found: Sequence[Item | None]) -> None:
        super().__init__("a condition did not hold")
        self.found = found
        """For each item of the write what was stored, if its condition failed and there was an item."""


class Calls:
    """Calls of DynamoDB through one client."""

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        retry_s: float = RETRY_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._retry_s, self._clock, self._sleep, self._chance = retry_s, clock, sleep, chance

    def call(self, operation: str, table: str, **arguments: Any) -> dict[str, Any]:
        """One operation, by its name in boto3. Raises ConditionFailed and StorageError."""
        pauses = self._pauses()
        while True:
            try:
                response: dict[str, Any] = getattr(self._client, operation)(**arguments)
                return response
            except ClientError as error:
                codes = _codes(error)
                if "ConditionalCheckFailed" in codes or "ConditionalCheckFailedException" in codes:
                    raise ConditionFailed(_found(error)) from error
                if not _passes(codes):
                    raise _translated(error, table) from error
                pause = next(pauses, None)
                if pause is None:
                    raise _translated(
                        error, table, f" for {self._retry_s:g} s, however often it was repeated"
                    ) from error
            except BotoCoreError as error:
                raise StorageError(f"the table {table} cannot be reached ({operation}): {error}") from error
            self._sleep(pause)

    def write_together(self, table: str, writes: Sequence[Item]) -> None:
        """All of these writes or none; repeated with one token, so that an answer that was lost does no harm."""
        token = str(uuid.uuid4())
        self.call("transact_write_items", table, TransactItems=writes, ClientRequestToken=token)

    def get(self, table: str, key: Item, *, consistent: bool = True) -> Item | None:
        """One item."""
        item: Item | None = self.call("get_item", table, TableName=table, Key=key, ConsistentRead=consistent).get(
            "Item"
        )
        return item

    def get_many(self, table: str, keys: Iterable[Item]) -> Iterator[Item]:
        """Those items that exist, in any order, read consistently."""
        for wanted in chunks(keys, KEYS_AT_ONCE):
            pauses = self._pauses()
            while wanted:
                request = {table: {"Keys": wanted, "ConsistentRead": True}}
                response = self.call("batch_get_item", table, RequestItems=request)
                found = response["Responses"].get(table, [])
                yield from found
                wanted = response.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
                if wanted and not found:  # more than 16 MB leave some over too, and these need no pause
                    self._wait(pauses, "BatchGetItem", table)

    def newest(
        self, table: str, kind: str, key: str, *, index: Index = NEWEST, after: Item | None = None
    ) -> Iterator[str]:
        """Keys of the items of a kind, newest first, by an index of the table; what was just written may not be there yet.

        Args:
            table: its name.
            kind: what the index has them under.
            key: name of the table's partition key.
            index: of the table.
            after: an item of that kind; only those that come after it.
        """
        query: dict[str, Any] = {
            "TableName": table, "IndexName": index.name, "KeyConditionExpression": "#kind = :kind",
            "ExpressionAttributeNames": {"#kind": index.partition.name},
            "ExpressionAttributeValues": {":kind": {"S": kind}}, "ScanIndexForward": False, "Limit": FIRST_KEYS,
        }  # fmt: skip
        if after is not None:
            sort = index.sort.name
            query["ExclusiveStartKey"] = {key: after[key], index.partition.name: {"S": kind}, sort: after[sort]}
        while True:
            page = self.call("query", table, **query)
            yield from (item[key]["S"] for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            # Who looks at the first ones does not pay for all; who goes through all does not ask for a few at a time.
            query["ExclusiveStartKey"], query["Limit"] = page["LastEvaluatedKey"], MORE_KEYS

    def delete_many(self, table: str, keys: Iterable[Item]) -> None:
        """Remove items."""
        for some in chunks(keys, DELETED_AT_ONCE):
            wanted: list[Item] = [{"DeleteRequest": {"Key": key}} for key in some]
            pauses = self._pauses()
            while wanted:
                response = self.call("batch_write_item", table, RequestItems={table: wanted})
                wanted = response.get("UnprocessedItems", {}).get(table, [])
                if wanted:
                    self._wait(pauses, "BatchWriteItem", table)

    def _wait(self, pauses: Iterator[float], operation: str, table: str) -> None:
        pause = next(pauses, None)
        if pause is None:
            raise StorageError(
                f"the table {table} was busy for {self._retry_s:g} s ({operation}): try again, or give it more capacity"
            )
        self._sleep(pause)

    def _pauses(self) -> Iterator[float]:
        """Seconds to wait before each further try: full jitter, twice as long each time, until the deadline."""
        end = self._clock() + self._retry_s
        longest = FIRST_PAUSE_S
        while (left := end - self._clock()) > 0:
            yield min(left, self._chance(0, longest))
            longest = min(LONGEST_PAUSE_S, 2 * longest)


def chunks(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    """Lists of at most so many entries."""
    remaining = iter(entries)
    while some := list(islice(remaining, size)):
        yield some


def _reasons(error: ClientError) -> list[Mapping[str, Any]]:
    """Why a transaction was cancelled, one entry for each of its writes."""
    reasons: list[Mapping[str, Any]] = list(error.response.get("CancellationReasons", []))
    return reasons


def _codes(error: ClientError) -> set[str]:
    """The error's code; of a cancelled transaction the codes of its reasons."""
    reasons = {reason.get("Code", "None") for reason in _reasons(error)} - {"None"}
    return reasons or {error.response["Error"]["Code"]}


def _passes(codes: set[str]) -> bool:
    return bool(codes) and codes <= PASSING


def _found(error: ClientError) -> list[Item | None]:
    if reasons := _reasons(error):
        return [reason.get("Item") for reason in reasons]
    item: Any = error.response.get("Item")
    return [item]


def _translated(error: ClientError, table: str, how_long: str = "") -> StorageError:
    """What to tell, with the name of the table and of the operation, AWS's own words and the remedy."""
    operation, code = error.operation_name, error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "").rstrip(".")
    details = "; ".join(str(reason.get("Message")) for reason in _reasons(error) if reason.get("Message"))
    text = f"{code}: {message}{f' ({details})' if details and details not in message else ''}"
    if code == "AccessDeniedException":
        named = re.search(
            r"dynamodb:\w+", text
        )  # a transaction is no action of its own: AWS names the one that it lacks
        action = named[0] if named else f"dynamodb:{operation}"
        return StorageError(
            f"the table {table}: allow the action {action} on it in the role's policy. AWS says: {text}"
        )
    if code == "ResourceNotFoundException":
        return StorageError(
            f"there is no table {table} in this account and region: deploy it ({operation}). AWS says: {text}"
        )
    return StorageError(f"the table {table}: {operation} failed{how_long}. AWS says: {text}")
