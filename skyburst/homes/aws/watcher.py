"""The watcher: looks at a running job once a second, sends what is due, and says when it is over.

One call looks many times, and the state machine calls again until the job is over: a loop of the state machine alone, turning
once a second, would reach the 25,000 events that an execution may have after forty minutes.
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import BatchRecord, Failure, Outcome
from skyburst.contracts.spans import Part
from skyburst.contracts.states import BatchState
from skyburst.engine import watch
from skyburst.engine.plan import Node, Plan
from skyburst.engine.sending import Decision, Sent, decide, missing_ranges
from skyburst.engine.spans import store_span
from skyburst.errors import ObjectNotFound, SkyburstError
from skyburst.homes.aws.brief import Brief, read_brief
from skyburst.homes.aws.calls import THREADS
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.done_datasets import DoneDatasets
from skyburst.homes.aws.environment_lane import lane_of
from skyburst.homes.aws.events import MOST_AT_THE_END, MOST_IN_A_LOOK, Told
from skyburst.homes.aws.invoker import LambdaInvoker
from skyburst.homes.aws.looks import ANSWER_S, LOOK_S, SEND_S, next_look
from skyburst.homes.aws.rows import Numbers
from skyburst.homes.aws.seen import SKIPPED, SKIPPED_FOREIGN, Seen
from skyburst.homes.aws.standing import look
from skyburst.homes.aws.starts import begin

log = logging.getLogger(__name__)

MOST_LOGGED = 20
NOT_WELL = frozenset({BatchState.FAILED, BatchState.LOST, BatchState.PENDING})
"""States in which the reason of a batch's last failure is told: PENDING is what a failure leaves that is tried again."""
DIRECTLY = 100
"""A range of so many batches is handed to a manager; fewer are sent at once."""


class Watcher:
    """Watches one run of a job."""

    def __init__(
        self, deployed: Deployed, job_id: str, run: int, *, clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._deployed = deployed
        self._table = deployed.table
        self._brief: Brief = read_brief(deployed.objects, job_id, run)
        self._plan: Plan = self._brief.batches
        self._clock = clock
        self._sleep = sleep
        self._job = self._table.job(job_id)
        self._client = deployed.client("lambda", tries=1, read_s=ANSWER_S)
        self._following = DoneDatasets(self._client, deployed, self._job, run)
        self._told: Told | None = None
        self._progress = (0.0, (0, 0))
        """When it was told how far the job is, and what."""
        self._seen = self._load_seen()
        self._due = 0.0
        """When there is something to do at the latest, as of the last look; 0 while there is something to send."""
        self._looked_s = 0.0
        """How long the last look took, without what it sent."""
        self._lane = lane_of(deployed, self._brief, clock=clock)
        self.noted: Counter[str] = Counter()
        """For metrics: batches that were lost, sent again and fell back, invocations that were throttled and not accepted."""

    @property
    def analysis(self) -> str:
        """Its name."""
        return str(self._brief.analysis["name"])

    def call(self) -> dict[str, Any]:
        """Look until the job is over or this call is.

        Returns:
            `{"job", "run", "over", "cancelled", "timed_out", "wait_s"}`.
        """
        start = begin()
        began = self._clock()
        sent = self._load()
        if self._deployed.tells_batches:
            self._told = Told(self._plan.batches, self._load_told())
        while True:
            looked = self._clock()
            over, cancelled, timed_out = self._look(sent, looked)
            now = self._clock()
            age = looked - (self._job.run_began or {"at": began})["at"]
            every_s = self._lane.looks_every_s(age) if self._lane else LOOK_S
            coming = next_look(
                call_s=now - began, look_s=self._looked_s, age_s=age, quiet_s=self._due - looked, every_s=every_s
            )
            if over or not coming.here:
                if over and self._lane and not self._all_ended:
                    self._lane.end("the job was cancelled" if cancelled else "the job is over")
                self._leave(sent, over=over)
                span = start.span(Part.WATCH, str(int(1_000 * began)), self._brief.run)
                store_span(self._deployed.objects, self._brief.prefix, span)
                return {
                    "job": self._brief.job_id, "run": self._brief.run, "over": over, "cancelled": cancelled,
                    "timed_out": timed_out, "wait_s": 0 if over else math.ceil(coming.pause_s),
                }  # fmt: skip
            self._sleep(max(0.0, looked + self._looked_s + coming.pause_s - now))

    def _look(self, sent: Sent, now: float) -> tuple[bool, bool, bool]:
        """One look: whether the job is over, was cancelled, or has run out of time."""
        job_id = self._brief.job_id
        head, reason = look(self._table, job_id, self._brief.run)
        if reason is not None:
            log.info("over", extra={"reason": reason})
            return True, head is not None and head.cancel_requested, False
        timeout_s = self._job.spec.get("timeout_s") or self._job.analysis["blueprint"]["job"]["timeout_s"]
        began = (self._job.run_began or {"at": now})["at"]
        if timeout_s is not None and now - began > timeout_s:
            return True, False, True
        room = self._job.spec.get("max_parallelism") or self._job.analysis["blueprint"]["job"]["max_parallelism"]
        attempts = self._brief.resources["attempts"]
        lane, news = self._lane, self._lane.ask(now - began) if self._lane else {}
        records = self._watched(MOST_IN_A_LOOK)
        if lane:
            records = lane.beside(records)
        decision = decide(
            job_id, sent, records, now=now, attempts=attempts, room=room, done=self._seen.done,
            fallback=lane is not None and lane.fallback, elsewhere=lane.elsewhere if lane else (),
        )  # fmt: skip
        deque(records, maxlen=0)  # those that this run has not sent
        self._following.tell(self._seen.done)
        counts = self._seen.counts
        self._tell_progress(now, counts.done, counts.failed)
        if self._all_ended or self._hopeless(counts.done, counts.failed):
            return True, False, False
        self._note(decision, attempts)
        if lane:
            due = lane.decide(now, news, decision.fallen, room=room, done=self._seen.done)
        self._tell()
        ends = math.inf if timeout_s is None else began + timeout_s
        self._due = 0.0 if sent.todo or decision.ranges or decision.again else min(ends, decision.due)
        self._looked_s = self._clock() - now
        if lane:
            lane.act(due)
            self._due = 0.0 if lane.is_busy(now - began) else self._due
            self.noted["BatchesLost"] += len(due.lost)
            self.noted["BatchesFallenBack"] += len(decision.fallen)
        if decision.ranges or decision.again:
            self._store(sent)  # first: what is sent twice costs a little, what is never sent costs the job
            self._send(decision)
        return False, False, False

    @property
    def _all_ended(self) -> bool:
        return self._seen.counts.done + self._seen.counts.failed >= self._plan.batches

    def _hopeless(self, done: int, failed: int) -> bool:
        given = self._job.spec.get("tolerated_failure_percent")
        default = self._job.analysis["blueprint"]["job"]["tolerated_failure_percent"]
        tolerated = default if given is None else float(given)
        return watch.hopeless(done=done, failed=failed, batches=self._plan.batches, tolerated_percent=tolerated)

    def _note(self, decision: Decision, attempts: int) -> None:
        """Record what became of batches that say nothing themselves."""
        self.noted["BatchesLost"] += len(decision.lost) + len(decision.silent)
        self.noted["BatchesSentAgain"] += len(decision.again)
        ended = []
        fallen = {send.batch for send in decision.fallen}
        for lost in decision.lost:
            failure = Failure("Killed", "its worker went silent: it was ended, or ran out of memory or time")
            state = watch.state_after(failure, lost.attempt, attempts)
            if lost.batch_id in fallen:
                state = BatchState.LOST
            ended.append((self._ended(lost.batch_id, lost.attempt, failure, lost), state))
            if self._told:  # the next attempt may hide it from the next look
                self._told.add(replace(lost, state=state))
        for batch in decision.silent:
            failure = Failure("NeverStarted", "it was sent again and again, and no worker began with it")
            state = watch.state_after(failure, attempts, attempts)
            ended.append((self._ended(batch, attempts, failure, None), state))

        def record(entry: tuple[Outcome, BatchState]) -> None:
            self._table.record_failure(self._brief.job_id, *entry)

        # Thousands may be lost at once, and the call must end in time.
        with ThreadPoolExecutor(THREADS, "note") as pool:
            deque(pool.map(record, ended), maxlen=0)

    def _ended(self, batch: int, attempt: int, failure: Failure, record: BatchRecord | None) -> Outcome:
        now = self._clock()
        start, end = self._plan.items_of(batch)
        started_at = record.started_at if record and record.started_at else now
        return Outcome(
            batch, attempt, end - start, None, None, 0, None, started_at, now - started_at, 0.0, None, failure
        )

    def _send(self, decision: Decision) -> None:
        """Send what is due; what is not accepted is found missing at a later look."""
        with LambdaInvoker(self._client, self._brief, seconds=SEND_S) as invoker:
            for first, last in decision.ranges:
                if last - first >= DIRECTLY:
                    invoker.invoke_manager(Node(first, last, 0))
                    continue
                for batch in range(first, last):
                    invoker.invoke_worker(self._leaf(batch))
            for batch, attempt in decision.again:
                invoker.invoke_worker(self._leaf(batch), attempt, again=True)
        self.noted["ThrottledInvokes"] += len(invoker.throttled)
        self.noted["UnsentChildren"] += len(invoker.unsent)
        for node, reason in invoker.unsent[:MOST_LOGGED]:
            log.warning(
                "not started: a later look will send it", extra={"batches": [node.first, node.last], "reason": reason}
            )

    # Telling of changes

    def _watched(self, most: int) -> Iterator[BatchRecord]:
        """All batches of which something was recorded; their changes are noted, up to so many."""
        records = self._table.changing(self._brief.job_id, self._seen)
        return self._told.watching(records, most) if self._told else records

    def _tell(self) -> int:
        """Tell what changed; how many changes were noted no more."""
        if self._told is None:
            return 0
        changed, left = self._told.changed()
        failed = [record for record in changed if record.state in NOT_WELL]
        failed = self._table.with_failures(self._brief.job_id, failed)
        changed = [*(record for record in changed if record.state not in NOT_WELL), *failed]
        self._deployed.events.batches(self._brief.job_id, self._brief.run, changed)
        return left

    def _tell_progress(self, now: float, done: int, failed: int) -> None:
        """Tell how far the job is, now and then, where somebody listens: one event, however many batches have ended."""
        every_s, (at, told) = self._deployed.progress_s, self._progress
        if every_s is None or now - at < every_s or told == (done, failed):
            return
        self._progress = (now, (done, failed))
        self._deployed.events.progress(self._job, done=done, failed=failed)

    def _leave(self, sent: Sent, *, over: bool) -> None:
        """Tell the last changes of a job that is over, or leave to the next call what was sent, told and seen."""
        if not over:
            self._store(sent)  # first: what was seen is not seen again, and what follows from it is in what was sent
            if self._lane:
                self._lane.store()
            if self._told:
                self._keep_told(self._told)
            self._deployed.objects.put(self._seen_key, self._seen.document())
            return
        if self._told is None:
            return
        deque(self._watched(MOST_AT_THE_END), maxlen=0)
        if left := self._tell():
            log.warning("changes of batches were not told", extra={"batches": left})

    def _keep_told(self, told: Told) -> None:
        try:
            self._deployed.objects.put(self._told_key, zlib.compress(told.document()))
        except SkyburstError as error:
            log.warning("what was told may be told again", extra={"reason": str(error)})

    @property
    def _told_key(self) -> str:
        return f"{self._brief.prefix}told-{self._brief.run}.bin"

    def _load_told(self) -> bytes:
        try:
            return zlib.decompress(self._deployed.objects.get(self._told_key))
        except ObjectNotFound:
            return b""
        except (SkyburstError, zlib.error) as error:
            log.warning("what was told is told again", extra={"reason": str(error)})
            return b""

    @property
    def _seen_key(self) -> str:
        return f"{self._brief.prefix}seen-{self._brief.run}.bin"

    def _load_seen(self) -> Seen:
        try:
            document = self._deployed.objects.get(self._seen_key)
        except ObjectNotFound:
            document = b""
        plan = Numbers(self._plan.batches, self._plan.items, self._plan.batch_size)
        skipped = SKIPPED_FOREIGN if "foreign" in self._brief.analysis else SKIPPED

        def settled(record: BatchRecord) -> bool:
            return self._told is None or self._told.is_told(record)

        return Seen(plan, document=document, skipped=skipped, settled=settled)

    def _leaf(self, batch: int) -> Node:
        return Node(batch, batch + 1, self._plan.levels)

    @property
    def _key(self) -> str:
        return f"{self._brief.prefix}sent-{self._brief.run}.json"

    def _load(self) -> Sent:
        if self._lane:
            self._lane.load(self._missing)
        try:
            return Sent.of(values.decode(self._deployed.objects.get(self._key)))
        except ObjectNotFound:
            missing = self._missing()
            return Sent(self._lane.for_functions(missing) if self._lane else missing)

    def _missing(self) -> list[tuple[int, int]]:
        return missing_ranges(self._plan.batches, self._table.done_ranges(self._brief.job_id))

    def _store(self, sent: Sent) -> None:
        self._deployed.objects.put(self._key, values.encode(sent.document()))
