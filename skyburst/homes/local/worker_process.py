"""A worker process: receives tasks from the driver, runs them, reports in groups.

Run as `python -m skyburst.homes.local.worker_process CHANNEL SLATE`, where both are inherited file descriptors. Standard
output and standard error are the worker's log. Its requests are `work`, `items`, `combine`, `finish`, `preview` and `ping`,
and those of a second stage.
"""

from __future__ import annotations

import io
import math
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.analysis import Ending, ItemsContext
from skyburst.contracts.records import REFUSED, Failure, Outcome
from skyburst.engine.work import Bench, Task, describe, limit_memory, peak_memory_mb, work
from skyburst.homes.local.channel import Channel, Frame
from skyburst.homes.local.slate import Slate
from skyburst.loading import Code, load_code

if TYPE_CHECKING:
    from skyburst.homes.local.stage_requests import SecondStageRequests

LISTING_SHARE = 4
"""A process that listed items goes on as a worker unless that took more than this part of its memory."""
REPORT_AT = 32
"""Outcomes are reported when there are so many, or ..."""
REPORT_AFTER_S = 0.02
"""... when the last report is so long ago, or when there is nothing else to do."""
SHORT_VALUE = 1_000
"""Bytes of a value that is sent to be shown in a line."""
LOG = 1
PAYLOAD = Outcome._fields.index("payload")
FAILURE = Outcome._fields.index("failure")
OTHER_TASK = 1 << 60
"""Slates count other tasks than batches from here."""


class WorkerProcess:
    """The loop of a worker process."""

    def __init__(self, channel: Channel, slate: Slate) -> None:
        self._channel = channel
        self._slate = slate
        self._tasks: deque[list[Any]] = deque()
        self._outcomes: list[Outcome] = []
        self._reported = 0.0
        self._config: dict[str, Any] = {}
        self._code: Code
        self._bench: Bench
        self._second_stage: SecondStageRequests | None = None
        self._ending = Ending()
        self._spent = False
        """Whether this process is to end: what it still holds would fail the next group too."""

    def run(self) -> None:
        """Work until the driver closes the channel."""
        self._config = self._channel.receive().header
        os.environ.update(self._config.get("environment", {}))
        if self._config["memory_mb"] is not None:
            limit_memory(self._config["memory_mb"])
        self._take_gpus()
        if self._config["setup"] is not None:
            signal.signal(signal.SIGTERM, self._end_soon)
        try:
            self._load()
        except BaseException as error:  # the driver must hear of it, whatever it is
            self._channel.send(["broken", list(describe(error))])
            if not isinstance(error, Exception | SystemExit):
                raise
            return
        combiner = self._code.combiner
        ready = {"associative": combiner.associative, "summary": combiner.summary_function is not None}
        self._channel.send(["ready", ready])
        while True:
            while not self._tasks or self._due():
                for frame in self._frames():
                    self._accept(frame)
            request = self._tasks.popleft()
            if request[0] == "work":
                self._work(Task(*request[1:]))
            else:
                self._other(request)

    def _take_gpus(self) -> None:
        """Have the share of the GPUs that is this worker's."""
        config = self._config
        if not config["gpus_each"]:
            return
        from skyburst.environments.gpus import VISIBLE, share_out

        mine = share_out(config["gpus"], config["gpus_each"], config["slot"])
        os.environ[VISIBLE] = ",".join(mine)
        if config["setup"] is not None:
            config["setup"]["gpus"] = mine

    def _end_soon(self, *_: object) -> None:
        """End the command of a batch in good order: asked by a signal, because this process is busy with it."""
        self._ending.reason = "its job was ended"

    def _load(self) -> None:
        from skyburst.manifest import ItemReader, NumberRange

        config = self._config
        analysis = config["analysis"]
        functions = (analysis["worker"], analysis["combiner"], analysis["items"], analysis["second_stage"])
        self._code = load_code(analysis["code"], *functions)
        self._bench = Bench(
            config["job_id"], self._code.worker, config["parameters"], ItemReader(NumberRange(0, 0)),
            _LazyObjects(config["objects"]), config["prefix"], Path(config["scratch"]), secrets.token_hex(4),
            setup=config["setup"], ending=self._ending,
        )  # fmt: skip
        if config["items"]:
            self._use(config["items"])

    def _use(self, items: dict[str, Any]) -> None:
        """Take the items of batches from there."""
        from skyburst.manifest import ItemReader, parse_source

        own = self._config["objects"]
        self._bench.items = ItemReader(parse_source(items), is_own=lambda manifest: manifest.location == own)

    def _frames(self) -> list[Frame]:
        if not self._tasks:
            self._report()
        try:
            return self._channel.receive_available()
        except EOFError:
            sys.exit(0)

    def _due(self) -> bool:
        """Whether to look for messages between tasks: seldom, as each look costs as much as a small batch."""
        return time.monotonic() - self._reported > REPORT_AFTER_S and self._channel.readable()

    def _accept(self, frame: Frame) -> None:
        kind, *rest = frame.header
        if kind == "tasks":
            self._tasks.extend(rest[0])
        elif kind == "drop":
            dropped = set(rest[0])
            self._tasks = deque(task for task in self._tasks if task[0] != "work" or task[1] not in dropped)

    def _work(self, task: Task) -> None:
        log_start = os.lseek(LOG, 0, os.SEEK_CUR)
        self._slate.begin(task.batch_id, task.attempt, log_start)
        outcome = work(self._bench, task)
        sys.stdout.flush()
        sys.stderr.flush()
        self._slate.end()
        log_end = os.lseek(LOG, 0, os.SEEK_CUR)
        if log_end > log_start:
            outcome = outcome._replace(log=(self._config["log"], log_start, log_end))
        self._outcomes.append(outcome)
        if len(self._outcomes) >= REPORT_AT or time.monotonic() - self._reported > REPORT_AFTER_S:
            self._report()
        if outcome.failure and outcome.failure.kind == "OutOfMemory":
            self._report()
            sys.exit(0)  # what it still holds would fail the next batch too
        if self._ending.reason is not None:
            sys.exit(0)  # the driver waits for that

    def _other(self, request: list[Any]) -> None:
        kind, number, *arguments = request
        self._slate.begin(OTHER_TASK + number, 1, os.lseek(LOG, 0, os.SEEK_CUR))
        try:
            answer = getattr(self, f"_{kind}")(*arguments)
            reply = ["answer", number, answer, None]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the driver is told
            failure = describe(error)
            if kind == "items" and isinstance(error, ValueError | OSError):
                failure = Failure(REFUSED, failure.message)
            reply = ["answer", number, None, list(failure)]
        sys.stdout.flush()
        self._slate.end()
        self._channel.send(reply)
        if self._spent:
            sys.exit(0)

    def _ping(self) -> None:
        """Answer, which proves that the analysis was loaded."""

    def _items(self) -> dict[str, Any]:
        """List the items of the job, which this process then works on."""
        from skyburst.manifest import store_listed

        assert self._code.items is not None
        config = self._config
        listed = self._code.items(config["parameters"], ItemsContext(job_id=config["job_id"]))
        document = store_listed(self._bench.objects, config["objects"], f"{config['prefix']}manifest", listed)
        self._use(document)
        # What listing took and still holds would be missing where batches are worked on.
        self._spent = peak_memory_mb() > (config["memory_mb"] or math.inf) / LISTING_SHARE
        return document

    def _combine(self, context: dict[str, Any], level: int, group: int) -> None:
        from skyburst.engine.combine import combine_group

        with _CombineBench(self, context) as bench:
            combine_group(bench, level, group)

    def _finish(self, context: dict[str, Any]) -> dict[str, Any]:
        from skyburst.engine.combine import combine_all

        with _CombineBench(self, context) as bench:
            return combine_all(bench)

    def _stage(self, step: str, *arguments: Any) -> Any:
        """A step of the second stage."""
        if self._second_stage is None:
            from skyburst.homes.local.stage_requests import SecondStageRequests

            assert self._code.second_stage is not None
            self._bench.kept.clear()  # there are no more batches, and tasks keep what they need
            self._second_stage = SecondStageRequests(self._code.second_stage, self._bench, partial(_CombineBench, self))
        answer = getattr(self._second_stage, step)(*arguments)
        self._spent = isinstance(answer, Failure) and answer.kind == "OutOfMemory"
        return answer

    def _preview(self, context: dict[str, Any], whole: bool) -> list[Any]:
        """The value so far and its summary lines; a large value only when it is wanted whole."""
        from skyburst.contracts import values
        from skyburst.engine.combine import preview

        with _CombineBench(self, context) as bench:
            value, lines = preview(bench)
        size = len(values.encode(value, "partial result"))
        return [value if whole or size <= SHORT_VALUE else None, lines]

    def _report(self) -> None:
        self._reported = time.monotonic()
        if not self._outcomes:
            return
        parts = [outcome.payload for outcome in self._outcomes if outcome.payload is not None]
        rows = [
            [*outcome[:PAYLOAD], outcome.payload is not None, *outcome[PAYLOAD + 1 :]] for outcome in self._outcomes
        ]
        self._outcomes = []
        self._channel.send(["outcomes", rows], parts)


def outcomes_of(frame: Frame) -> list[Outcome]:
    """The outcomes of a report."""
    parts = iter(frame.parts)
    outcomes = []
    for row in frame.header[1]:  # filled in before it is made an outcome: this is done for every batch
        row[PAYLOAD] = next(parts) if row[PAYLOAD] else None
        row[FAILURE] = Failure(*row[FAILURE]) if row[FAILURE] else None
        outcomes.append(Outcome._make(row))
    return outcomes


class _CombineBench:
    """Opens the task table for as long as a combiner runs."""

    def __init__(self, process: WorkerProcess, context: dict[str, Any]) -> None:
        self._process = process
        self._context = context

    def __enter__(self) -> Any:
        from skyburst.contracts.records import Missing
        from skyburst.engine.combine import CombineBench
        from skyburst.engine.plan import Plan
        from skyburst.homes.local.task_table import SqliteTaskTable

        config, bench = self._process._config, self._process._bench
        self._table = SqliteTaskTable(Path(config["table"]))

        def partials(first: int, last: int) -> Any:
            return self._table.partial_results(config["job_id"], first, last)

        fields = {
            "job_id": config["job_id"],
            "name": config["name"],
            "parameters": config["parameters"],
            "items_location": bench.items.one_library,
            "items": self._context["plan"]["items"],
            "missing": [Missing(*entry) for entry in self._context["missing"]],
            "item_errors": self._context["item_errors"],
        }
        plan = Plan(**self._context["plan"])
        return CombineBench(
            self._process._code.combiner, plan, partials, bench.objects, bench.prefix, bench.scratch, fields
        )

    def __exit__(self, *_: object) -> None:
        self._table.close()


class _LazyObjects:
    """The object store, opened at the first use: most batches need none."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._store: Any = None

    def __getattr__(self, name: str) -> Any:
        if self._store is None:
            from skyburst.objects import open_store

            self._store = open_store(self._location)
        return getattr(self._store, name)


def _end_with_driver(lifeline: int) -> None:
    """End this process when the driver is gone, even in the middle of a batch."""
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)  # with whatever the batch has started


def main(arguments: list[str]) -> None:
    """Entry point."""
    for stream in (sys.stdout, sys.stderr):  # a worker that is killed has its last lines in the log
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    channel_descriptor, slate_descriptor, lifeline = (int(argument) for argument in arguments)
    threading.Thread(target=_end_with_driver, args=(lifeline,), daemon=True).start()
    channel = Channel(socket.socket(fileno=channel_descriptor))
    WorkerProcess(channel, Slate(slate_descriptor)).run()


if __name__ == "__main__":
    main(sys.argv[1:])
