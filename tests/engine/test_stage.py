"""The tasks of a second stage are in groups, each in one, and their results are merged in order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.analysis import Combiner, SecondStage, TaskContext
from skyburst.contracts import values
from skyburst.contracts.records import Failure
from skyburst.engine.combine import PARTS, RESULT, CombineBench
from skyburst.engine.plan import make_plan
from skyburst.engine.stage import (
    MOST_GROUPS,
    StageBench,
    TaskGroup,
    finish,
    groups_of,
    may_run_again,
    merge_groups,
    name_of,
    placed,
    run_group,
    store_tasks,
    top_of,
)
from skyburst.errors import InvalidAnalysis, ObjectNotFound
from skyburst.objects import open_store

PREFIX = "jobs/job-1/"


@given(st.lists(st.integers(2, 50), max_size=200), st.integers(1, 60))
def test_each_task_is_in_one_group_and_groups_are_alike(sizes: list[int], most: int) -> None:
    ends = list(accumulate(sizes))
    groups = groups_of(ends, most)
    assert len(groups) <= most
    assert [group.number for group in groups] == list(range(len(groups)))
    assert [task for group in groups for task in range(group.first, group.last)] == list(range(len(ends)))
    bytes_of = [0, *ends]
    assert all((group.start, group.end) == (bytes_of[group.first], bytes_of[group.last]) for group in groups)
    lengths = [group.last - group.first for group in groups]
    assert len(set(lengths[:-1])) <= 1
    assert not lengths or lengths[-1] <= lengths[0]


def test_few_tasks_are_groups_of_their_own_and_many_are_put_together() -> None:
    assert len(groups_of(range(2, 2 * MOST_GROUPS + 2, 2))) == MOST_GROUPS
    together = groups_of(range(2, 2_002, 2))
    assert (len(together), together[0].last) == (500, 2)


@pytest.fixture
def bench(tmp_path: Path) -> CombineBench:
    """Nothing but a combiner that yields."""
    context = {
        "job_id": "job-1",
        "name": None,
        "parameters": {"factor": 10},
        "items": 3,
        "items_location": None,
        "missing": [],
        "item_errors": [],
    }
    combiner = Combiner(lambda partials: (number for number in range(3)))
    return CombineBench(
        combiner, make_plan(3, 1), lambda first, last: iter(()), open_store("memory://"), PREFIX, tmp_path, context
    )


def stage_of(worker: Callable[[Any, TaskContext], Any], tasks: Any = None) -> SecondStage:
    make = (
        (lambda value, context: ({"of": entry} for entry in value)) if tasks is None else lambda value, context: tasks
    )
    return SecondStage(make, worker, lambda value, results, context: [*value, *results])


def run_all(bench: CombineBench, functions: SecondStage) -> list[Failure | None]:
    """All steps up to the merging; what became of each group."""
    value = top_of(bench)
    context = bench.context
    at_hand = StageBench(
        functions, bench.objects, PREFIX + PARTS, bench.scratch, "job-1", context["parameters"], "/library"
    )
    return [run_group(at_hand, group, 2, 60.0) for group in store_tasks(bench, functions, value)]


def test_tasks_are_given_their_context_and_what_they_return_is_merged_in_order(bench: CombineBench) -> None:
    def work(task: Any, context: TaskContext) -> list[Any]:
        assert 50 < context.time_left() <= 60
        seen = context.once("seen", list)
        seen.append(task["of"])
        return [task["of"] * context.parameters["factor"], len(seen), context.attempt, context.items_location]

    functions = stage_of(work)
    assert run_all(bench, functions) == [None] * 3
    merge_groups(bench, functions, 3)
    finish(bench)
    expected = [0, 1, 2, *([10 * task, task + 1, 2, "/library"] for task in range(3))]
    assert values.decode(bench.objects.get(PREFIX + RESULT)) == expected
    assert not list(bench.scratch.iterdir())


def test_the_task_that_failed_is_named_and_a_group_that_is_not_done_is_an_error(bench: CombineBench) -> None:
    functions = stage_of(lambda task, context: 1 // (1 - task["of"]))
    first, second, third = run_all(bench, functions)
    assert (first, third) == (None, None)
    assert second is not None
    assert second.kind == "ZeroDivisionError"
    assert second.message.endswith("(task 1)")
    assert "stage.py" not in second.traceback.replace("test_stage.py", ""), "frames of the engine say nothing"
    with pytest.raises(ObjectNotFound):
        merge_groups(bench, functions, 3)


@pytest.mark.parametrize("tasks", ["text", {"a": 1}, 3])
def test_what_is_no_list_of_tasks_is_refused(bench: CombineBench, tasks: Any) -> None:
    functions = stage_of(lambda task, context: task, tasks)
    with pytest.raises(InvalidAnalysis, match=f"returned {type(tasks).__name__}: return a list"):
        run_all(bench, functions)


def test_functions_that_cannot_be_called_as_they_will_be_are_refused() -> None:
    with pytest.raises(InvalidAnalysis, match=r"the worker of a second stage .*\(task, context\)"):
        stage_of(lambda task: task)  # type: ignore[arg-type, misc]


def test_a_group_is_run_again_as_often_as_a_batch_unless_it_took_all_the_time() -> None:
    assert may_run_again(Failure("ValueError", ""), 1, 2)
    assert may_run_again(Failure("Killed", ""), 1, 2)
    assert not may_run_again(Failure("ValueError", ""), 2, 2)
    assert not may_run_again(Failure("NotJson", ""), 1, 2)
    assert not may_run_again(Failure("TimedOut", ""), 1, 2)


def test_tasks_are_named_by_the_first_and_the_last() -> None:
    assert [name_of(TaskGroup(0, 7, 8, 0, 1)), name_of(TaskGroup(0, 7, 10, 0, 1))] == ["7", "7-9"]
    assert placed(Failure("Killed", "gone"), TaskGroup(0, 7, 10, 0, 1)).message == "gone (one of the tasks 7-9)"
