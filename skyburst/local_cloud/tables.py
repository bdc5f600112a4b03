"""What moto's tables do otherwise than DynamoDB: writes tear each other, and sizes are counted in base64."""

from __future__ import annotations

import collections
import copy
import functools
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from skyburst.local_cloud.limits import ITEM, size_of_item

OPERATIONS = ("put_item", "update_item", "delete_item", "get_item", "query", "scan")
_lock = threading.RLock()
_touched: set[tuple[str, str]] = set()
"""Tables and keys that the transaction in progress writes to, under the lock."""


def atomic(operation: Callable[..., Any]) -> Callable[..., Any]:
    """One operation of the data plane at a time: moto reads, copies and writes items without a lock."""

    @functools.wraps(operation)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return operation(*args, **kwargs)

    return locked


def transaction(original: Callable[..., Any]) -> Callable[..., Any]:
    """A transaction of its own, which knows what it touches."""

    @functools.wraps(original)
    def transact(self: Any, transact_items: list[dict[str, Any]]) -> Any:
        with _lock:
            _touched.update(_keys_of(self.tables, transact_items))
            try:
                return original(self, transact_items)
            finally:
                _touched.clear()

    return transact


def copy_for_rollback(_original: None) -> Callable[[Any, dict[int, Any]], Any]:
    """A copy of a table in which only the items that a transaction touches are copies.

    moto copies whole tables for each item of a transaction: a thousand batches would copy two million items.
    """

    def copy_table(self: Any, memo: dict[int, Any]) -> Any:
        made = object.__new__(type(self))
        memo[id(self)] = made
        if not _touched:
            vars(made).update(copy.deepcopy(vars(self), memo))
            return made
        vars(made).update(vars(self))
        made.items = collections.defaultdict(dict)
        for hash_key, found in self.items.items():
            if isinstance(found, dict):
                made.items[hash_key] = {key: _copy_if_touched(self.name, item) for key, item in found.items()}
            else:
                made.items[hash_key] = _copy_if_touched(self.name, found)
        return made

    return copy_table


def _copy_if_touched(table: str, item: Any) -> Any:
    keys = [item.hash_key] + ([item.range_key] if item.range_key is not None else [])
    return copy.deepcopy(item) if (table, _text([key.to_json() for key in keys])) in _touched else item


def _keys_of(tables: Any, transact_items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in transact_items:
        for operation in one.values():
            name = operation["TableName"].rpartition("/")[2]
            if name in tables:
                table = tables[name]
                attributes = operation.get("Key") or operation.get("Item") or {}
                names = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
                yield name, _text([attributes.get(attribute) for attribute in names])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


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
