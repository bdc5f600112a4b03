"""Things that go wrong on purpose: what a test asks for happens to the next requests that fit, and then no more."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from skyburst.local_cloud.requests import Refusal, Request

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})


@dataclass(slots=True)
class _Fault:
    """One thing that goes wrong, so many times."""

    refuses: Callable[[Request], Refusal | None]
    left: int


@dataclass(frozen=True, slots=True)
class Kill:
    """When the process of an invocation is killed."""

    after_s: float = 0.0
    """Seconds after it began, if it still runs then; 0 is before the function is entered."""
    at_end: bool = False
    """Instead, when the function has returned and before that is told to anybody."""


@dataclass(slots=True)
class _PlannedKill:
    """The process of one invocation to come."""

    spared: int
    """Invocations that come first."""
    kill: Kill


@dataclass(slots=True)
class _Reclaim:
    """An instance that is taken away."""

    job_name: str
    """Pattern of the names of jobs."""
    spared: int
    """Attempts that come first."""
    after_s: float


@dataclass(slots=True)
class _OfFunction:
    """What goes wrong with one function."""

    throttles: int = 0
    duplicates: int = 0
    kills: list[_PlannedKill] = field(default_factory=list)


class Faults:
    """What is to go wrong. Safe to use from any thread; functions are named without their ARN."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[_Fault] = []
        self._functions: dict[str, _OfFunction] = {}
        self._reclaims: list[_Reclaim] = []
        self._without_capacity: set[str] = set()

    def throttle_invokes(self, function: str, times: int) -> None:
        """The next invokes of a function, sync or event, are answered 429 TooManyRequestsException."""
        with self._lock:
            self._of(function).throttles += times

    def deliver_twice(self, function: str, times: int = 1) -> None:
        """The next events sent to a function are each delivered twice."""
        with self._lock:
            self._of(function).duplicates += times

    def kill_invocation(self, function: str, number: int = 1, *, after_s: float = 0.0, at_end: bool = False) -> None:
        """The process of an invocation to come is killed.

        Args:
            function: its name.
            number: which invocation, counted from now: 1 is the next.
            after_s: seconds that it runs first; one that ends sooner is not killed. 0 is before the function is entered.
            at_end: instead, when the function has returned and before that is told to anybody: its work is done.
        """
        with self._lock:
            self._of(function).kills.append(_PlannedKill(number - 1, Kill(after_s, at_end)))

    def reclaim_instance(self, job_name: str = "*", number: int = 1, *, after_s: float = 0.0) -> None:
        """The instance on which an attempt at a Batch job to come runs is taken away, with all that runs on it.

        Args:
            job_name: a pattern of names of jobs.
            number: which attempt, counted from now: 1 is the next.
            after_s: seconds that the attempt runs first; one that ends sooner keeps its instance.
        """
        with self._lock:
            self._reclaims.append(_Reclaim(job_name, number - 1, after_s))

    def withhold_capacity(self, compute_environment: str) -> None:
        """Compute environments of Batch whose names fit a pattern start no instance, until `clear` or `give_capacity`."""
        with self._lock:
            self._without_capacity.add(compute_environment)

    def give_capacity(self) -> None:
        """All compute environments start instances again."""
        with self._lock:
            self._without_capacity.clear()

    def slow_down_s3(self, key_pattern: str, times: int, *, method: str = "GET") -> None:
        """The next requests of a method for keys that match a pattern, such as `masks/*`, are answered 503 SlowDown."""

        def refuses(request: Request) -> Refusal | None:
            fits = request.service == "s3" and request.method == method and bool(request.s3_key)
            if not fits or not fnmatch.fnmatchcase(request.s3_key, key_pattern):
                return None
            return Refusal(503, "SlowDown", "Please reduce your request rate.")

        self._add(refuses, times)

    def fail_table_conditions(self, table: str, times: int) -> None:
        """The next writes to a table fail as if their condition had not held."""

        def refuses(request: Request) -> Refusal | None:
            if not self._writes_to(request, table):
                return None
            if request.operation == "TransactWriteItems":
                reasons = [{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}]
                reasons += [{"Code": "None"} for _ in request.json()["TransactItems"][1:]]
                codes = ", ".join(reason["Code"] for reason in reasons)
                message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
                return Refusal(400, "TransactionCanceledException", message, {"CancellationReasons": reasons})
            return Refusal(400, "ConditionalCheckFailedException", "The conditional request failed")

        self._add(refuses, times)

    def throttle_table(self, table: str, times: int, *, operations: frozenset[str] = WRITES) -> None:
        """The next requests to a table are answered ProvisionedThroughputExceededException."""

        def refuses(request: Request) -> Refusal | None:
            if not self._writes_to(request, table, operations):
                return None
            message = "The level of configured provisioned throughput for the table was exceeded."
            return Refusal(400, "ProvisionedThroughputExceededException", message)

        self._add(refuses, times)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._requests.clear()
            self._functions.clear()
            self._reclaims.clear()
            self._without_capacity.clear()

    def pending(self) -> int:
        """How many faults have not happened yet."""
        with self._lock:
            of_functions = sum(one.throttles + one.duplicates + len(one.kills) for one in self._functions.values())
            return of_functions + sum(fault.left for fault in self._requests) + len(self._reclaims)

    def refusal(self, request: Request) -> Refusal | None:
        """What to answer instead of handling a request; counts as one time."""
        with self._lock:
            for fault in self._requests:
                refusal = fault.refuses(request) if fault.left else None
                if refusal:
                    fault.left -= 1
                    return refusal
        return None

    def take_throttle(self, function: str) -> bool:
        """True when this invoke is to be throttled."""
        with self._lock:
            of_function = self._of(function)
            taken = of_function.throttles > 0
            of_function.throttles -= taken
            return taken

    def take_duplicate(self, function: str) -> bool:
        """True when this event is to be delivered twice."""
        with self._lock:
            of_function = self._of(function)
            taken = of_function.duplicates > 0
            of_function.duplicates -= taken
            return taken

    def take_kill(self, function: str) -> Kill | None:
        """When the process of this invocation is to be killed, if it is."""
        with self._lock:
            of_function = self._of(function)
            due = next((one for one in of_function.kills if one.spared == 0), None)
            of_function.kills = [one for one in of_function.kills if one is not due]
            for one in of_function.kills:
                one.spared = max(0, one.spared - 1)
            return due.kill if due else None

    def take_reclaim(self, job_name: str) -> float | None:
        """After how many seconds the instance of this attempt is to be taken away, if it is."""
        with self._lock:
            fitting = [one for one in self._reclaims if fnmatch.fnmatchcase(job_name, one.job_name)]
            due = next((one for one in fitting if one.spared == 0), None)
            self._reclaims = [one for one in self._reclaims if one is not due]
            for one in fitting:
                one.spared = max(0, one.spared - 1)
            return due.after_s if due else None

    def lacks_capacity(self, compute_environment: str) -> bool:
        """Whether a compute environment can start no instance."""
        with self._lock:
            return any(fnmatch.fnmatchcase(compute_environment, pattern) for pattern in self._without_capacity)

    def _of(self, function: str) -> _OfFunction:
        return self._functions.setdefault(function, _OfFunction())

    def _add(self, refuses: Callable[[Request], Refusal | None], times: int) -> None:
        with self._lock:
            self._requests.append(_Fault(refuses, times))

    @staticmethod
    def _writes_to(request: Request, table: str, operations: frozenset[str] = WRITES) -> bool:
        return request.service == "dynamodb" and request.operation in operations and table in request.tables()
