"""The planner: makes a job of what an execution was given, and tells its functions what they need to know."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from skyburst.contracts import burst, values
from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.job import EnvironmentWishes, JobSpec, parse_job
from skyburst.contracts.parameters import resolve
from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.refusals import shortened
from skyburst.contracts.spans import Part
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.following import check_chain
from skyburst.engine.spans import store_span
from skyburst.errors import AnalysisNotFound, Invalid, InvalidJob, JobBusy, OverBudget
from skyburst.finding import PROBE
from skyburst.homes.aws.brief import SAME_AS, Brief, job_prefix, write_brief
from skyburst.homes.aws.datasets import check_urls
from skyburst.homes.aws.deployed import Deployed, function_name
from skyburst.homes.aws.ending import LONGEST_REASON, ending
from skyburst.homes.aws.environment_lane import end_environments
from skyburst.homes.aws.placing import Placed, place
from skyburst.homes.aws.standing import execution_of, is_of
from skyburst.homes.aws.starts import Start, begin
from skyburst.homes.job_items import plan_job, store_items
from skyburst.notifications.targets import parse_target
from skyburst.retention.enforcing import check_kept, note

if TYPE_CHECKING:
    from skyburst.budgets.paying import Paying

LONGEST_ID = 80
"""A job's id is the name of its execution."""
LONGEST_TOLD = 200
"""Characters of a value in a refusal."""
FIRST_LOOK_S, LONGEST_LOOK_S = 2, 300
"""Between looks at a job that another execution has; whole seconds, as state machines wait."""
_NOT_BEGUN: dict[str, Any] = {"at": 0.0, "items": 0, "batches": 0}

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
    placed: Placed | None = None
    """Where its batches run; None of a job of burst-compute."""


class Planner:
    """Plans jobs for a deployment and the analyses in it."""

    def __init__(
        self, deployed: Deployed, registry: Registry, children: int | None = None, executions: str = ""
    ) -> None:
        """Prepare.

        Args:
            deployed: the deployment.
            registry: the analyses in it.
            children: of a node of the tree, for tests.
            executions: what the ARNs of jobs' executions start with.
        """
        self._deployed = deployed
        self._registry = registry
        self._executions = executions
        self._children = children
        self._blueprints: dict[str, Blueprint] = {}
        self._states: Any = None

    def plan(self, given: dict[str, Any], execution: str) -> dict[str, Any]:
        """Make the job of an execution, or take one up again; safe to call twice.

        Args:
            given: a job specification, a dispatch input of burst-compute, or `{"resume": job id}`.
            execution: name of the execution, which becomes the id of a new job.

        Returns:
            `{"job", "run", "task", "state", "reason", "combiner"}`; task is `items` when the analysis has to list the items
            first, `work`, `ended` when there is nothing to do, or `other` when another execution has the job.

        Raises:
            InvalidJob: naming the field, its value and what was expected; nothing was changed.
            NotAllowed: when the deployment has profiles, by which the job's user and group may not run its analysis.
        """
        start = begin()
        try:
            return self._planned(given, execution, start)
        except Invalid as error:
            raise type(error)(shortened(str(error))) from error

    def _planned(self, given: dict[str, Any], execution: str, start: Start) -> dict[str, Any]:
        if set(given) == {"resume"}:
            job = self._taken_up(_job_id(given["resume"]), execution)
            if not job.state.finished and not is_of(job, execution):
                return self._told(job, "other")
            return self._start(job, execution, start)
        job = self._created(given, execution)
        if job.job_id != execution:  # the job of the same idempotency key
            self._deployed.objects.put(job_prefix(execution) + SAME_AS, values.encode({"job": job.job_id}))
            return self._told(job, "other")
        return self._start(job, execution, start)

    def make(self, given: dict[str, Any], execution: str) -> JobRecord:
        """Make the job of an execution that is about to be started, or find it; safe to call twice.

        Raises:
            InvalidJob, OverBudget: as `plan`; there is no job then.
        """
        return self._created(given, execution)

    def listed(self, job_id: str, run: int) -> dict[str, Any]:
        """Go on with a job whose items the analysis has listed. Raises JobBusy when it is in another run."""
        start = begin()
        job = self._deployed.table.job(job_id)
        if job.runs != run:
            raise JobBusy(ending(job, run)["reason"])
        return self._start(job, (job.run_began or {}).get("execution", job_id), start)

    def look(self, job_id: str, waited_s: int) -> dict[str, Any]:
        """Look at a job that another execution has.

        Args:
            job_id: its id.
            waited_s: how long was waited before this look; 0 for the first one.

        Returns:
            As `ending`, with `task`, which is `ended` or `other`, and `wait_s`, after which to look again. The waits grow: an
            execution may have 25,000 events, and each look takes about ten.
        """
        job = self._deployed.table.job(job_id)
        told = {**ending(job), "task": "ended", "wait_s": 0}
        if job.state.finished:
            return told
        if not self._is_driven(job) and self._deployed.table.job(job_id).state is job.state:
            reason = f'the execution of job {job_id} has ended, and the job has not: {{"resume": "{job_id}"}} goes on with it'
            return {**told, "state": "Interrupted", "reason": reason}
        wait_s = min(LONGEST_LOOK_S, max(FIRST_LOOK_S, waited_s * 3 // 2))
        return {**told, "task": "other", "wait_s": wait_s}

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
        self._check_told(spec)
        blueprint = self._blueprint(spec.analysis)
        parameters = _parameters(blueprint, spec)
        spec = check_urls(spec, blueprint)
        check_chain(blueprint, self._following)
        if spec.items is None and not blueprint.items:
            raise InvalidJob(f"job.items is missing: analysis {blueprint.name!r} does not list items itself")
        placed = place(blueprint, entry, spec.environment)
        return Checked(spec, {**entry["reference"], "compute": placed.compute()}, parameters, None, placed)

    def _check_told(self, spec: JobSpec) -> None:
        """Refuse a job that wants a topic told to which this deployment may not publish."""
        topics = self._deployed.topics
        if topics is None:
            return
        for kind, topic in map(parse_target, spec.notify):
            if kind == "sns" and topic not in topics:
                raise InvalidJob(
                    f"job.notify has 'sns:{topic}', and this deployment publishes to {', '.join(sorted(topics)) or 'no topic'}: "
                    "deploy with it in --notify-topics too"
                )

    def require_allowed(self, spec: JobSpec) -> None:
        """Refuse a job that its group and user may not run, by the profiles of the deployment. Raises NotAllowed, InvalidPeople.

        Who calls is not known here: the specification says whose job it is, and is believed.
        """
        self._require_allowed(spec.group, spec.user, spec.analysis)

    def _require_allowed(self, group: str | None, user: str | None, analysis: str) -> None:
        if analysis != PROBE:  # that of `skyburst doctor`, for whoever looks after the deployment: it is no work
            self._deployed.gate.require(group, user, analysis)

    def _created(self, given: dict[str, Any], execution: str) -> JobRecord:
        checked = self.check(given)
        self.require_allowed(checked.spec)
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
        if (paying := self._deployed.paying) is not None:
            self._reserve_new(paying, job)
        # Workers of burst-compute write rows under the job's bare id, which is that of its only shard.
        stored = self._deployed.table.create_job(job, shards=1 if checked.foreign else None)
        if stored is job:  # else it was there already
            note(self._deployed.objects, job.job_id, checked.spec)
            self._deployed.events.job(job)
        elif paying is not None and stored.job_id != job.job_id:
            paying.release(job.job_id)
        elif paying is not None and stored.state.finished:  # its execution was begun again, and has nothing to do
            paying.settle(stored, None, time.time())
        return stored

    def _reserve_new(self, paying: Paying, job: JobRecord) -> None:
        """Keep what a new job may cost; one that has been submitted before needs nothing more. Raises OverBudget."""
        try:
            paying.reserve(job, time.time())
        except OverBudget:
            if self._deployed.table.earlier(job) is None:
                raise

    def _taken_up(self, job_id: str, execution: str) -> JobRecord:
        """A job to be resumed, made ready for this execution unless it needs nothing or another one has it.

        Whoever stores the job first has it: an execution that is delivered twice, and two that resume it at once, differ in
        nothing else. Raises InvalidJob when it cannot run as it is deployed now; then the job is as it was.
        """
        table = self._deployed.table
        job = table.job(job_id)
        if job.state is JobState.SUCCEEDED or (not job.state.finished and is_of(job, execution)):
            return self._released(job)
        if not job.state.finished and self._is_driven(job):
            return job
        check_kept(job)
        self._require_allowed(job.spec.get("group"), job.spec.get("user"), job.analysis["name"])
        self._check_deployed(job)
        if self._deployed.paying is not None:
            self._deployed.paying.reserve(job, time.time())
        before = job.state
        if before is not JobState.PENDING:
            job.state, job.reason, job.finished_at = JobState.PENDING, "resumed", None
        job.run_began = {**(job.run_began or _NOT_BEGUN), "execution": execution}
        if not table.update_job(job, expected=[before], run=job.runs):
            job = table.job(job_id)
            return self._released(job) if is_of(job, execution) else job
        if before is not JobState.PENDING:
            self._deployed.events.job(job)
        return self._released(job)

    def _released(self, job: JobRecord) -> JobRecord:
        """A job that is to start again: all batches that are not done get new attempts."""
        if job.state is JobState.PENDING and job.runs:
            table = self._deployed.table
            end_environments(self._deployed, job.job_id, job.runs, f"run {job.runs} of the job is over")
            table.request_cancel(job.job_id, requested=False)
            table.release(job.job_id, [BatchState.FAILED, BatchState.LOST, BatchState.RUNNING, BatchState.PENDING])
        return job

    def _check_deployed(self, job: JobRecord) -> None:
        """Check that the analysis of a job is deployed, and can go on with what an earlier version of it began.

        As at home `local` its code may have changed, as after mending a fault, and the certificate tells that it has.
        """
        foreign = job.analysis.get("foreign")
        entry = self._burst_entry(burst.Foreign(**foreign)) if foreign else self._entry(job.analysis["name"])
        reference = entry["reference"]
        was, now = _functions_of(job.analysis), _functions_of(reference)
        changed = [name for name in now if now[name] != was[name]]
        if changed:
            name = changed[0]
            raise InvalidJob(
                f"job {job.job_id} cannot be resumed: the {name} of analysis {reference['name']!r} was "
                f"{was[name]!r}, and is {now[name]!r} as it is deployed now. Run the job anew "
                f"(`skyburst rerun {job.job_id} --on aws`), or deploy the earlier version and resume it then"
            )
        if reference["digest"] not in (job.analysis["digest"], *job.analysis.get("later_digests", [])):
            job.analysis.setdefault("later_digests", []).append(reference["digest"])
        if placed := self._placed(job):
            job.analysis["compute"] = placed.compute()

    def _placed(self, job: JobRecord) -> Placed | None:
        """Where the batches of a job run, as its analysis is deployed now; None of a job of burst-compute."""
        if "foreign" in job.analysis:
            return None
        name, given = job.analysis["name"], job.spec.get("environment")
        wishes = msgspec.convert(given, EnvironmentWishes) if given else None
        return place(self._blueprint(name), self._entry(name), wishes, job.spec.get("group"))

    def _is_driven(self, job: JobRecord) -> bool:
        """Whether the execution that has a job runs."""
        from botocore.exceptions import ClientError

        if self._states is None:
            self._states = self._deployed.client("stepfunctions")
        try:
            found = self._states.describe_execution(executionArn=f"{self._executions}{execution_of(job)}")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return False
        return bool(found["status"] == "RUNNING")

    def _start(self, job: JobRecord, execution: str, start: Start) -> dict[str, Any]:
        """Set a job running and write its brief; clients look at the execution to see whether it goes on."""
        if job.state.finished:
            return self._told(job, "ended")
        table = self._deployed.table
        done: Progress | None = None
        before, run = job.state, job.runs
        starts = before is JobState.PENDING
        if starts:  # else this is the second delivery, or the items were listed meanwhile
            job.runs += 1
            job.started_at = job.started_at or time.time()
            job.state, job.reason = JobState.RUNNING, ""
        if job.items is not None and job.plan is None:
            tree = self._tree(job.analysis["name"])
            job.plan = plan_job(job, **tree).document()
        paying = self._deployed.paying  # what has to list its items first has nothing reserved until now
        reserved = paying is not None and paying.reserve(job, time.time())
        if job.plan is not None:
            done = table.progress(job.job_id)
            job.run_began = {"at": time.time(), "items": done.items_done, "batches": done.done + done.failed}
        began = job.run_began or {**_NOT_BEGUN, "at": time.time()}
        job.run_began = {**began, "execution": execution, **({"reserved": True} if reserved else {})}
        if not table.update_job(job, expected=[before], run=run):
            job = table.job(job.job_id)
            if job.state.finished or not is_of(job, execution):
                return self._told(job, "ended" if job.state.finished else "other")
            starts = False  # the answer to the first delivery was lost
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
        analysis["second_stage"] = job.analysis["blueprint"].get(
            "second_stage"
        )  # which earlier versions did not record
        if "foreign" in job.analysis:
            analysis |= {"foreign": job.analysis["foreign"], "start_time": _iso(job.started_at or time.time())}
        placed = self._placed(job)
        brief = Brief(
            job_id=job.job_id, name=job.spec.get("name"), analysis=analysis,
            parameters=job.parameters, items=job.items, plan=job.plan, resources=job.analysis["blueprint"]["resources"],
            manager=f"{prefix}-manager", lanes=[function_name(prefix, name, "worker", lane) for lane in range(entry["lanes"])],
            combiner=function_name(prefix, name, "combiner"), run=job.runs,
            environment=placed.environment if placed else None,
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
                    f"{', '.join(entry['functions']) or 'no functions of burst-compute'}; "
                    f"{burst.HOW_TO_ALLOW}"
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

    def _following(self, analysis: str) -> Blueprint:
        """The blueprint of an analysis that follows another one."""
        if analysis not in self._registry:
            raise AnalysisNotFound(
                f"it is not deployed; here are {', '.join(self._analyses())}; `skyburst deploy --analysis` adds it"
            )
        return self._blueprint(analysis)

    def _analyses(self) -> list[str]:
        return sorted(name for name in self._registry if name not in (burst.ANALYSIS, PROBE))


def _job_id(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_ID or "#" in given:
        raise InvalidJob(
            f"resume is {str(given)[:LONGEST_TOLD]!r}: expected the id of a job, which has at most {LONGEST_ID} characters"
        )
    return given


def _functions_of(reference: dict[str, Any]) -> dict[str, Any]:
    """The functions of an analysis by what they are in words; a record of an earlier version has no second stage."""
    found = {name: reference[name] for name in ("worker", "combiner", "items")}
    return {**found, "second stage": reference["blueprint"].get("second_stage")}


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
