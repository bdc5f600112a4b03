"""Work that is due at a time, done by a fixed number of threads: what the event queues of Lambda functions are here."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Task = Callable[[], None]


class EventQueue:
    """Tasks in the order in which they are due."""

    def __init__(self, threads: int) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, int, Task]] = []
        self._numbers = itertools.count()
        self._busy = 0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"event-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, task: Task, delay_s: float = 0.0) -> None:
        """Do something after some seconds, unless the queue is closed."""
        with self._condition:
            if self._closed:
                return
            heapq.heappush(self._due, (time.monotonic() + delay_s, next(self._numbers), task))
            self._condition.notify()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is due or being done; False when that took too long."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._due and not self._busy, timeout_s)

    def close(self) -> None:
        """Begin nothing any more, and wait some seconds for what is being done."""
        with self._condition:
            self._closed = True
            self._due.clear()
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _next(self) -> Task | None:
        with self._condition:
            while not self._closed:
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    self._busy += 1
                    return heapq.heappop(self._due)[2]
                self._condition.wait(wait_s)
        return None

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except Exception:
                # A thread that ends would leave events undelivered.
                log.exception("an event could not be handled")
            finally:
                with self._condition:
                    self._busy -= 1
                    self._condition.notify_all()
