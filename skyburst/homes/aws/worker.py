"""A worker: runs one batch in a function of Lambda, and records what came of it."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.analysis import Ending, Worker
from skyburst.contracts.records import Claim, Delivery, Failure, Outcome
from skyburst.contracts.states import BatchState
from skyburst.engine.environments import falls_back
from skyburst.engine.watch import state_after
from skyburst.engine.work import Bench, Task, describe, peak_memory_mb, work
from skyburst.errors import InvalidAnalysis
from skyburst.homes.aws.brief import Brief, Briefs
from skyburst.homes.aws.deployed import LANE, Deployed
from skyburst.homes.aws.standing import look
from skyburst.homes.aws.starts import begin
from skyburst.loading import load_function
from skyburst.manifest import ItemReader, parse_source

MARGIN_S = 3.0
"""Of the function's time, kept for recording what was found, or that the time ran out."""
LOOK_S = 5.0
"""Between looks at whether the job goes on."""
MOST_BENCHES = 2
INLINE_BYTES = 4 * 1024
"""Longer partial results become objects of S3.

For n KB, a million of them, in USD (us-east-1, on demand): the table takes 1.25 n + 0.6 to write, because what is longer than a
kilobyte is written in a transaction with its row, at two units of 0.625 a KB, and 0.03 n to read; S3 takes 5 to put, 0.4 to get,
and 0.4 for the 50 ms that a worker of 512 MB waits. Both are 5.8 at 4 KB. At 32 KB the table takes 42, and 3,000 workers that end
within ten seconds would write 19,800 units a second where a new table takes 4,000; with 4 KB these are 3,000.
"""


class NotRun(NamedTuple):
    """What becomes of a batch that this invocation is not to run."""

    batch_id: int
    reason: str


class Invocation(NamedTuple):
    """One invocation of the function."""

    event: dict[str, Any]
    """`{"job", "run", "batch", "attempt", "sent_at", "level"}`, and `again` of a batch that was sent before."""
    seconds: float
    """Left to it."""
    log: str
    """`LOG GROUP:LOG STREAM` that it writes to."""
    token: str
    """Its request id, which a second delivery of the same invocation has too."""


class WorkerFunction:
    """One environment of a worker's function."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        self._deployed = deployed
        self._folder = folder
        self._briefs = Briefs(deployed.objects)
        self._benches: dict[tuple[str, int], Bench] = {}

    def run(self, invocation: Invocation) -> Outcome | NotRun:
        """Run a batch and record how it ended, unless another invocation has it or its job is over.

        The first time the table is reached in a thread beside the developer's function, which so begins at once: the library
        that speaks to it takes longer to start than all the rest. Not for a batch that was sent before: perhaps it ended the
        process before its claim was written, and nobody would ever hear of it.
        """
        event = invocation.event
        delivery = delivered(event)
        brief = self._briefs.get(event["job"], event["run"])
        task = task_of(invocation, brief)
        beside = Beside(self._deployed, brief, task, delivery, invocation.token)
        if refused := beside.claim_ahead(again=bool(event.get("again"))):
            return NotRun(task.batch_id, refused)
        with beside:
            outcome = self._work(brief, task)
        log_end = int(1_000 * time.time())
        log = (invocation.log, int(1_000 * outcome.started_at), log_end)
        outcome = outcome._replace(log=log, delivery=delivery)
        if refused := beside.refused():
            return NotRun(task.batch_id, refused)
        record(self._deployed, brief, outcome, invocation.token)
        return outcome

    def _work(self, brief: Brief, task: Task) -> Outcome:
        started_at = time.time()
        try:
            bench = self._bench(brief)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - its code cannot be loaded, and the batch says so
            seconds = time.time() - started_at
            return Outcome(
                task.batch_id, task.attempt, task.end - task.start, None, None, 0, None, started_at, seconds,
                peak_memory_mb(), None, describe(error),
            )  # fmt: skip
        return work(bench, task)

    def _bench(self, brief: Brief) -> Bench:
        """What the batches of a job share; kept for those that come next."""
        key = (brief.job_id, brief.run)
        if key not in self._benches:
            while len(self._benches) >= MOST_BENCHES:
                self._benches.pop(next(iter(self._benches)))
            self._benches[key] = bench_of(self._deployed, self._folder, brief)
        return self._benches[key]


def bench_of(
    deployed: Deployed, folder: Path, brief: Brief, setup: dict[str, Any] | None = None, ending: Ending | None = None
) -> Bench:
    """What the batches of a job share; `setup` and `ending` are of an environment. Raises what loading the code raises."""
    reference = brief.analysis["worker"]
    worker = load_function(folder, reference)
    if not isinstance(worker, Worker):
        raise InvalidAnalysis(f"{reference} is not a worker: decorate it with @skyburst.worker")
    assert brief.items is not None
    items = ItemReader(parse_source(brief.items), is_own=brief.is_own)
    return Bench(
        brief.job_id, worker, brief.parameters, items,
        deployed.objects, brief.prefix, Path(tempfile.gettempdir()), secrets.token_hex(4), inline_bytes=INLINE_BYTES,
        setup=setup, ending=ending or Ending(),
    )  # fmt: skip


def delivered(event: dict[str, Any]) -> Delivery:
    """How the batch of an invocation came here; to be asked first, as the time until then is what is measured."""
    start = begin(event["sent_at"])
    return Delivery(int(os.environ.get(LANE, "0")), event["sent_at"], start.cold_s)


def task_of(invocation: Invocation, brief: Brief) -> Task:
    """The batch that an invocation is to run, with the seconds that it may take."""
    event = invocation.event
    start, end = brief.batches.items_of(event["batch"])
    timeout_s = min(float(brief.resources["batch_timeout_s"]), invocation.seconds - MARGIN_S)
    return Task(event["batch"], event["attempt"], start, end, timeout_s)


def record(deployed: Deployed, brief: Brief, outcome: Outcome, token: str) -> None:
    """Store how an attempt at a batch ended; that it failed only while it is this invocation's."""
    if outcome.failure is None:
        deployed.table.record(brief.job_id, [outcome])
    else:
        attempts = brief.resources["attempts"]
        state = state_after(outcome.failure, outcome.attempt, attempts)
        fallback = brief.environment is not None and brief.environment["fallback"]
        if fallback and falls_back(outcome.failure.kind, outcome.attempt, attempts):
            state = BatchState.PENDING
        deployed.table.record_failure(brief.job_id, outcome, state, token=token)


class Beside:
    """Beside the developer's function: claims the batch, and ends the process when its time is up or its job is over."""

    def __init__(
        self, deployed: Deployed, brief: Brief, task: Task, delivery: Delivery, token: str,
        leave: Callable[[int], None] = os._exit,
    ) -> None:  # fmt: skip
        self._deployed = deployed
        self._brief = brief
        self._task = task
        self._delivery = delivery
        self._token = token
        self._leave = leave
        self._started_at = time.time()
        self._until = time.monotonic() + task.timeout_s
        self._over = threading.Event()
        self._failed: Exception | None = None
        self._claimed = False
        self._refused: str | None = None
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def claim_ahead(self, *, again: bool = False) -> str | None:
        """Claim the batch before its function begins, where the table was reached before; why it is not to be run, if so.

        A batch that was sent `again` is claimed now in any case.
        """
        return self._claim() if again or self._deployed.has_table else None

    def refused(self) -> str | None:
        """Why the batch was not to be run after all, if so.

        Raises what failed while it was claimed: the table could not be reached.
        """
        if self._failed is not None:
            raise self._failed
        return self._refused

    def _claim(self) -> str | None:
        """Claim the batch for this invocation; why it is not to be run, if so."""
        task, job_id = self._task, self._brief.job_id
        _, reason = look(self._deployed.table, job_id, self._brief.run)
        if reason is None:
            deadline = self._started_at + task.timeout_s + MARGIN_S
            claim = Claim(task.batch_id, task.attempt, self._started_at, deadline, self._token)
            if not self._deployed.table.claim(job_id, [claim]):
                reason = "it is done, or another invocation has it"
        self._claimed, self._refused = reason is None, reason
        return reason

    def _run(self) -> None:
        try:
            self._watch()
        except Exception as error:  # noqa: BLE001 - raised where the batch ends
            self._failed = error

    def _watch(self) -> None:
        if not self._claimed and self._claim():
            if not self._over.is_set():
                self._leave(1)
            return
        while not self._over.wait(min(LOOK_S, max(0.0, self._until - time.monotonic()))):
            if time.monotonic() >= self._until:
                record(self._deployed, self._brief, self._timed_out(), self._token)
                self._leave(1)
            if look(self._deployed.table, self._brief.job_id, self._brief.run)[1]:
                self._leave(1)

    def _timed_out(self) -> Outcome:
        task = self._task
        failure = Failure("TimedOut", f"it took longer than {task.timeout_s:g} s")
        return Outcome(
            task.batch_id, task.attempt, task.end - task.start, None, None, 0, None, self._started_at,
            time.time() - self._started_at, peak_memory_mb(), None, failure, self._delivery,
        )  # fmt: skip
