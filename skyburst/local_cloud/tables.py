"""DynamoDB's promise that one write is not torn by another: moto reads, copies and writes items without a lock."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

OPERATIONS = (
    "put_item", "update_item", "delete_item", "get_item", "query", "scan", "transact_write_items", "transact_get_items",
    "batch_get_item",
)  # fmt: skip
_lock = threading.RLock()


def atomic(operation: Callable[..., Any]) -> Callable[..., Any]:
    """One operation of the data plane at a time."""

    @functools.wraps(operation)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _lock:
            return operation(*args, **kwargs)

    return locked
