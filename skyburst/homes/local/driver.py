"""The driver: the loop that takes a job through its life at home `local`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from skyburst.contracts.records import REFUSED, Claim, Failure, JobRecord, Outcome, Progress
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine import watch
from skyburst.engine.finish import conclude, kept, snapshot
from skyburst.engine.plan import Plan, combine_levels
from skyburst.engine.spans import store_span
from skyburst.engine.stage import TaskGroup
from skyburst.errors import OverBudget, StorageFull
from skyburst.homes.job_items import plan_job
from skyburst.homes.local.following import LocalFollowing
from skyburst.homes.local.interrupts import Interrupts
from skyburst.homes.local.pending import Pending
from skyburst.homes.local.pool import Events, Pool, Request
from skyburst.homes.local.recorder import Recorder, patiently
from skyburst.homes.local.room import ENDING_S, limits_of
from skyburst.homes.local.stage_groups import StageGroups

if TYPE_CHECKING:
    from skyburst.homes.local.home import LocalHome

TICK_S = 0.1
LOOK_S = 0.25
"""Between looks for a cancel request, and between notes of which batches are running."""
OnProgress = Callable[[Progress], None]


class Driver:
    """Drives one job; make one for each run."""

    def __init__(self, home: LocalHome, job: JobRecord, on_progress: OnProgress | None = None) -> None:
        self._home = home
        self._table = home.table
        self._job = job
        self._on_progress = on_progress or (lambda _: None)
        self._interrupts = Interrupts()
        self._progress = Progress(JobState.RUNNING)
        self._began = time.monotonic()
        self._began_at = time.time()
        self._looked = 0.0
        self._cancelled = False
        self._timed_out = False
        self._fatal: Failure | None = None
        self._at_fault = "its combiner"
        """What has failed when a request does while the job is combined."""
        self._limits = limits_of(job)
        self._ending_s = ENDING_S if job.analysis["blueprint"].get("command") else 0.0
        self._following = LocalFollowing(home, job)
        self._fresh: list[int] = []
        """Batches that are done, and not recorded yet."""

    def run(self) -> JobRecord:
        """Take the job from where it is to its end.

        Raises:
            StorageFull: when its states cannot be kept; the job can be resumed.
        """
        job = self._job
        job.runs += 1
        job.started_at = job.started_at or time.time()
        job.finished_at = None
        self._change(JobState.RUNNING, "")
        with self._interrupts:
            with Pool(self._home.worker_config(job), 1, self._home.logs(job.job_id)) as pool:
                plan = self._plan(pool)
                if plan is not None:
                    pool.change(self._home.worker_config(job), self._workers(plan))
                    if not self._ending:
                        self._work(plan, pool)
                    self._end(plan, pool)
            if plan is None:
                self._end_unplanned()
        return job

    @property
    def _ending(self) -> bool:
        return self._cancelled or self._timed_out or self._fatal is not None

    def _plan(self, pool: Pool) -> Plan | None:
        """Items and batches; listed by the analysis itself if it does so, in a process that then goes on as a worker."""
        job = self._job
        if job.plan:
            return Plan(**job.plan)
        if job.items is None:
            asked_at = time.time()
            listed = self._answers(pool, [["items", 0, self._limits.combiner_timeout_s]])
            if listed is None:
                return None
            job.items = listed[0]
            self._note(Part.ITEMS, "items", asked_at)
            try:
                self._home.reserve(job)
            except OverBudget as error:
                self._fatal = Failure(OverBudget.__name__, str(error))
                return None
        plan = plan_job(job)
        job.plan = plan.document()
        self._change(JobState.RUNNING, "")
        return plan

    def _work(self, plan: Plan, pool: Pool) -> None:
        """Send batches, record what comes back, retry what failed."""
        table, job_id = self._table, self._job.job_id
        pending = Pending(plan, table.done_ranges(job_id))
        recorder = Recorder(table, job_id)
        self._progress = table.progress(job_id)
        self._progress.state = JobState.RUNNING
        before = (self._progress.items_done, self._progress.done + self._progress.failed)
        self._job.run_began = {"at": time.time(), "items": before[0], "batches": before[1]}
        patiently(lambda: table.update_job(self._job))
        timeout_s = self._limits.batch_timeout_s
        if self._following.on_each:  # a run before may have ended before it started what follows
            self._following.each(batch for first, last in table.done_ranges(job_id) for batch in range(first, last))

        def next_request() -> Request | None:
            batch = pending.next(time.monotonic())
            return ["work", *batch, *plan.items_of(batch[0]), timeout_s] if batch else None

        while not (pending.empty and pool.in_flight == 0):
            self._take(pool.step(next_request, TICK_S), pending, recorder)
            self._progress.done += recorder.flush_if_due()
            self._follow_each(recorder)
            self._look(pool)
            self._tell(before)
            if self._ending or self._hopeless(plan):
                pool.close(self._ending_s)
                break
        self._progress.done += recorder.flush()
        self._follow_each(recorder)
        self._tell(before)
        patiently(lambda: table.release(job_id, [BatchState.RUNNING], ended_at=time.time()))

    def _take(self, events: Events, pending: Pending, recorder: Recorder) -> None:
        """Record what a step brought."""
        for request in events.returned:
            pending.again(request[1], request[2])
        self._fatal = events.broken or self._fatal
        for outcome in events.outcomes:
            if outcome.failure is None:
                self._progress.items_done += outcome.items
                if outcome.item_errors:
                    self._progress.item_errors += sum(entry.get("count", 1) for entry in outcome.item_errors)
                recorder.add(outcome)
                if self._following.on_each:
                    self._fresh.append(outcome.batch_id)
            elif outcome.failure.kind == StorageFull.__name__:
                raise StorageFull(f"{outcome.failure.message} (batch {outcome.batch_id})")
            else:
                self._failed(outcome, outcome.failure, pending)

    def _follow_each(self, recorder: Recorder) -> None:
        """Start what follows the datasets that are done, once that is recorded."""
        if self._fresh and recorder.empty and not self._cancelled:
            self._following.each(self._fresh)
            self._fresh = []

    def _failed(self, outcome: Outcome, failure: Failure, pending: Pending) -> None:
        state = watch.state_after(failure, outcome.attempt, self._limits.attempts, environment=self._limits.environment)
        patiently(lambda: self._table.record_failure(self._job.job_id, outcome, state))
        if state is BatchState.FAILED:
            self._progress.failed += 1
            return
        self._progress.retries += 1
        delay = watch.retry_delay(self._job.job_id, outcome.batch_id, outcome.attempt)
        pending.retry(outcome.batch_id, outcome.attempt + 1, time.monotonic() + delay)

    def _hopeless(self, plan: Plan) -> bool:
        progress = self._progress
        return watch.hopeless(
            done=progress.items_done, failed=progress.failed, batches=plan.batches, tolerated_percent=self._tolerated
        )

    @property
    def _tolerated(self) -> float:
        given = self._job.spec.get("tolerated_failure_percent")
        default: float = self._job.analysis["blueprint"]["job"]["tolerated_failure_percent"]
        return default if given is None else float(given)

    def _workers(self, plan: Plan) -> int:
        return max(1, min(plan.batches, self._home.workers_of(self._job)))

    def _look(self, pool: Pool | None = None) -> None:
        """Now and then: cancel requests, the deadline, and which batches are running."""
        now = time.monotonic()
        if self._interrupts.requested:
            self._cancelled = True
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        self._cancelled = self._cancelled or self._table.cancel_requested(self._job.job_id)
        timeout_s = self._job.spec.get("timeout_s") or self._job.analysis["blueprint"]["job"]["timeout_s"]
        if self._job.state is JobState.RUNNING:
            self._timed_out = timeout_s is not None and now - self._began > timeout_s
        if pool:
            notes = pool.running()
            self._progress.running = len(notes)
            late = self._limits.batch_timeout_s
            claims = [
                Claim(n.task, n.attempt, n.started_at, n.started_at + late) for n in notes if now - n.started > LOOK_S
            ]
            if claims:
                patiently(lambda: self._table.claim(self._job.job_id, claims))

    def _tell(self, before: tuple[int, int]) -> None:
        elapsed = time.monotonic() - self._began
        self._on_progress(
            watch.with_estimate(self._progress, items_before=before[0], batches_before=before[1], elapsed_s=elapsed)
        )

    def _end_unplanned(self) -> None:
        """End a job whose items could not be listed."""
        reason = "its items were not listed"
        state = JobState.CANCELLED if self._cancelled else JobState.TIMED_OUT
        if self._fatal:
            state, reason = JobState.FAILED, self._fatal.message
            if self._fatal.kind not in (REFUSED, OverBudget.__name__):
                reason = f"its items cannot be listed: {self._fatal.kind}: {reason}"
        self._finish(state, reason, {"missing": [], "item_errors": []})

    def _end(self, plan: Plan, pool: Pool) -> None:
        """Combine what was found, write the certificate, set the final state."""
        table, job_id = self._table, self._job.job_id
        counts, outcome = snapshot(table, job_id, plan)
        state, reason = conclude(
            plan,
            counts,
            outcome,
            tolerated_percent=self._tolerated,
            cancelled=self._cancelled,
            timed_out=self._timed_out,
        )
        if self._fatal:
            state, reason = (
                JobState.FAILED,
                f"its analysis cannot be loaded: {self._fatal.kind}: {self._fatal.message}",
            )
        else:
            if counts.done:
                self._change(JobState.COMBINING, "")
                self._on_progress(self._with_state(counts, JobState.COMBINING))
                combined = self._combine(plan, pool, outcome)
                if combined is not None:
                    outcome |= combined
                else:
                    state, reason = self._uncombined()
        self._finish(state, reason, {**outcome, "counts": kept(counts)})
        self._on_progress(self._with_state(counts, state))

    def _uncombined(self) -> tuple[JobState, str]:
        """How a job ends whose combiner did not come to its end."""
        if self._fatal:
            return JobState.FAILED, f"{self._at_fault} failed: {self._fatal.kind}: {self._fatal.message}"
        return JobState.CANCELLED, "cancelled while its partial results were combined"

    def _combine(self, plan: Plan, pool: Pool, outcome: dict[str, Any]) -> dict[str, Any] | None:
        """Run the combiner, as a tree in parallel when it is associative; None when it failed or was interrupted."""
        context = {"plan": plan.document(), "missing": outcome["missing"], "item_errors": outcome["item_errors"]}
        timeout_s = self._limits.combiner_timeout_s
        self._home.forget_combined(self._job.job_id)
        combining_at = time.time()
        if self._answers(pool, [["ping", 0, timeout_s]]) is None:
            return None
        levels = combine_levels(plan.batches) if pool.ready and pool.ready["associative"] else []
        for level, groups in enumerate(levels):
            requests: list[Request] = [["combine", group, context, level, group, timeout_s] for group in range(groups)]
            merging_at = time.time()
            if self._answers(pool, requests) is None:
                return None
            self._note(Part.GROUP, str(level), merging_at, level)
        if self._job.analysis["blueprint"].get("second_stage") is None:  # which jobs of earlier versions lack
            answers = self._answers(pool, [["finish", 0, context, timeout_s]])
        else:
            answers = self._with_second_stage(pool, context, timeout_s)
        self._note(Part.COMBINE, "all", combining_at)
        return answers[0] if answers else None

    def _with_second_stage(self, pool: Pool, context: dict[str, Any], timeout_s: float) -> list[Any] | None:
        """What is left of the tree, the second stage, and the end of combining; as `_answers`."""
        begun = self._answers(pool, [["stage", 0, "begin", context, timeout_s]])
        if begun is None or "result" in begun[0]:
            return [begun[0]["result"]] if begun else None
        self._at_fault = "its second stage"
        if "failure" in begun[0]:
            self._fatal = Failure(*begun[0]["failure"])
            return None
        groups = [TaskGroup(*group) for group in begun[0]["groups"]]
        if not self._run_stage(pool, groups, timeout_s):
            return None
        if self._answers(pool, [["stage", 0, "merge", context, len(groups), timeout_s]]) is None:
            return None
        self._at_fault = "its combiner"
        return self._answers(pool, [["stage", 0, "finish", context, timeout_s]])

    def _run_stage(self, pool: Pool, groups: list[TaskGroup], timeout_s: float) -> bool:
        """Run the tasks of the second stage; whether all are done."""
        began_at = time.time()
        pool.resize(self._home.workers_of(self._job))  # there may have been fewer batches than there are tasks
        runs = StageGroups(self._job.job_id, groups, attempts=self._limits.attempts, timeout_s=timeout_s)
        ending_already = self._ending
        while not runs.done:
            events = self._step(pool, runs.next, ending_already)
            if events is None:
                return False
            self._fatal = runs.take(events)
            if self._fatal:
                return False
        self._note(Part.STAGE, "all", began_at)
        return True

    def _answers(self, pool: Pool, requests: list[Request]) -> list[Any] | None:
        """The answers to requests, in any order; None as soon as one failed or the job is to end."""
        waiting = requests[::-1]
        answers: list[Any] = []
        wanted, ending_already = len(requests), self._ending

        def next_request() -> Request | None:
            return waiting.pop() if waiting else None

        while len(answers) < wanted:
            events = self._step(pool, next_request, ending_already)
            if events is None:
                return None
            waiting.extend(events.returned)
            failures = [failure for _, _, failure in events.answers if failure is not None]
            if failures:
                self._fatal = failures[0]
                return None
            answers += [answer for _, answer, _ in events.answers]
        return answers

    def _step(self, pool: Pool, next_request: Callable[[], Request | None], ending_already: bool) -> Events | None:
        """One step of other requests than batches; None when the job is to end, which it may have been before."""
        events = pool.step(next_request, TICK_S, ahead=False)
        self._fatal = self._fatal or events.broken
        self._look()
        self._progress.state = self._job.state
        self._progress.elapsed_s = time.monotonic() - self._began
        self._on_progress(self._progress)
        if self._fatal or (self._ending and not ending_already):
            return None
        return events

    def _finish(self, state: JobState, reason: str, outcome: dict[str, Any]) -> None:
        job = self._job
        job.outcome = {**outcome, "failure": list(self._fatal) if self._fatal else None}
        job.finished_at = time.time()
        job.state, job.reason = state, reason
        self._note(Part.WATCH, "driver", self._began_at)
        patiently(lambda: self._home.write_certificate(job))
        if state is JobState.SUCCEEDED:  # before the state says so: who resumes a job that broke off here starts it
            self._following.all()
        self._change(state, reason)
        self._home.settle(job)
        self._home.notify(job)
        if state is JobState.CANCELLED:
            self._home.cancel_following(job)

    def _note(self, part: Part, name: str, started_at: float, level: int = 0) -> None:
        """Keep what this process did since then, for the timeline."""
        span = Span(part, name, self._job.runs, started_at, time.time(), level)
        store_span(self._home.objects, f"jobs/{self._job.job_id}/", span)

    def _change(self, state: JobState, reason: str) -> None:
        self._job.state, self._job.reason = state, reason
        patiently(lambda: self._table.update_job(self._job))

    def _with_state(self, counts: Progress, state: JobState) -> Progress:
        counts.state = state
        counts.elapsed_s = time.monotonic() - self._began
        return counts
