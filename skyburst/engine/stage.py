"""The second stage: tasks that the analysis makes of what was combined, done in groups in parallel, and merged.

Its steps are apart, so that a home can do each where it likes, and say which one failed: `top_of`, `store_tasks`,
`run_group` for each group, `merge_groups`, `finish`. What one leaves for the next are objects beside the tree's values.
Tasks are in one object, a line each; a group is a range of its bytes, so that whoever runs it is sent five numbers.
"""

from __future__ import annotations

import inspect
import tempfile
import time
from array import array
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.analysis import CombineContext, SecondStage, TaskContext
from skyburst.contracts import values
from skyburst.contracts.records import Failure, Stored
from skyburst.contracts.states import BatchState
from skyburst.engine.ahead import read_ahead
from skyburst.engine.combine import CombineBench, combine_top, make_result, put_stored
from skyburst.engine.watch import state_after
from skyburst.engine.work import describe
from skyburst.errors import InvalidAnalysis
from skyburst.ports import Objects
from skyburst.stored import load_results, load_value

MOST_GROUPS = 512
"""Up to so many tasks each is a group of its own. More are put together: what starting a group costs is then shared."""
_TOO_SLOW = frozenset({"TimedOut", "Sandbox.Timedout"})
"""Kinds of failures of a group that took all the time that there is, and would again."""
_FOLDER = "stage/"


class TaskGroup(NamedTuple):
    """Tasks that are run one after the other by one worker."""

    number: int
    first: int
    """Number of its first task."""
    last: int
    """Number of the task after its last."""
    start: int
    """Of its bytes among those of all tasks."""
    end: int


class StageFailed(Exception):
    """Raised when the second stage of a job has failed for good."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(reason_of(failure))
        self.failure = failure


@dataclass(slots=True)
class StageBench:
    """What runs tasks has at hand for all tasks of a job."""

    stage: SecondStage
    objects: Objects
    parts: str
    """Start of the keys of what is combined."""
    scratch: Path
    job_id: str
    parameters: dict[str, Any]
    items_location: str | None
    kept: dict[str, Any] = field(default_factory=dict)


def groups_of(ends: Sequence[int], most: int = MOST_GROUPS) -> list[TaskGroup]:
    """Groups of tasks in their order, at most so many, all of the same number of tasks but the last; each task is in one.

    They depend on the tasks only, and so are the same at every home.

    Args:
        ends: where each task ends among the bytes of all.
        most: groups.
    """
    size = max(1, -(-len(ends) // most))
    groups: list[TaskGroup] = []
    start = 0
    for number, first in enumerate(range(0, len(ends), size)):
        last = min(first + size, len(ends))
        groups.append(TaskGroup(number, first, last, start, ends[last - 1]))
        start = ends[last - 1]
    return groups


# Before the tasks


def top_of(bench: CombineBench) -> Any:
    """Merge what is left of the tree; the value, of a combiner that yields the list of what it yielded."""
    value = combine_top(bench)
    return list(value) if inspect.isgenerator(value) else value


def store_tasks(bench: CombineBench, stage: SecondStage, value: Any) -> list[TaskGroup]:
    """Have the analysis make the tasks, and store them and the value.

    Without groups there are none: then the stage is passed over, and nothing is stored.
    """
    made = stage.tasks(value, CombineContext(**bench.context))
    if not isinstance(made, Iterable) or isinstance(made, str | bytes | Mapping):
        kind = type(made).__name__
        raise InvalidAnalysis(
            f"what gives the tasks of a second stage returned {kind}: return a list, or yield the tasks"
        )
    ends = array("Q")
    with tempfile.TemporaryDirectory(dir=bench.scratch, prefix="tasks-") as folder:
        path = Path(folder, "tasks")
        with open(path, "wb") as file:
            for number, task in enumerate(made):
                file.write(values.encode(task, f"tasks[{number}]") + b"\n")
                ends.append(file.tell())
        if ends:
            bench.objects.put(_key(bench, "tasks"), path)
            put_stored(bench.objects, _key(bench, "value"), value, bench.scratch)
    return groups_of(ends)


# Each group


def run_group(bench: StageBench, group: TaskGroup, attempt: int, timeout_s: float) -> Failure | None:
    """Run the tasks of a group and store their results; why that failed and at which task, if it did.

    Args:
        bench: what is at hand.
        group: its tasks.
        attempt: 1 for the first.
        timeout_s: seconds until this is ended.
    """
    deadline = time.monotonic() + timeout_s
    context = TaskContext(bench.job_id, attempt, deadline, bench.items_location, bench.kept, bench.parameters)
    tasks = bench.objects.get_range(f"{bench.parts}{_FOLDER}tasks", group.start, group.end).splitlines()
    running = group.first

    def results() -> Iterator[Any]:
        nonlocal running
        for number, task in enumerate(tasks, group.first):
            running = number
            result = bench.stage.worker(values.decode(task), context)
            values.encode(result, "result")  # what JSON cannot hold is named as the task's
            yield result

    try:
        put_stored(bench.objects, _results_key(bench.parts, group.number), results(), bench.scratch)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is the task's, and the job says so
        failure = describe(error)
        return failure._replace(message=f"{failure.message} (task {running})")
    return None


def may_run_again(failure: Failure, attempt: int, attempts: int) -> bool:
    """Whether a group that failed is run once more: as often as batches are, but for those that were too slow."""
    return failure.kind not in _TOO_SLOW and state_after(failure, attempt, attempts) is not BatchState.FAILED


def placed(failure: Failure, group: TaskGroup) -> Failure:
    """The failure of a group of which nothing is known but that it did not end: at one of its tasks."""
    tasks = f"(task {group.first})" if group.last - group.first == 1 else f"(one of the tasks {name_of(group)})"
    return failure._replace(message=f"{failure.message} {tasks}")


def name_of(group: TaskGroup) -> str:
    """The tasks of a group: `17`, or the first and the last one of several, `16-23`."""
    return str(group.first) if group.last - group.first == 1 else f"{group.first}-{group.last - 1}"


def reason_of(failure: Failure) -> str:
    """Why a job has failed whose second stage did, one sentence."""
    return f"its second stage failed: {failure.kind}: {failure.message}"


# After the tasks


def merge_groups(bench: CombineBench, stage: SecondStage, groups: int) -> None:
    """Have the analysis merge the results of all groups with the value, and store what it makes of them."""
    with closing(_results(bench, groups)) as results:
        merged = stage.merge(_load(bench, "value"), results, CombineContext(**bench.context))
        put_stored(bench.objects, _key(bench, "merged"), merged, bench.scratch)


def finish(bench: CombineBench) -> dict[str, Any]:
    """Make the result of what was merged."""
    return make_result(bench, _load(bench, "merged"))


def _results(bench: CombineBench, groups: int) -> Generator[Any, None, None]:
    """The results of all tasks in their order, in bounded memory. A group that is not there is an error, not a gap."""
    parts = f"{bench.prefix}{bench.parts}"
    stored = (Stored(group, None, _results_key(parts, group)) for group in range(groups))
    for begun in read_ahead(bench.objects, stored):
        with begun.open() as file:
            yield from load_results(file)


def _load(bench: CombineBench, name: str) -> Any:
    with bench.objects.open(_key(bench, name)) as file:
        return load_value(file)


def _key(bench: CombineBench, name: str) -> str:
    return f"{bench.prefix}{bench.parts}{_FOLDER}{name}"


def _results_key(parts: str, group: int) -> str:
    return f"{parts}{_FOLDER}results/{group:08d}"
