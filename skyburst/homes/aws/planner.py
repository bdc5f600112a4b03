"""The planner: makes a job of what an execution was given, and tells its functions what they need to know."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skyburst.contracts import burst
from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.parameters import resolve
from skyburst.contracts.records import Failure, JobRecord, Progress
from skyburst.contracts.refusals import shortened
from skyburst.contracts.spans import Part
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.plan import make_plan
from skyburst.engine.spans import store_span
from skyburst.errors import Invalid, InvalidJob
from skyburst.finding import PROBE
from skyburst.homes.aws.brief import Brief, job_prefix, write_brief
from skyburst.homes.aws.deployed import Deployed, function_name
from skyburst.homes.aws.ending import LONGEST_REASON, ending, finish
from skyburst.homes.aws.starts import Start, begin
from skyburst.homes.job_items import store_items
from skyburst.manifest import parse_source

LONGEST_ID = 80
"""A job's id is the name of its execution."""
LONGEST_TOLD = 200
"""Characters of a value in a refusal."""
Registry = dict[str, dict[str, Any]]
"""Deployed analyses by name: `{"reference", "lanes"}`, where `reference` is what a job remembers of its analysis, and
`children` where a manager is to have so many at most."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A job that this deployment can run."""

    spec: JobSpec
    reference: dict[str, Any]
    """What the job remembers of its analysis."""
    parameters: dict[str, Any]
    foreign: burst.Foreign | None
    """Of a job that came as a dispatch input of burst-compute."""


class Planner:
    """Plans jobs for a deployment and the analyses in it."""

    def __init__(self, deployed: Deployed, registry: Registry, children: int | None = None) -> None:
        self._deployed = deployed
        self._registry = registry
        self._children = children
        self._blueprints: dict[str, Blueprint] = {}

    def plan(self, given: dict[str, Any], execution: str) -> dict[str, Any]:
        """Make the job of an execution, or take one up again; safe to call twice.

        Args:
            given: a job specification, a dispatch input of burst-compute, or `{"resume": job id}`.
            execution: name of the execution, which becomes the id of a new job.

        Returns:
            `{"job", "run", "task", "state", "reason", "combiner"}`; task is `items` when the analysis has to list the items
            first, `work`, `ended` when there is nothing to do, or `other` when another execution has the job.

        Raises:
            InvalidJob: naming the field, its value and what was expected.
        """
        start = begin()
        try:
            return self._planned(given, execution, start)
        except Invalid as error:
            raise type(error)(shortened(str(error))) from error

    def _planned(self, given: dict[str, Any], execution: str, start: Start) -> dict[str, Any]:
        if set(given) == {"resume"}:
            return self._start(self._resumed(_job_id(given["resume"])), execution, start)
        job = self._created(given, execution)
        if job.job_id != execution:  # the job of the same idempotency key
            return self._told(job, "other")
        return self._start(job, execution, start)

    def listed(self, job_id: str) -> dict[str, Any]:
        """Go on with a job whose items the analysis has listed."""
        start = begin()
        job = self._deployed.table.job(job_id)
        return self._start(job, (job.run_began or {}).get("execution", job_id), start)

    def failed(self, job_id: str, error: str, cause: str) -> dict[str, Any]:
        """End a job whose execution met an error that nothing else could handle."""
        job = self._deployed.table.job(job_id)
        if job.state.finished:
            return ending(job)
        outcome: dict[str, Any] = {"missing": [], "item_errors": [], "files": None}
        reason = f"its execution met an error: {error}: {cause[:LONGEST_REASON]}"
        return finish(self._deployed, job, JobState.FAILED, reason, outcome, Failure(error, cause[:LONGEST_REASON]))

    def check(self, given: Any) -> Checked:
        """Check a job specification, or a dispatch input of burst-compute, without making anything of it.

        Raises:
            InvalidJob: naming the field, its value and what was expected.
        """
        if not isinstance(given, dict):
            raise InvalidJob(f"job is {str(given)[:200]!r}: expected a job specification, which is an object")
        if burst.is_dispatch(given):
            spec, foreign = burst.parse_dispatch(given)
            entry = self._burst_entry(foreign)
            return Checked(spec, {**entry["reference"], "foreign": foreign.document()}, spec.parameters, foreign)
        spec = parse_job(given)
        if spec.analysis == burst.ANALYSIS:
            raise InvalidJob(f"job.analysis is {spec.analysis!r}: give the dispatch input of burst-compute instead")
        entry = self._entry(spec.analysis)
        blueprint = self._blueprint(spec.analysis)
        parameters = _parameters(blueprint, spec)
        if spec.items is None and not blueprint.items:
            raise InvalidJob(f"job.items is missing: analysis {blueprint.name!r} does not list items itself")
        return Checked(spec, entry["reference"], parameters, None)

    def _created(self, given: dict[str, Any], execution: str) -> JobRecord:
        checked = self.check(given)
        document, source = store_items(checked.spec, self._deployed.objects, job_prefix(execution), Path("/"))
        job = JobRecord(
            execution,
            document,
            checked.reference,
            checked.parameters,
            JobState.PENDING,
            created_at=time.time(),
            items=source,
        )
        # Workers of burst-compute write rows under the job's bare id, which is that of its only shard.
        stored = self._deployed.table.create_job(job, shards=1 if checked.foreign else None)
        if stored is job:  # else it was there already
            self._deployed.events.job(job)
        return stored

    def _resumed(self, job_id: str) -> JobRecord:
        table = self._deployed.table
        job = table.job(job_id)
        if job.state.finished and job.state is not JobState.SUCCEEDED:
            table.request_cancel(job_id, requested=False)
            table.release(job_id, [BatchState.FAILED, BatchState.LOST, BatchState.RUNNING, BatchState.PENDING])
            job.state, job.reason, job.finished_at = JobState.PENDING, "resumed", None
            table.update_job(job)
            self._deployed.events.job(job)
        return job

    def _start(self, job: JobRecord, execution: str, start: Start) -> dict[str, Any]:
        """Set a job running and write its brief; clients look at the execution to see whether it goes on."""
        if job.state.finished:
            return self._told(job, "ended")
        table = self._deployed.table
        done: Progress | None = None
        starts = job.state is JobState.PENDING
        if starts:  # else this is the second delivery, or the items were listed meanwhile
            job.runs += 1
            job.started_at = job.started_at or time.time()
            job.state, job.reason = JobState.RUNNING, ""
        if job.items is not None and job.plan is None:
            size = job.spec.get("batch_size") or job.analysis["blueprint"]["job"]["batch_size"]
            job.plan = asdict(make_plan(parse_source(job.items).count, size, **self._tree(job.analysis["name"])))
        if job.plan is not None:
            done = table.progress(job.job_id)
            job.run_began = {"at": time.time(), "items": done.items_done, "batches": done.done + done.failed}
        began = job.run_began or {"at": time.time(), "items": 0, "batches": 0}
        job.run_began = {**began, "execution": execution}
        table.update_job(job)
        if starts:
            self._deployed.events.job(job, done)
        self._write_brief(job)
        task = "items" if job.items is None else "work"
        store_span(self._deployed.objects, job_prefix(job.job_id), start.span(Part.PLAN, task, job.runs))
        return self._told(job, task)

    def _tree(self, analysis: str) -> dict[str, int]:
        """What the shape of the tree is not to be as measured."""
        children = self._entry(analysis).get("children", self._children)
        return {} if children is None else {"most_children": children, "one_manager": children}

    def _write_brief(self, job: JobRecord) -> None:
        entry = self._entry(job.analysis["name"])
        name, prefix = job.analysis["name"], self._deployed.prefix
        analysis = {key: job.analysis[key] for key in ("name", "worker", "combiner", "items")}
        if "foreign" in job.analysis:
            analysis |= {"foreign": job.analysis["foreign"], "start_time": _iso(job.started_at or time.time())}
        brief = Brief(
            job_id=job.job_id, name=job.spec.get("name"), analysis=analysis,
            parameters=job.parameters, items=job.items, plan=job.plan, resources=job.analysis["blueprint"]["resources"],
            manager=f"{prefix}-manager", lanes=[function_name(prefix, name, "worker", lane) for lane in range(entry["lanes"])],
            combiner=function_name(prefix, name, "combiner"), run=job.runs,
        )  # fmt: skip
        write_brief(self._deployed.objects, brief)

    def _told(self, job: JobRecord, task: str) -> dict[str, Any]:
        return {
            "job": job.job_id,
            "run": job.runs,
            "task": task,
            "state": str(job.state),
            "reason": job.reason[:LONGEST_REASON],
            "combiner": function_name(self._deployed.prefix, job.analysis["name"], "combiner"),
        }

    def _burst_entry(self, foreign: burst.Foreign) -> dict[str, Any]:
        """The bridge to functions of burst-compute, when this deployment has one and it may invoke them."""
        entry = self._registry.get(burst.ANALYSIS, {"functions": []})
        for field, function in (("workerFunctionName", foreign.worker), ("combinerFunctionName", foreign.combiner)):
            if not any(_same_function(function, listed) for listed in entry["functions"]):
                raise InvalidJob(
                    f"job.{field} is {function!r}: this deployment may invoke "
                    f"{', '.join(entry['functions']) or 'no functions of burst-compute'}; add it to `burst_functions` in the "
                    "context and deploy again"
                )
        return entry

    def _entry(self, analysis: str) -> dict[str, Any]:
        if analysis not in self._registry:
            raise InvalidJob(
                f"job.analysis is {analysis!r}: deployed here are {', '.join(self._analyses()) or 'none'}; "
                "`skyburst deploy` adds others"
            )
        return self._registry[analysis]

    def _blueprint(self, analysis: str) -> Blueprint:
        """A deployed blueprint, checked once: there may be 100,000 jobs of it to check."""
        if analysis not in self._blueprints:
            self._blueprints[analysis] = parse_blueprint(self._entry(analysis)["reference"]["blueprint"], analysis)
        return self._blueprints[analysis]

    def _analyses(self) -> list[str]:
        return sorted(name for name in self._registry if name not in (burst.ANALYSIS, PROBE))


def _job_id(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID or "#" in given:
        raise InvalidJob(
            f"resume is {str(given)[:LONGEST_TOLD]!r}: expected the id of a job, which has at most {LONGEST_ID} characters"
        )
    return given


def _parameters(blueprint: Blueprint, spec: JobSpec) -> dict[str, Any]:
    """All parameters of a job; files and folders must be where functions can read them."""
    declared = blueprint.parameters
    if declared is None:
        return dict(spec.parameters)
    for name, entry in declared.items():
        if entry.get("format") == "path" and name in spec.parameters:
            given = spec.parameters[name]
            for location in given if isinstance(given, list) else [given]:
                if isinstance(location, str) and "://" not in location:
                    raise InvalidJob(
                        f"parameters.{name} is {location!r}: a job on AWS reads from URLs such as s3://bucket/key; "
                        "`skyburst run --on aws` uploads files itself"
                    )
    return resolve(declared, spec.parameters, Path("/"))


def _same_function(asked: str, listed: str) -> bool:
    """Whether a name or an ARN is that of a listed function; IAM has the last word."""
    if asked.startswith("arn:") and listed.startswith("arn:"):
        return asked == listed
    return asked.rpartition(":function:")[2] == listed.rpartition(":function:")[2]


def _iso(seconds: float) -> str:
    """As `toISOString` of JavaScript writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
