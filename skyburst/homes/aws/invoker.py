"""Starts managers and workers: asynchronous invocations of Lambda, many in flight, throttles waited out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from skyburst.contracts import values
from skyburst.engine.plan import Node
from skyburst.homes.aws.brief import Brief

THREADS = 16
"""One thread invokes 13 to 15 times a second, 16 about 210 times."""
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
TOO_MANY = 429
CLIENT_FAULT, SERVER_FAULT = 400, 500


class Unsent(NamedTuple):
    """A child that could not be started, which the watcher will start later."""

    node: Node
    reason: str


class LambdaInvoker:
    """The invoker port over Lambda. Enter it; at its end everything was accepted, or is in `unsent` with the reason."""

    def __init__(
        self, client: Any, brief: Brief, *, seconds: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._brief = brief
        self._until = time.monotonic() + seconds
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(THREADS, "invoke")
        self._sent: list[tuple[Node, Future[None]]] = []
        self.unsent: list[Unsent] = []
        """After the end: children that were not accepted in time."""
        self.throttled: list[str] = []
        """The function of each invocation that Lambda throttled; most are accepted later."""

    def __enter__(self) -> LambdaInvoker:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for node, future in self._sent:
            error = future.exception()
            if error is not None:
                self.unsent.append(Unsent(node, f"{type(error).__name__}: {error}"))

    def invoke_manager(self, node: Node) -> None:
        """Have the node split among its children."""
        self._send(self._brief.manager, node, {"first": node.first, "last": node.last, "level": node.level})

    def invoke_worker(self, node: Node, attempt: int = 1, *, again: bool = False) -> None:
        """Have a worker run the batch; one that was sent before is claimed before anything of the analysis runs."""
        lane = self._brief.lane_of(node.first + attempt - 1)  # another attempt goes to another lane
        fields: dict[str, Any] = {"batch": node.first, "attempt": attempt, "level": node.level}
        self._send(lane, node, {**fields, "again": True} if again else fields)

    def _send(self, function: str, node: Node, fields: dict[str, Any]) -> None:
        event = {"job": self._brief.job_id, "run": self._brief.run, "sent_at": time.time(), **fields}
        self._sent.append((node, self._pool.submit(self._invoke, function, values.encode(event))))

    def _invoke(self, function: str, payload: bytes) -> None:
        wait = FIRST_WAIT_S
        while True:
            if time.monotonic() > self._until:  # those before it took all the time
                raise TimeoutError("there was no time left to send it")
            try:
                self._client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
            except Exception as error:
                if _status(error) == TOO_MANY:
                    self.throttled.append(function)
                delay = random.uniform(0, wait)  # noqa: S311 - full jitter: those that were throttled together come back apart
                if not may_pass(error) or time.monotonic() + delay > self._until:
                    raise
                self._sleep(delay)
                wait = min(LONGEST_WAIT_S, 2 * wait)
            else:
                return


def may_pass(error: Exception) -> bool:
    """True for throttles, faults of the service and broken connections; False for what would be refused again."""
    from botocore.exceptions import ClientError, HTTPClientError

    if isinstance(error, ClientError):
        status = _status(error)
        return status == TOO_MANY or status >= SERVER_FAULT
    return isinstance(error, HTTPClientError)


def was_not_taken(error: Exception) -> bool:
    """True when the service answered that it does not do what was asked; otherwise it perhaps did, and the answer was lost."""
    return CLIENT_FAULT <= _status(error) < SERVER_FAULT


def _status(error: Exception) -> int:
    """The HTTP status that a service answered with; 0 when it answered nothing."""
    answer: dict[str, Any] = getattr(error, "response", None) or {}  # None of a connection that broke
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
