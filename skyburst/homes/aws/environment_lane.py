"""The environments of one run of a job, as its watcher sees them: submits what is due, and records what ended without a word."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import ENVIRONMENTS, BatchRecord, Delivery, JobRecord, Outcome
from skyburst.engine.environments import (
    Array,
    Decision,
    Loss,
    News,
    Range,
    Submitted,
    decide,
    each,
    ranges_of,
    size_of,
)
from skyburst.engine.sending import Send
from skyburst.errors import ObjectNotFound
from skyburst.homes.aws.batch_service import BatchService
from skyburst.homes.aws.brief import Brief, job_prefix, read_brief
from skyburst.homes.aws.calls import THREADS
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ended import SILENT
from skyburst.homes.aws.invoker import may_pass, was_not_taken
from skyburst.homes.aws.looks import LOOK_S
from skyburst.ports import Objects

log = logging.getLogger(__name__)

ASK_SHARE = 0.05
FIRST_ASK_S, LONGEST_ASK_S = 2.0, 30.0
"""AWS Batch is asked after 5 % of the age of the run, within these bounds."""
LOOK_SHARE = 0.02
LONGEST_LOOK_S = 10.0
"""From look to look at the table, of a job that runs in environments: a second at first, up to so many when it is older."""
WAITS_FOR_ROOM_S = 2 * 86_400.0
"""A job that may have no more batches in environments is looked at all the time for two days, later after pauses."""
REFUSED_S = 300.0
"""What cannot be submitted for so long has failed: what is new in an account may be unknown for a minute."""
UNLISTED_S = 60.0
"""What was submitted may be missing in lists of jobs for so long: it is not submitted again before."""
MOST_RANGES = 1_000
"""Of batches that fell back, in the record of a job."""
CLIENT_S = 20.0


class EnvironmentLane:
    """What the watcher does about batches in environments."""

    def __init__(self, deployed: Deployed, brief: Brief, *, clock: Callable[[], float] = time.time) -> None:
        assert brief.environment is not None
        self._deployed = deployed
        self._brief = brief
        self._needs: dict[str, Any] = brief.environment
        self._clock = clock
        self._asked_at = -math.inf
        self._began = clock()
        self._tried: dict[int, float] = {}
        """When arrays were submitted whose answers did not come."""
        self._refused: dict[int, str] = {}
        self._of_interest: list[BatchRecord] = []
        self.state = Submitted([])

    @cached_property
    def _service(self) -> BatchService:
        client = self._deployed.client("batch", tries=4, read_s=CLIENT_S)
        return BatchService(client, self._deployed.objects, self._brief, self._deployed.prefix)

    @property
    def all_batches(self) -> bool:
        """Whether all batches run in environments, not only those that fall back."""
        return bool(self._needs["all"])

    @property
    def fallback(self) -> bool:
        """Whether batches fall back from functions."""
        return bool(self._needs["fallback"])

    @property
    def elsewhere(self) -> set[int]:
        """Batches that functions are not to run."""
        return set(self.state.fell_back)

    def is_busy(self, age_s: float) -> bool:
        """Whether looks are due one after the other: something is to be submitted, now or when others have ended."""
        unknown = any(array.job is None for array in self.state.arrays)
        return unknown or (bool(self.state.todo) and age_s < WAITS_FOR_ROOM_S)

    def looks_every_s(self, age_s: float) -> float:
        """From look to look; functions, whose batches are short, are looked at each second."""
        return max(LOOK_S, min(LONGEST_LOOK_S, LOOK_SHARE * age_s)) if self.all_batches else LOOK_S

    def load(self, missing: Callable[[], list[Range]]) -> None:
        """Go on from what is stored, or begin; `missing` tells the batches that are not done.

        What fell back in an earlier run begins in environments.
        """
        stored = read_submitted(self._deployed.objects, self._brief.job_id, self._brief.run)
        if stored is None:
            stored = Submitted(missing())
            if not self.all_batches:
                before = read_submitted(self._deployed.objects, self._brief.job_id, self._brief.run - 1)
                fell = set(before.fell_back) if before else set()
                stored = Submitted(
                    ranges_of(batch for batch in each(stored.todo) if batch in fell), fell_back=sorted(fell)
                )
            self.state = stored
            self.store()
        self.state = stored

    def for_functions(self, missing: list[Range]) -> list[Range]:
        """Those of the batches that functions are to run, when a run begins."""
        if self.all_batches:
            return []
        fell = self.elsewhere
        return ranges_of(batch for batch in each(missing) if batch not in fell) if fell else missing

    def store(self) -> None:
        """Store what was submitted."""
        data = values.encode(self.state.document())
        self._deployed.objects.put(_key(self._brief.job_id, self._brief.run), data)

    def ask(self, age_s: float) -> dict[int, News]:
        """Ask AWS Batch now and then; before the table is read, where who has ended has recorded so."""
        now = self._clock()
        every_s = max(FIRST_ASK_S, min(LONGEST_ASK_S, ASK_SHARE * age_s))
        if now - self._asked_at < every_s or not self.state.arrays:
            return {}
        self._asked_at = now
        try:
            news = self._service.ask([array for array in self.state.arrays if array.job], now=now)
        except Exception as error:  # noqa: BLE001 - environments record how they end by themselves, and are asked about again
            log.warning("not asked", extra={"reason": f"{type(error).__name__}: {error}"})
            news = {}
        for array in self.state.arrays:
            reason = self._refused.get(array.number)
            if array.job is None and reason is not None and now - array.at > REFUSED_S:
                news[array.number] = News(refused=f"AWS Batch does not take it: {reason}")
        return news

    def beside(self, records: Iterable[BatchRecord]) -> Iterator[BatchRecord]:
        """The records as they come; those of batches in environments are kept."""
        mine = bytearray(self._brief.batches.batches)
        for array in self.state.arrays:
            for first, end in array.open:
                mine[first:end] = b"\1" * (end - first)
        self._of_interest = []
        for record in records:
            if mine[record.batch_id]:
                self._of_interest.append(record)
            yield record

    def decide(
        self, now: float, news: dict[int, News], fallen: Sequence[Send], *, room: int | None, done: bytearray
    ) -> Decision:
        """What is due, after the records were looked through; noted."""
        return decide(
            self.state, self._of_interest, now=now, attempts=int(self._needs["attempts"]), pricing=str(self._needs["pricing"]),
            room=room, fallen=fallen, news=news, done=done,
        )  # fmt: skip

    def act(self, decision: Decision) -> None:
        """Record losses, end what is silent, and submit what is due, that of earlier looks included."""

        def record(loss: Loss) -> None:
            self._deployed.table.record_failure(self._brief.job_id, self._outcome(loss), loss.state)

        with ThreadPoolExecutor(THREADS, "lost") as pool:
            deque(pool.map(record, decision.lost), maxlen=0)
        if decision.submit or decision.end or decision.lost:
            self.store()  # first: what is submitted twice runs once, what is never submitted costs the job
        for array, child in decision.end:
            self._terminate(array, SILENT, child)
        self._submit([array for array in self.state.arrays if array.job is None])

    def end(self, reason: str) -> None:
        """End all that runs and waits."""
        for array in self.state.arrays:
            if array.job is None:
                array.job = self._found(array)
            self._terminate(array, f"skyburst: {reason}")

    def _submit(self, arrays: Sequence[Array]) -> None:
        if not arrays:
            return
        for array in arrays:
            self._refused.pop(array.number, None)
            now = self._clock()
            try:
                # Its answer was perhaps lost, in this call of the watcher or in one before.
                tried_at = self._tried.get(array.number, array.at if array.at < self._began else None)
                if tried_at is not None:
                    array.job = self._service.find(array)
                if array.job is None and (tried_at is None or now - tried_at >= UNLISTED_S):
                    self._service.write(array)
                    self._tried[array.number] = now
                    array.job = self._service.submit(array)
                if array.job is not None:
                    array.taken_at = now
            except Exception as error:  # noqa: BLE001 - a later look will submit it, or tell why it cannot
                said = f"{type(error).__name__}: {error}"
                log.warning("not submitted", extra={"array": array.number, "reason": said})
                if not may_pass(error):
                    self._refused[array.number] = said
                if was_not_taken(error):
                    self._tried.pop(array.number, None)
        self.store()

    def _found(self, array: Array) -> str | None:
        try:
            return self._service.find(array)
        except Exception as error:  # noqa: BLE001 - its containers find out by themselves that the job is over
            log.warning("not looked for", extra={"array": array.number, "reason": str(error)})
            return None

    def _terminate(self, array: Array, reason: str, child: int | None = None) -> None:
        try:
            self._service.terminate(array, reason, child)
        except Exception as error:  # noqa: BLE001 - its containers find out by themselves that the job is over
            log.warning("not ended", extra={"array": array.number, "reason": str(error)})

    def _outcome(self, loss: Loss) -> Outcome:
        start, end = self._brief.batches.items_of(loss.batch)
        now = self._clock()
        record, ended = loss.record, loss.end
        heard = record is not None and record.attempt == loss.attempt and record.started_at is not None
        started_at = record.started_at if record and heard else ended.started_at
        stopped_at = ended.stopped_at or now
        started_at = stopped_at if started_at is None else started_at
        log_range = (ended.log, int(1_000 * started_at), int(1_000 * stopped_at)) if ended.log else None
        return Outcome(
            loss.batch, loss.attempt, end - start, None, None, 0, None, started_at, max(0.0, stopped_at - started_at), 0.0,
            log_range, ended.failure, Delivery(ENVIRONMENTS, started_at, 0.0),
        )  # fmt: skip


def lane_of(deployed: Deployed, brief: Brief, *, clock: Callable[[], float] = time.time) -> EnvironmentLane | None:
    """The environments of a run; None when it has none."""
    return None if brief.environment is None else EnvironmentLane(deployed, brief, clock=clock)


def end_environments(deployed: Deployed, job_id: str, run: int, reason: str) -> None:
    """End what a run of a job has left in AWS Batch, whose watcher is gone."""
    state = read_submitted(deployed.objects, job_id, run)
    if state is None or not state.arrays:
        return
    lane = EnvironmentLane(deployed, read_brief(deployed.objects, job_id, run))
    lane.state = state
    lane.end(reason)


def summary_of(deployed: Deployed, job: JobRecord) -> dict[str, Any] | None:
    """What the record of a job says of its environments; None when it used none. No job that runs in functions is looked for.

    Returns:
        `{"arrays", "fell_back", "fell_back_ranges"}`: how many arrays its last run submitted, how many batches fell back in
        all runs, and the half-open ranges of these, the first thousand.
    """
    compute = job.analysis.get("compute") or {}
    if not (compute.get("environment") or compute.get("fallback")):
        return None
    state = read_submitted(deployed.objects, job.job_id, job.runs)
    if state is None or not (state.count or state.fell_back):
        return None
    ranges = ranges_of(state.fell_back)
    return {
        "arrays": state.count,
        "fell_back": size_of(ranges),
        "fell_back_ranges": [list(entry) for entry in ranges[:MOST_RANGES]],
    }


def read_submitted(objects: Objects, job_id: str, run: int) -> Submitted | None:
    """What a run of a job has submitted; None when that is not stored."""
    try:
        return Submitted.of(values.decode(objects.get(_key(job_id, run))))
    except ObjectNotFound:
        return None


def _key(job_id: str, run: int) -> str:
    return f"{job_prefix(job_id)}environments-{run}.json"
