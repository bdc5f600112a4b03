"""What moto's tables do otherwise than DynamoDB: writes tear each other, and sizes are counted in base64."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from skyburst.local_cloud.limits import ITEM, size_of_item

OPERATIONS = (
    "put_item", "update_item", "delete_item", "get_item", "query", "scan", "transact_write_items", "transact_get_items",
    "batch_get_item",
)  # fmt: skip
_lock = threading.RLock()


def atomic(operation: Callable[..., Any]) -> Callable[..., Any]:
    """One operation of the data plane at a time: moto reads, copies and writes items without a lock."""

    @functools.wraps(operation)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return operation(*args, **kwargs)

    return locked


def set_attribute(_original: Any) -> Callable[[Any, str, Any], None]:
    """Set an attribute of an item, if the item is then small enough.

    moto counts binary values in base64, and a value that is replaced twice.
    """

    def set_one(self: Any, name: str, value: Any) -> None:
        from moto.dynamodb.exceptions import ItemSizeTooLarge
        from moto.dynamodb.models.dynamo_type import DynamoType

        attributes = {**self, name: value}
        typed = {key: one.to_json() for key, one in attributes.items() if isinstance(one, DynamoType)}
        if size_of_item(typed) > ITEM:
            raise ItemSizeTooLarge
        dict.__setitem__(self, name, value)

    return set_one
