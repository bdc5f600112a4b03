"""Batches that are still to be sent: the dispatch tree, expanded only as far as workers take from it."""

from __future__ import annotations

import bisect
import heapq
from collections import deque
from collections.abc import Iterable

from skyburst.engine.dispatch import dispatch
from skyburst.engine.plan import Node, Plan, root


class Pending:
    """The invoker port of home `local`: invoking a manager or worker puts it on a stack until there is room.

    Memory is bounded by the children of one manager on each level, however many batches there are.
    """

    def __init__(self, plan: Plan, done: Iterable[tuple[int, int]] = ()) -> None:
        """Args: the plan, and the half-open ranges of batches that are done already, in order."""
        self._plan = plan
        self._done = list(done)
        self._stack: list[Node] = [root(plan)] if plan.batches else []
        self._children: list[Node] = []
        self._returned: deque[tuple[int, int]] = deque()
        self._retries: list[tuple[float, int, int]] = []

    def invoke_manager(self, node: Node) -> None:
        """Split the node later."""
        self._children.append(node)

    def invoke_worker(self, node: Node) -> None:
        """Send the batch later."""
        self._children.append(node)

    def again(self, batch_id: int, attempt: int) -> None:
        """Send a batch that did not run, as the same attempt, first."""
        self._returned.append((batch_id, attempt))

    def retry(self, batch_id: int, attempt: int, due: float) -> None:
        """Send a batch again when its time has come."""
        heapq.heappush(self._retries, (due, batch_id, attempt))

    def next(self, now: float) -> tuple[int, int] | None:
        """The next batch and the number of its attempt, or None when there is none to send now."""
        if self._returned:
            return self._returned.popleft()
        if self._retries and self._retries[0][0] <= now:
            _, batch_id, attempt = heapq.heappop(self._retries)
            return batch_id, attempt
        while self._stack:
            node = self._stack.pop()
            if self._is_done(node):
                continue
            if node.level == self._plan.levels:
                return node.first, 1
            dispatch(self._plan, node, self)
            self._stack.extend(reversed(self._children))
            self._children.clear()
        return None

    @property
    def empty(self) -> bool:
        """True when nothing is left to send, now or later."""
        return not (self._stack or self._returned or self._retries)

    def clear(self) -> None:
        """Send nothing more."""
        self._stack.clear()
        self._returned.clear()
        self._retries.clear()

    def _is_done(self, node: Node) -> bool:
        position = bisect.bisect_right(self._done, (node.first, self._plan.batches + 1)) - 1
        return position >= 0 and node.last <= self._done[position][1]
