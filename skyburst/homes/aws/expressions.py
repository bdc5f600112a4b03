"""Writes of DynamoDB as one entry of a transaction each; the entry's value is the arguments of the single operation.

In conditions `#name` is an attribute and `:name` a value. Every name goes by a placeholder: DynamoDB reserves 573 words, `state`
and `items` among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from skyburst.homes.aws.calls import Item


def put(table: str, item: Item, condition: str | None = None, values: Item | None = None) -> Item:
    """Store an item."""
    return {"Put": {"TableName": table, "Item": item, **_condition(condition), **_values(values or {})}}


def delete(table: str, key: Item, condition: str | None = None, values: Item | None = None) -> Item:
    """Remove an item."""
    return {"Delete": {"TableName": table, "Key": key, **_condition(condition), **_values(values or {})}}


def check(table: str, key: Item, condition: str, values: Item | None = None) -> Item:
    """Change nothing, but have the whole transaction depend on a condition."""
    return {"ConditionCheck": {"TableName": table, "Key": key, **_condition(condition), **_values(values or {})}}


def update(
    table: str,
    key: Item,
    changes: Mapping[str, Item | None],
    *,
    unless_there: Item | None = None,
    add: Item | None = None,
    condition: str | None = None,
    values: Item | None = None,
) -> Item:
    """Set attributes, or remove those whose value is None; set others unless they are there; add to numbers."""
    unless_there, add = unless_there or {}, add or {}
    stored = {name: value for name, value in changes.items() if value is not None}
    clauses = {
        "SET": [
            *(f"#{name} = :{name}" for name in stored),
            *(f"#{name} = if_not_exists(#{name}, :{name})" for name in unless_there),
        ],
        "REMOVE": [f"#{name}" for name, value in changes.items() if value is None],
        "ADD": [f"#{name} :{name}" for name in add],
    }
    expression = " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items() if parts)
    return {
        "Update": {
            "TableName": table,
            "Key": key,
            "UpdateExpression": expression,
            **_condition(condition, expression),
            **_values({**stored, **unless_there, **add, **(values or {})}),
        }
    }


def names_in(*expressions: str) -> dict[str, str]:
    """The attributes that expressions name, by placeholder."""
    return {f"#{name}": name for expression in expressions for name in re.findall(r"#(\w+)", expression)}


def _condition(condition: str | None, expression: str = "") -> dict[str, Any]:
    names = names_in(expression, condition or "")
    return {
        **({"ConditionExpression": condition} if condition else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    }


def _values(values: Item) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
