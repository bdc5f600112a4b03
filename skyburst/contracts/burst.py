"""The interfaces of burst-compute, of both its generations: its dispatch input, made a job, and the events of its functions.

The first generation (2020 to 2023) dispatches through a tree, and its workers write their rows themselves; workers of the
second (since 2023) return their rows. Pure. Ranges that do not start at 0, and a tolerance of 0, mean what they say here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import msgspec

from skyburst.contracts import values
from skyburst.contracts.job import MOST, Group, JobSpec, Positive, Seconds, Share, ShortText
from skyburst.contracts.records import Missing
from skyburst.contracts.refusals import FUNCTION, explain
from skyburst.contracts.states import JobState
from skyburst.errors import Invalid, InvalidJob

ANALYSIS = "burst-compute"
"""What such jobs have for an analysis."""
ROUNDS = 2
"""Of the second generation: batches are enlarged until they fit into so many rounds of `maxParallelism`."""
MOST_IN_FLIGHT = 5_000
"""Of the second generation, whatever `maxParallelism` says."""
MOST_ERRORS = 100
"""Entries of `batchErrors` at most."""
HOW_TO_ALLOW = "deploy again with it in `--burst-functions`, or in `burst_functions` of the context of the CDK app"
"""What an operator does to have the deployment invoke a function."""

FunctionName = Annotated[str, msgspec.Meta(pattern=FUNCTION)]
Index = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Levels = Annotated[int, msgspec.Meta(ge=1, le=8)]


class TreeDispatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Dispatch input of the first generation, with its defaults."""

    worker_function_name: FunctionName
    combiner_function_name: FunctionName
    start_index: Index = 0
    end_index: Index
    batch_size: Positive = 50
    num_levels: Levels = 2
    """Here it changes nothing but `branchingFactor`: the depth of the tree follows from the number of batches."""
    max_parallelism: Positive = 3_000
    """Batches at most: they are enlarged until they are no more."""
    search_timeout_secs: Seconds = 60
    job_parameters: dict[str, Any] = {}
    group: Group | None = None
    """As a job specification has it, and the next; burst-compute knows neither."""
    user: ShortText | None = None


class MapDispatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Dispatch input of the second generation, with its defaults."""

    worker_function_name: FunctionName
    combiner_function_name: FunctionName
    dataset_start_index: Index = 0
    dataset_end_index: Index
    batch_size: Positive = 50
    max_parallelism: Positive = MOST_IN_FLIGHT
    jobs_timeout_secs: Seconds = 600
    tolerated_percentage_failure: Share = 10
    job_parameters: dict[str, Any] = {}
    group: Group | None = None
    """As a job specification has it, and the next; burst-compute knows neither."""
    user: ShortText | None = None


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a job that came as a dispatch input has beyond a job specification."""

    generation: int
    """1 or 2."""
    worker: str
    """Name or ARN of a function, as the combiner."""
    combiner: str
    start: int
    """First index, inclusive."""
    end: int
    """Last index, exclusive."""
    batch_size: int
    """After enlarging."""
    batches: int
    timeout_s: float
    """As it was given, whole or not."""
    levels: int | None = None
    """Of the first generation, as the next."""
    branching_factor: int | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Call:
    """What the events of one job have in common."""

    job_id: str
    table: str
    """Name of the table of batches."""
    parameters: dict[str, Any]
    start_time: str
    """ISO date, in UTC."""
    monitor: str
    """Name of the function that watches."""


def is_dispatch(document: Mapping[str, Any]) -> bool:
    """Whether this is a dispatch input rather than a job specification."""
    return "analysis" not in document and ("workerFunctionName" in document or "combinerFunctionName" in document)


def parse_dispatch(document: Mapping[str, Any]) -> tuple[JobSpec, Foreign]:
    """Check a dispatch input and make it a job.

    Raises:
        InvalidJob: with the path of the field and what was expected.
    """
    kind = _kind_of(document)
    try:
        values.check(document, "job")
        given = msgspec.convert(dict(document), kind)
    except Invalid as error:
        raise InvalidJob(str(error)) from error
    except msgspec.ValidationError as error:
        raise InvalidJob(explain(error, document, "job.", kind)) from error
    return _of_tree(given) if isinstance(given, TreeDispatch) else _of_map(given)


def tree_partition(items: int, batch_size: int, max_parallelism: int) -> int:
    """Items of a batch in the first generation: enlarged until there are at most `max_parallelism` batches."""
    if _ceil_div(items, batch_size) > max_parallelism:
        return _ceil_div(items, max_parallelism)
    return batch_size


def map_partition(items: int, batch_size: int, max_parallelism: int) -> int:
    """Items of a batch in the second generation: enlarged until there are at most two rounds of `max_parallelism` batches."""
    if _ceil_div(items, batch_size) > max_parallelism:
        return _ceil_div(items, ROUNDS * max_parallelism)
    return batch_size


def branching_factor(batches: int, levels: int) -> int:
    """Children of a manager: the smallest whole number whose power of `levels` is at least the number of batches."""
    low, high = 1, max(1, batches)
    while low < high:  # floating-point roots are off by one near perfect powers
        middle = (low + high) // 2
        if middle**levels >= batches:
            high = middle
        else:
            low = middle + 1
    return low


def worker_event(foreign: Foreign, call: Call, batch: int) -> dict[str, Any]:
    """What the worker of a batch gets."""
    start = foreign.start + batch * foreign.batch_size
    common: dict[str, Any] = {
        "jobId": call.job_id,
        "batchId": batch,
        "startIndex": start,
        "endIndex": min(start + foreign.batch_size, foreign.end),
        "tasksTableName": call.table,
        "jobParameters": call.parameters,
        "numBatches": foreign.batches,
        "workerFunctionName": foreign.worker,
    }
    if foreign.generation == 2:
        return {**common, "startTime": call.start_time, "jobsTimeoutSecs": foreign.timeout_s}
    return {
        **common,
        "combinerFunctionName": foreign.combiner,
        "level": foreign.levels,
        "numLevels": foreign.levels,
        "batchSize": foreign.batch_size,
        "branchingFactor": foreign.branching_factor,
        "searchTimeoutSecs": foreign.timeout_s,
    }


def combiner_event(
    foreign: Foreign, call: Call, *, state: JobState, remaining: int, missing: Sequence[Missing], elapsed_s: float
) -> dict[str, Any]:
    """What the combiner gets.

    Args:
        foreign: of the job.
        call: of the job.
        state: how the job will end.
        remaining: batches without a row.
        missing: which these are.
        elapsed_s: since the job started.
    """
    common: dict[str, Any] = {
        "jobId": call.job_id,
        "jobParameters": call.parameters,
        "numBatches": foreign.batches,
        "startTime": call.start_time,
        "tasksTableName": call.table,
    }
    if foreign.generation == 2:
        errors = [_error_of(gap) for gap in missing[:MOST_ERRORS]]
        return {
            **common,
            "datasetStartIndex": foreign.start,
            "datasetEndIndex": foreign.end,
            "batchSize": foreign.batch_size,
            "completed": state in (JobState.SUCCEEDED, JobState.PARTIAL),
            "jobsTimeoutSecs": foreign.timeout_s,
            **({"batchErrors": errors} if errors else {}),
        }
    # A monitor that ends its loop says one of the two; what a deadline or a user has ended has timed out.
    timed_out = state in (JobState.TIMED_OUT, JobState.CANCELLED)
    return {
        **common,
        "searchTimeoutSecs": foreign.timeout_s,
        "monitorFunctionName": call.monitor,
        "combinerFunctionName": foreign.combiner,
        "elapsedSecs": int(elapsed_s),
        "numRemaining": remaining,
        "completed": not timed_out,
        "timedOut": timed_out,
        **({"withErrors": True} if remaining and not timed_out else {}),
    }


def after_error(generation: int, event: dict[str, Any], error: str, cause: str) -> dict[str, Any]:
    """What a combiner that has failed gets when it is called a second time."""
    failed = {"Error": error, "Cause": cause}
    if generation == 2:
        before = [entry for entry in event.get("batchErrors", []) if entry != failed]
        return {
            **{name: value for name, value in event.items() if name != "completed"},
            "batchErrors": [failed, *before],
        }
    return {**event, "fatalErrors": [failed]}


def dispatch_output(job_id: str, foreign: Mapping[str, Any]) -> dict[str, Any]:
    """What a dispatch answers: `{"jobId", "numBatches"}`, and in the first generation `branchingFactor`."""
    answer = {"jobId": job_id, "numBatches": foreign["batches"]}
    return answer if foreign["generation"] == 2 else {**answer, "branchingFactor": foreign["branching_factor"]}


def _kind_of(document: Mapping[str, Any]) -> type[TreeDispatch] | type[MapDispatch]:
    """Which generation a dispatch input is of: by the fields that the other does not have."""
    tree, mapped = (set(_fields(kind)) for kind in (TreeDispatch, MapDispatch))
    first = [field for field in document if field in tree - mapped]
    second = [field for field in document if field in mapped - tree]
    unknown = [field for field in document if field not in tree | mapped]
    if unknown:
        near = difflib.get_close_matches(str(unknown[0]), sorted(tree | mapped), n=1)
        fields = ", ".join(sorted(mapped if second else tree))
        hint = f"did you mean {near[0]!r}?" if near else f"the fields of a dispatch of burst-compute are {fields}"
        raise InvalidJob(f"job.{unknown[0]}: there is no such field; {hint}")
    if first and second:
        raise InvalidJob(
            f"job has {first[0]!r}, of the dispatch input of burst-compute until 2023, and {second[0]!r}, of the one since: "
            "give the fields of one of them"
        )
    if not first and not second:
        raise InvalidJob("job.datasetEndIndex is missing: give the index after the last one")
    return MapDispatch if second else TreeDispatch


def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return kind.__struct_encode_fields__


def _of_tree(given: TreeDispatch) -> tuple[JobSpec, Foreign]:
    items = _items(given.start_index, given.end_index, "startIndex", "endIndex")
    size = tree_partition(items, given.batch_size, given.max_parallelism)
    batches = _ceil_div(items, size)
    foreign = Foreign(
        1, given.worker_function_name, given.combiner_function_name, given.start_index, given.end_index, size, batches,
        _as_given(given.search_timeout_secs), given.num_levels, branching_factor(batches, given.num_levels),
    )  # fmt: skip
    return _job(given, foreign, given.max_parallelism, 0), foreign


def _of_map(given: MapDispatch) -> tuple[JobSpec, Foreign]:
    items = _items(given.dataset_start_index, given.dataset_end_index, "datasetStartIndex", "datasetEndIndex")
    in_flight = min(MOST_IN_FLIGHT, given.max_parallelism)
    size = map_partition(items, given.batch_size, in_flight)
    foreign = Foreign(
        2, given.worker_function_name, given.combiner_function_name, given.dataset_start_index, given.dataset_end_index,
        size, _ceil_div(items, size), _as_given(given.jobs_timeout_secs),
    )  # fmt: skip
    return _job(given, foreign, in_flight, given.tolerated_percentage_failure), foreign


def _items(start: int, end: int, start_name: str, end_name: str) -> int:
    if end <= start:
        raise InvalidJob(
            f"job.{end_name} is {end}: expected more than {start_name}, which is {start}; the end is exclusive"
        )
    return end - start


def _job(given: TreeDispatch | MapDispatch, foreign: Foreign, in_flight: int, tolerated_percent: float) -> JobSpec:
    return JobSpec(
        analysis=ANALYSIS,
        items={"range": [foreign.start, foreign.end]},
        batch_size=foreign.batch_size,
        max_parallelism=in_flight,
        timeout_s=foreign.timeout_s,
        tolerated_failure_percent=tolerated_percent,
        parameters=given.job_parameters,
        group=given.group,
        user=given.user,
    )


def _as_given(seconds: float) -> float:
    """A whole number of seconds as an integer: functions in other languages may want one."""
    return int(seconds) if float(seconds).is_integer() else seconds


def _error_of(gap: Missing) -> dict[str, str]:
    """A range of missing batches as an error of Step Functions."""
    kind, colon, message = gap.reason.partition(": ")
    if not colon or " " in kind:
        kind, message = "States.TaskFailed", gap.reason
    batches = f"batch {gap.first}" if gap.first == gap.last else f"batches {gap.first}-{gap.last}"
    return {"Error": kind, "Cause": f"{batches}: {message}"}


def _ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
