"""The bridge to functions of burst-compute: a worker and a combiner that hand on to any function, in any language, unchanged."""

from __future__ import annotations

import random
import time
from typing import Any, NamedTuple

from skyburst.contracts import burst, values
from skyburst.contracts.records import Failure, Missing, Outcome
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.combine import RESULT
from skyburst.engine.spans import store_span
from skyburst.engine.work import Task, describe
from skyburst.errors import ObjectNotFound
from skyburst.homes.aws.answers import FunctionFailed, client_for_answers, invoke, is_refused_for_now
from skyburst.homes.aws.brief import Brief, Briefs
from skyburst.homes.aws.calls import Item
from skyburst.homes.aws.combiner import CombinerFunction
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.foreign import row_of
from skyburst.homes.aws.invoker import FIRST_WAIT_S, LONGEST_WAIT_S
from skyburst.homes.aws.starts import Start
from skyburst.homes.aws.worker import Beside, Invocation, NotRun, delivered, record, task_of

RECORD_S = 60.0
"""Of the combiner's time, kept for recording the end of the job: the foreign combiner, called twice or not, has the rest."""
TOO_LONG = "TimedOut"


class Answer(NamedTuple):
    """What became of a batch in the foreign function."""

    value: Any
    """What it returned."""
    failure: Failure | None


class BridgeWorker:
    """One environment of the function that runs batches in a foreign worker."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._briefs = Briefs(deployed.objects)
        self._client: Any = None

    def run(self, invocation: Invocation) -> Outcome | NotRun:
        """Run a batch in the foreign worker, and see that it has a row, unless another invocation has it or its job is over.

        Its row, which has no `state`, is what counts as done: a first-generation worker writes it, a later one returns it.
        """
        event = invocation.event
        delivery = delivered(event)
        brief = self._briefs.get(event["job"], event["run"])
        task = task_of(invocation, brief)
        started_at = time.time()
        beside = Beside(self._deployed, brief, task, delivery, invocation.token)
        if refused := beside.claim_ahead():
            return NotRun(task.batch_id, refused)
        with beside:
            answer = self._ask(brief, task)
        if refused := beside.refused():
            return NotRun(task.batch_id, refused)
        failure = answer.failure or self._see_to_row(brief, task, answer.value)
        log = (invocation.log, int(1_000 * started_at), int(1_000 * time.time()))
        outcome = Outcome(
            task.batch_id, task.attempt, task.end - task.start, None, None, 0, None, started_at,
            time.time() - started_at, 0.0, log, failure, delivery,
        )  # fmt: skip
        if failure is not None:
            record(self._deployed, brief, outcome, invocation.token)
        else:
            self._note_times(brief, outcome)
        return outcome

    def _note_times(self, brief: Brief, outcome: Outcome) -> None:
        """Keep when a batch ran apart from its row, which is the foreign worker's."""
        assert outcome.delivery is not None
        lane, sent_at, cold_s, _ = outcome.delivery
        ended_at = outcome.started_at + outcome.seconds
        name = str(outcome.batch_id)
        span = Span(Part.WORKER, name, brief.run, outcome.started_at, ended_at, 0, sent_at, cold_s, lane)
        store_span(self._deployed.objects, brief.prefix, span)

    def _ask(self, brief: Brief, task: Task) -> Answer:
        foreign = foreign_of(brief)
        event = burst.worker_event(foreign, call_of(self._deployed, brief), task.batch_id)
        if self._client is None:
            self._client = client_for_answers(self._deployed)
        try:
            return Answer(invoke(self._client, foreign.worker, event, seconds=task.timeout_s), None)
        except FunctionFailed as error:
            return Answer(None, error.failure)

    def _see_to_row(self, brief: Brief, task: Task, returned: Any) -> Failure | None:
        """Store the row that was returned, unless the worker wrote it itself; why there is none, if there is none."""
        table = self._deployed.table
        batch = table.batch(brief.job_id, task.batch_id)
        if batch is not None and batch.state is BatchState.DONE:
            return None
        function = foreign_of(brief).worker
        if returned is None or not isinstance(returned, dict) or "results" not in returned:
            return Failure(
                "NoRow",
                f"{function} has neither written a row for jobId {brief.job_id!r} and batchId {task.batch_id} to the table "
                f"{table.name} nor returned one with `results`: it returned {str(returned)[:200]}",
            )
        try:
            table.record_row(brief.job_id, task.batch_id, row_of(returned, brief.job_id, task.batch_id))
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch has failed and says so
            return describe(error)
        return None


class BridgeCombiner(CombinerFunction):
    """One environment of the function that has a foreign combiner combine."""

    combines_nothing = True  # a foreign combiner may be what tells people that nothing was found
    _until = 0.0

    def run(self, event: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Do a task, as `handle` has it, within the seconds that are left to the function."""
        self._until = time.monotonic() + seconds - RECORD_S
        return self.handle(event)

    def _combine(self, brief: Brief, event: dict[str, Any], start: Start) -> dict[str, Any]:
        self._put_back(brief)
        return super()._combine(brief, event, start)

    def _merged(self, brief: Brief, outcome: dict[str, Any], state: JobState, _start: Start) -> dict[str, Any]:
        deployed, foreign = self._deployed, foreign_of(brief)
        missing = [Missing(*entry) for entry in outcome["missing"]]
        job = deployed.table.job(brief.job_id)
        event = burst.combiner_event(
            foreign, call_of(deployed, brief), state=state, remaining=sum(gap.last - gap.first + 1 for gap in missing),
            missing=missing, elapsed_s=time.time() - (job.started_at or time.time()),
        )  # fmt: skip
        with deployed.table.only_foreign_rows(brief.job_id, lambda rows: self._keep(brief, rows)):
            try:
                value = self._ask(foreign.combiner, event)
            except FunctionFailed as error:
                if error.failure.kind == TOO_LONG:  # it may run still
                    raise
                # burst-compute calls a combiner that failed once more, and tells it so.
                again = burst.after_error(foreign.generation, event, error.failure.kind, error.failure.message)
                value = self._ask(foreign.combiner, again)
        self._forget(brief)
        data = values.encode(value, "result") + b"\n"
        deployed.objects.put(brief.prefix + RESULT, data)
        return {"files": [], "summary": [], "size": len(data)}

    def _ask(self, function: str, event: dict[str, Any]) -> Any:
        """What the foreign combiner returns, if it does before the time of this function is up.

        Raises:
            FunctionFailed: with the function's error, or TOO_LONG.
        """
        wait = FIRST_WAIT_S
        while (left := self._until - time.monotonic()) > wait:
            # A client for each try, as what it waits for an answer is less each time.
            client = self._deployed.client("lambda", tries=1, read_s=left)
            try:
                return invoke(client, function, event, seconds=0)
            except FunctionFailed as error:
                if error.failure.kind == "ReadTimeoutError":
                    raise FunctionFailed(function, Failure(TOO_LONG, f"it took longer than {left:.0f} s")) from error
                if not is_refused_for_now(error.__cause__):
                    raise
            time.sleep(random.uniform(0, wait))  # noqa: S311 - jitter
            wait = min(LONGEST_WAIT_S, 2 * wait)
        raise FunctionFailed(function, Failure(TOO_LONG, "there was no time left to call it"))

    # Rows that the foreign combiner is not to see, kept in case this function is ended while it waits

    def _keep(self, brief: Brief, rows: list[Item]) -> None:
        if rows:
            self._deployed.objects.put(_aside(brief), values.encode(rows))

    def _put_back(self, brief: Brief) -> None:
        try:
            rows = values.decode(self._deployed.objects.get(_aside(brief)))
        except ObjectNotFound:
            return
        self._deployed.table.put_back(rows)
        self._forget(brief)

    def _forget(self, brief: Brief) -> None:
        self._deployed.objects.delete([_aside(brief)])


def _aside(brief: Brief) -> str:
    return f"{brief.prefix}set-aside-{brief.run}.json"


def foreign_of(brief: Brief) -> burst.Foreign:
    """What a job has of burst-compute."""
    return burst.Foreign(**brief.analysis["foreign"])


def call_of(deployed: Deployed, brief: Brief) -> burst.Call:
    """What the events of a job have in common."""
    start_time = brief.analysis["start_time"]
    return burst.Call(brief.job_id, deployed.batches, brief.parameters, start_time, f"{deployed.prefix}-watch")
