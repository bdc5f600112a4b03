"""The process pool: keeps worker processes busy, and knows what each was doing when it hangs or dies.

It differs from `concurrent.futures` where the promises need it: a dead or hanging worker costs its batch one attempt
and nothing else, and small batches are sent and reported in groups.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyburst.contracts.records import Delivery, Failure, Outcome
from skyburst.engine.work import RSS_UNITS_PER_MB
from skyburst.homes.local.channel import pair
from skyburst.homes.local.slate import Note, Slate
from skyburst.homes.local.temporary import TemporaryFolder
from skyburst.homes.local.worker_process import OTHER_TASK, outcomes_of

AHEAD_S = 0.03
"""A worker is sent about so many seconds of work ahead, so that it never waits for the driver ..."""
MOST_AHEAD = 256
STUCK_S = 0.25
"""... and what it was sent is taken back when one batch has kept it busy for so long."""
ENDING_LOOK_S = 0.02
STARTS = 3
"""Consecutive worker processes that may die before they are ready."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""One thread a worker: there are as many workers as processors."""
PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])

Request = list[Any]
"""`["work", batch_id, attempt, start, end, timeout_s]`, or another kind with a number of its own in second place."""


@dataclass(slots=True)
class Events:
    """What happened in one step."""

    outcomes: list[Outcome] = field(default_factory=list)
    """Finished attempts, with those that ended with their worker."""
    answers: list[tuple[int, Any, Failure | None]] = field(default_factory=list)
    """Number, answer and failure of other requests."""
    returned: list[Request] = field(default_factory=list)
    """Requests that did not run and are to be sent again."""
    broken: Failure | None = None
    """The analysis cannot be loaded."""


class Pool:
    """A number of worker processes for one job."""

    def __init__(self, config: dict[str, Any], size: int, logs: Path) -> None:
        self._config = config
        self._size = size
        self._logs = logs
        self._workers: list[_Worker] = []
        self._started = 0
        self._bad_starts = 0
        self.ready: dict[str, Any] | None = None
        """What the first ready worker said of the analysis."""
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def in_flight(self) -> int:
        """Requests sent and not ended."""
        return sum(len(worker.requests) for worker in self._workers)

    def running(self) -> list[Note]:
        """Batches that workers are busy with at this moment."""
        notes = [worker.slate.read() for worker in self._workers]
        return [note for note in notes if note and note.task < OTHER_TASK]

    def resize(self, size: int) -> None:
        """Have so many worker processes from now on; those that there are stay."""
        self._size = size

    def change(self, config: dict[str, Any], size: int) -> None:
        """Have so many worker processes from now on, and tell new ones this; those that there are stay as they are."""
        self._config = config
        self.resize(size)

    def step(self, next_request: Callable[[], Request | None], wait_s: float, *, ahead: bool = True) -> Events:
        """Hand out requests, wait for something to happen, and tell what did.

        Args:
            next_request: the next request, or None when there is none for now.
            wait_s: seconds to wait at most.
            ahead: whether a worker may be sent more than one request at a time.
        """
        events = Events()
        self._hand_out(next_request, MOST_AHEAD if ahead else 1)
        readable, _, _ = select.select(self._workers, [], [], wait_s)
        for worker in readable:
            self._listen(worker, events)
        for worker in list(self._workers):
            self._check(worker, events)
        return events

    def close(self, ending_s: float = 0.0) -> list[Request]:
        """End all workers; the requests that they had.

        Args:
            ending_s: seconds that those that are busy with a batch have to end it and tell how; none ends them at once.
        """
        if ending_s:
            self._end_softly(ending_s)
        unfinished = [request for worker in self._workers for request in worker.requests.values()]
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.reap()
        self._workers.clear()
        return unfinished

    def _end_softly(self, seconds: float) -> None:
        """Ask workers that are busy with a batch to end it, and wait for them."""
        until = time.monotonic() + seconds
        busy = [worker for worker in self._workers if (note := worker.slate.read()) and note.task < OTHER_TASK]
        for worker in busy:
            worker.process.terminate()
        while busy and time.monotonic() < until:
            time.sleep(ENDING_LOOK_S)
            busy = [worker for worker in busy if not worker.gone()]

    def _hand_out(self, next_request: Callable[[], Request | None], most: int) -> None:
        for worker in self._workers:
            self._feed(worker, next_request, most)
        while len(self._workers) < self._size:
            request = next_request()
            if request is None:
                return
            used = {worker.slot for worker in self._workers}
            slot = next(number for number in range(len(used) + 1) if number not in used)
            worker = _Worker(self._config, self._started, self._logs, slot)
            self._started += 1
            self._workers.append(worker)
            worker.send([request])
            self._feed(worker, next_request, most)

    def _feed(self, worker: _Worker, next_request: Callable[[], Request | None], most: int) -> None:
        if worker.stuck or (not worker.ready and worker.requests):
            return
        group: list[Request] = []
        while len(worker.requests) + len(group) < min(worker.window, most):
            request = next_request()
            if request is None:
                break
            group.append(request)
        if group:
            worker.send(group)

    def _listen(self, worker: _Worker, events: Events) -> None:
        try:
            frames = worker.channel.receive_available()
        except (EOFError, OSError):
            self._bury(worker, events)
            return
        for frame in frames:
            kind, *rest = frame.header
            if kind == "outcomes":
                events.outcomes += worker.finished(outcomes_of(frame))
            elif kind == "answer":
                number, answer, failure = rest
                worker.requests.pop(OTHER_TASK + number, None)
                events.answers.append((number, answer, Failure(*failure) if failure else None))
            elif kind == "ready":
                self.ready = rest[0]
                worker.ready = True
                self._bad_starts = 0
            elif kind == "broken":
                events.broken = Failure(*rest[0])

    def _check(self, worker: _Worker, events: Events) -> None:
        """End a worker whose task is past its time; take back what waits behind a slow task."""
        note = worker.slate.read()
        if note is None or note.task not in worker.requests:
            return
        busy_s = time.monotonic() - note.started
        timeout_s = worker.requests[note.task][-1]
        if busy_s > timeout_s + self._config["margin_s"]:
            worker.verdict = Failure("TimedOut", f"it ran longer than the {timeout_s:g} s that one attempt may take")
            worker.kill()
        elif busy_s > STUCK_S and len(worker.requests) > 1:
            waiting = [request for key, request in worker.requests.items() if key != note.task]
            worker.stuck = True  # it reads nothing: more requests would only fill its channel, and block the driver
            worker.drop(waiting)
            events.returned += waiting

    def _bury(self, worker: _Worker, events: Events) -> None:
        """Learn what a dead worker was doing, and give back what else it had."""
        note = worker.slate.read()
        self._workers.remove(worker)
        status, peak_memory_mb = worker.reap()
        if not worker.ready:
            self._bad_starts += 1
            if self._bad_starts >= STARTS:
                events.broken = Failure(
                    "Killed",
                    f"{STARTS} worker processes in a row ended before they were ready ({status})",
                    worker.tail(),
                )
        request = worker.requests.pop(note.task, None) if note else None
        events.returned += worker.requests.values()
        if note is None or request is None:
            return
        failure = worker.verdict or Failure(
            "Killed",
            f"its worker process ended ({status}) while it ran; peak memory {peak_memory_mb:,.0f} MiB{_limit(self._config)}",
        )
        if note.task >= OTHER_TASK:
            events.answers.append((note.task - OTHER_TASK, None, failure))
            return
        _, batch_id, attempt, start, end, _ = request
        log_end = worker.log_size()
        log = (worker.log.name, note.log_start, log_end) if log_end > note.log_start else None
        seconds = time.monotonic() - note.started
        events.outcomes.append(
            Outcome(
                batch_id,
                attempt,
                end - start,
                None,
                None,
                0,
                None,
                note.started_at,
                seconds,
                peak_memory_mb,
                log,
                failure,
                worker.delivery(batch_id, note.started_at),
            )
        )


class _Worker:
    """The driver's side of one worker process."""

    def __init__(self, config: dict[str, Any], number: int, logs: Path, slot: int) -> None:
        self.number = number
        self.slot = slot
        """Which of the shares of the machine it has, such as of its GPUs; no other worker has it meanwhile."""
        self.log = logs / f"worker-{config['run']}-{number}.log"
        self.requests: dict[int, Request] = {}
        self.window = 1
        self.ready = False
        self.stuck = False
        self.verdict: Failure | None = None
        self._ended: tuple[int, resource.struct_rusage] | None = None
        """Status and use of the process, when it has ended."""
        self._seconds_each = AHEAD_S
        self._sent_at: dict[int, float] = {}
        self._cold = True
        self.channel, theirs = pair()
        self.slate, slate_descriptor = Slate.create()
        self._temporary = TemporaryFolder(config["scratch"])
        lifeline, self._lifeline = os.pipe()
        descriptors = (theirs.fileno(), slate_descriptor, lifeline)
        try:
            with open(self.log, "ab") as log:
                self.process = subprocess.Popen(
                    # -P: a file in the current folder must not stand in for a module of the standard library
                    [
                        sys.executable,
                        "-P",
                        "-m",
                        "skyburst.homes.local.worker_process",
                        *map(str, descriptors),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=descriptors,
                    env=_environment() | {"TMPDIR": self._temporary.path},
                    start_new_session=True,  # Ctrl-C is the driver's to handle
                )
        finally:
            theirs.close()
            os.close(slate_descriptor)
            os.close(lifeline)
        self._send({**config, "log": self.log.name, "slot": slot})

    def fileno(self) -> int:
        return self.channel.fileno()

    def send(self, requests: list[Request]) -> None:
        now = time.time()
        for request in requests:
            number = request[1] if request[0] == "work" else OTHER_TASK + request[1]
            self.requests[number] = request
            self._sent_at[number] = now
        self._send(["tasks", [request if request[0] == "work" else request[:-1] for request in requests]])

    def drop(self, requests: list[Request]) -> None:
        for request in requests:
            self.requests.pop(request[1], None)
            self._sent_at.pop(request[1], None)
        self._send(["drop", [request[1] for request in requests]])

    def finished(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Note that batches have ended; their outcomes with how they came to this worker."""
        self.stuck = False
        for outcome in outcomes:
            self.requests.pop(outcome.batch_id, None)
        seconds = sum(outcome.seconds for outcome in outcomes) / max(1, len(outcomes))
        self._seconds_each += (seconds - self._seconds_each) * 0.5
        self.window = max(1, min(MOST_AHEAD, int(AHEAD_S / max(self._seconds_each, 1e-6))))
        return [outcome._replace(delivery=self.delivery(outcome.batch_id, outcome.started_at)) for outcome in outcomes]

    def delivery(self, number: int, started_at: float) -> Delivery:
        """How a batch came to this worker. The first one was sent when the process was started."""
        sent_at = self._sent_at.pop(number, started_at)
        cold_s = max(0.0, started_at - sent_at) if self._cold else 0.0
        self._cold = False
        return Delivery(self.number, sent_at, cold_s)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def gone(self) -> bool:
        """Whether the process has ended, without waiting for it."""
        if self._ended is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            self._ended = (status, usage) if pid else None
        return self._ended is not None

    def reap(self) -> tuple[str, float]:
        """Wait for the end; how the process ended in words, and its peak memory in MiB."""
        self.kill()  # also what the worker may have started
        self.channel.close()
        os.close(self._lifeline)
        status, usage = self._ended or os.wait4(self.process.pid, 0)[1:]
        self.slate.close()
        self._temporary.remove()
        code = self.process.returncode = os.waitstatus_to_exitcode(status)
        peak_memory_mb = usage.ru_maxrss / RSS_UNITS_PER_MB
        if code >= 0:
            return f"exit code {code}", peak_memory_mb
        name = signal.Signals(-code).name
        hint = ", perhaps by the operating system for lack of memory" if name == "SIGKILL" else ""
        return f"{name}{hint}", peak_memory_mb

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def tail(self) -> str:
        return self.log.read_bytes()[-2_000:].decode(errors="replace") if self.log.exists() else ""

    def _send(self, message: Any) -> None:
        # A worker that is gone is found by the next read of its channel.
        with contextlib.suppress(OSError):
            self.channel.send(message)


def _limit(config: dict[str, Any]) -> str:
    """The limit of a worker's memory, for a message; a worker of commands has none."""
    return "" if config["memory_mb"] is None else f", the limit is {config['memory_mb']:,} MiB"


def _environment() -> dict[str, str]:
    environment = {**ENVIRONMENT, **os.environ}
    paths = [PACKAGE_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment
