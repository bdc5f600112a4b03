"""The combiner's function: lists items, merges partial results, runs the second stage, and ends the job."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyburst.analysis import Combiner, ItemsContext
from skyburst.contracts import values
from skyburst.contracts.records import REFUSED, Failure, Missing, Stored
from skyburst.contracts.spans import Part, Span
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine import stage
from skyburst.engine.combine import PARTS, CombineBench, combine_all, combine_group, levels_of, make_result, preview
from skyburst.engine.finish import conclude, snapshot, without
from skyburst.engine.spans import store_span
from skyburst.engine.stage import StageFailed, TaskGroup
from skyburst.engine.work import describe
from skyburst.errors import InvalidAnalysis, InvalidItems, JobBusy
from skyburst.homes.aws.answers import LONGEST_S, FunctionFailed, client_for_answers, invoke
from skyburst.homes.aws.brief import Brief, Briefs, so_far_key
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import LONGEST_REASON, ending, finish, tell_again
from skyburst.homes.aws.stage_calls import SHARE, run_groups
from skyburst.homes.aws.starts import Start, begin
from skyburst.homes.aws.unfinished import explained
from skyburst.loading import load_function, load_second_stage
from skyburst.manifest import store_listed

GROUPS_AT_ONCE = 64
"""Groups of a combining tree that are merged at the same time, each in an environment of its own."""
SNAPSHOT = "snapshot.json"
"""Beside the tree's values: what is missing from all of them."""


class CombinerFunction:
    """One environment of a combiner's function."""

    combines_nothing = False
    """Whether there is something to combine even when no batch is done."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        self._deployed = deployed
        self._folder = folder
        self._briefs = Briefs(deployed.objects)
        self._kept: dict[str, Any] = {}
        """What the tasks of one run of a job keep ..."""
        self._kept_of = ("", 0)
        """... and of which one."""

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do one of its five tasks.

        Args:
            event: `{"task": "items", "job", "run"}`, `{"task": "combine", "job", "run", "cancelled", "timed_out", "error"}`
                with the error of a watcher that failed for good,
                `{"task": "group", "job", "run", "parts", "level", "group", "sent_at"}`, `{"task": "preview", "job", "run"}`, or
                `{"task": "stage", "job", "run", "parts", "group", "attempt", "until", "sent_at"}` with a `TaskGroup` as a list.

        Returns:
            How the job stands, as `ending` has it; nothing for a group of the tree and a preview; of one of the second stage
            `{"failure"}`, why it failed, as a list, or None.
        """
        start = begin(event.get("sent_at"))
        brief = self._briefs.get(event["job"], event["run"])
        match event["task"]:
            case "items":
                return self._list_items(brief, start)
            case "combine":
                return self._combine(brief, event, start)
            case "group":
                level, group = event["level"], event["group"]
                self._group(brief, event["parts"], level, group)
                self._note(brief, start.span(Part.GROUP, f"{level}-{group}", brief.run, level=level))
                return {}
            case "preview":
                self._preview(brief)
                return {}
            case "stage":
                tasks = TaskGroup(*event["group"])
                failure = self._run_tasks(brief, event, tasks)
                self._note(brief, start.span(Part.STAGE, stage.name_of(tasks), brief.run))
                return {"failure": list(failure) if failure else None}
        raise InvalidItems(
            f"a combiner has no task {event['task']!r}: expected 'items', 'combine', 'group', 'preview' or 'stage'"
        )

    def _note(self, brief: Brief, span: Span) -> None:
        store_span(self._deployed.objects, brief.prefix, span)

    # Items

    def _list_items(self, brief: Brief, start: Start) -> dict[str, Any]:
        """Have the analysis list the items of the job, and store them."""
        table = self._deployed.table
        job = table.job(brief.job_id)
        if job.runs != brief.run:
            return ending(job, brief.run)
        try:
            list_items = load_function(self._folder, brief.analysis["items"])
            listed = list_items(brief.parameters, ItemsContext(job_id=brief.job_id))
            objects, location = self._deployed.objects, self._deployed.location
            source = store_listed(objects, location, f"{brief.prefix}manifest", listed)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the job says so
            failure = describe(error)
            reason = failure.message
            if isinstance(error, ValueError | OSError):
                failure = Failure(REFUSED, failure.message)
            else:
                reason = f"its items cannot be listed: {failure.kind}: {reason}"
            nothing: dict[str, Any] = {"missing": [], "item_errors": [], "files": None}
            return finish(self._deployed, job, JobState.FAILED, reason, nothing, failure)
        self._note(brief, start.span(Part.ITEMS, "items", brief.run))
        job.items = source
        if not table.update_job(job, expected=[JobState.RUNNING], run=brief.run):
            job = table.job(brief.job_id)
        return ending(job, brief.run)

    # Combining

    def _combine(self, brief: Brief, event: dict[str, Any], start: Start) -> dict[str, Any]:
        """Combine what was found, write the certificate, set the final state."""
        table, plan = self._deployed.table, brief.batches
        job = table.job(brief.job_id)
        if job.state.finished and job.runs == brief.run:  # this is the second delivery
            return tell_again(self._deployed, job)
        if job.runs != brief.run:  # this comes too late
            return ending(job, brief.run)
        # First, so that workers stop: what they find after the snapshot is not in the result.
        job.state = JobState.COMBINING
        if not table.update_job(job, expected=[JobState.RUNNING, JobState.COMBINING], run=brief.run):
            return ending(table.job(brief.job_id), brief.run)
        table.release(job.job_id, [BatchState.RUNNING], ended_at=time.time())
        counts, outcome = snapshot(table, job.job_id, plan)
        given = job.spec.get("tolerated_failure_percent")
        tolerated = job.analysis["blueprint"]["job"]["tolerated_failure_percent"] if given is None else float(given)
        state, reason = conclude(
            plan, counts, outcome, tolerated_percent=tolerated,
            cancelled=bool(event.get("cancelled")), timed_out=bool(event.get("timed_out")),
        )  # fmt: skip
        if error := event.get("error"):  # its watcher failed for good
            reason += f"; its watcher failed: {explained(error['Error'], error['Cause'])[:LONGEST_REASON]}"
        failure = None
        if counts.done or self.combines_nothing:
            self._deployed.events.job(job, counts)
            try:
                outcome |= self._merged(brief, outcome, state, start)
            except StageFailed as error:
                failure = error.failure
                state, reason = JobState.FAILED, str(error)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the job says so
                failure = describe(error)
                state, reason = JobState.FAILED, f"its combiner failed: {failure.kind}: {failure.message}"
        self._note(brief, start.span(Part.COMBINE, "all", brief.run))
        ended = finish(self._deployed, job, state, reason, outcome, failure, counts)
        if ended["run"] == brief.run:  # else the parts are those of somebody who goes on
            self._forget_combined(brief)
        return ended

    def _merged(self, brief: Brief, outcome: dict[str, Any], _state: JobState, start: Start) -> dict[str, Any]:
        """Make the result; `_state` is how the job will end if that succeeds."""
        parts = f"{PARTS}{brief.run}-{secrets.token_hex(4)}/"
        bench = self._bench(brief, outcome, parts)
        levels = levels_of(bench)
        if levels:
            self._deployed.objects.put(f"{brief.prefix}{parts}{SNAPSHOT}", values.encode(outcome))
        for level, groups in enumerate(levels):
            self._groups(brief, parts, level, groups)
        if brief.analysis.get("second_stage") is None:  # a brief of an earlier version has none
            self._check_has(brief)
            return combine_all(bench)
        value = stage.top_of(bench)
        with _of_the_stage():
            has_tasks = self._run_stage(brief, bench, value, start)
        self._check_has(brief)
        return stage.finish(bench) if has_tasks else make_result(bench, value)

    def _check_has(self, brief: Brief) -> None:
        """Raises JobBusy when somebody else has the job, or ended it: its result stays."""
        job = self._deployed.table.job(brief.job_id)
        if job.runs != brief.run or job.state.finished:
            raise JobBusy(ending(job, brief.run)["reason"])

    def _groups(self, brief: Brief, parts: str, level: int, groups: int) -> None:
        """Merge all groups of a level, each in another environment of this function."""
        client = client_for_answers(self._deployed, connections=GROUPS_AT_ONCE)

        def merge(group: int) -> None:
            event = {
                "task": "group",
                "job": brief.job_id,
                "run": brief.run,
                "parts": parts,
                "level": level,
                "group": group,
                "sent_at": time.time(),
            }
            try:
                invoke(client, brief.combiner, event, seconds=LONGEST_S)
            except FunctionFailed as error:
                kind, message, *_ = error.failure
                raise InvalidAnalysis(f"group {group} of level {level}: {kind}: {message}") from error

        with ThreadPoolExecutor(GROUPS_AT_ONCE, "group") as pool:
            for _ in pool.map(merge, range(groups)):
                continue

    def _group(self, brief: Brief, parts: str, level: int, group: int) -> None:
        outcome = values.decode(self._deployed.objects.get(f"{brief.prefix}{parts}{SNAPSHOT}"))
        combine_group(self._bench(brief, outcome, parts), level, group)

    def _preview(self, brief: Brief) -> None:
        """Combine what was found so far, unfinished, for who looks at the job."""
        began = time.time()
        nothing: dict[str, Any] = {"missing": [], "item_errors": []}
        value, _ = preview(self._bench(brief, nothing, f"{PARTS}so-far/"))
        made = {"at": began, "seconds": time.time() - began, "value": value}
        self._deployed.objects.put(so_far_key(brief.prefix, brief.run), values.encode(made))

    # The second stage

    def _run_stage(self, brief: Brief, bench: CombineBench, value: Any, start: Start) -> bool:
        """Make the tasks, run and merge them; whether there are any."""
        functions = load_second_stage(self._folder, brief.analysis["second_stage"])
        groups = stage.store_tasks(bench, functions, value)
        if not groups:
            return False
        client = client_for_answers(self._deployed, connections=GROUPS_AT_ONCE)
        until = start.at + SHARE * brief.resources["combiner_timeout_s"]

        def ask(group: TaskGroup, attempt: int) -> Any:
            event = {
                "task": "stage",
                "job": brief.job_id,
                "run": brief.run,
                "parts": bench.parts,
                "group": list(group),
                "attempt": attempt,
                "until": until,
                "sent_at": time.time(),
            }
            return invoke(client, brief.combiner, event, seconds=until - time.time())["failure"]

        attempts = brief.resources["attempts"]
        run_groups(ask, groups, job_id=brief.job_id, attempts=attempts, until=until, at_once=GROUPS_AT_ONCE)
        stage.merge_groups(bench, functions, len(groups))
        return True

    def _run_tasks(self, brief: Brief, event: dict[str, Any], group: TaskGroup) -> Failure | None:
        """Run the tasks of a group in this environment."""
        job = (brief.job_id, brief.run)
        if self._kept_of != job:
            self._kept_of, self._kept = job, {}
        bench = stage.StageBench(
            load_second_stage(self._folder, brief.analysis["second_stage"]), self._deployed.objects,
            brief.prefix + event["parts"], Path(tempfile.gettempdir()), brief.job_id, brief.parameters, brief.items_location,
            self._kept,
        )  # fmt: skip
        return stage.run_group(bench, group, event["attempt"], event["until"] - time.time())

    # What both have at hand

    def _bench(self, brief: Brief, outcome: dict[str, Any], parts: str) -> CombineBench:
        reference = brief.analysis["combiner"]
        combiner = load_function(self._folder, reference)
        if not isinstance(combiner, Combiner):
            raise InvalidAnalysis(f"{reference} is not a combiner: decorate it with @skyburst.combiner")
        table = self._deployed.table
        missing = [Missing(*entry) for entry in outcome["missing"]]

        def partials(first: int, last: int) -> Iterator[Stored]:
            return without(table.partial_results(brief.job_id, first, last), missing)

        context = {
            "job_id": brief.job_id,
            "name": brief.name,
            "parameters": brief.parameters,
            "items_location": brief.items_location,
            "items": brief.batches.items,
            "missing": missing,
            "item_errors": outcome["item_errors"],
        }
        scratch = Path(tempfile.gettempdir())
        objects = self._deployed.objects
        return CombineBench(combiner, brief.batches, partials, objects, brief.prefix, scratch, context, parts)

    def _forget_combined(self, brief: Brief) -> None:
        """Remove the values of the tree, and those that others left who did not come to their end."""
        objects = self._deployed.objects
        objects.delete([entry.key for entry in objects.list(f"{brief.prefix}{PARTS}")])


@contextmanager
def _of_the_stage() -> Iterator[None]:
    """What is raised meanwhile is the second stage's, and the job says so."""
    try:
        yield
    except StageFailed:
        raise
    except (Exception, SystemExit) as error:
        raise StageFailed(describe(error)) from error
