"""What a worker process does of a second stage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from skyburst.analysis import SecondStage
from skyburst.contracts.records import Failure
from skyburst.engine import stage
from skyburst.engine.combine import PARTS, CombineBench, make_result
from skyburst.engine.work import Bench, describe

Opener = Callable[[dict[str, Any]], AbstractContextManager[CombineBench]]
"""Gives a combiner's bench from what the driver says of the job."""


class SecondStageRequests:
    """Answers the requests of a second stage, each named as its step; kept for all of a job.

    Args:
        functions: of the second stage.
        bench: of the batches.
        combining: opens the bench of the combiner.
    """

    def __init__(self, functions: SecondStage, bench: Bench, combining: Opener) -> None:
        self._functions = functions
        self._bench = bench
        self._combining = combining
        self._kept: dict[str, Any] = {}

    def begin(self, context: dict[str, Any]) -> dict[str, Any]:
        """Merge what is left of the tree, and have the analysis make the tasks.

        Returns:
            `{"groups": [TaskGroup, ...]}`; `{"result": of the combiner}` when there are no tasks; or
            `{"failure": as a list}`, why the analysis could not make them.
        """
        with self._combining(context) as bench:
            value = stage.top_of(bench)
            try:
                groups = stage.store_tasks(bench, self._functions, value)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is the second stage's
                return {"failure": list(describe(error))}
            return {"groups": groups} if groups else {"result": make_result(bench, value)}

    def group(self, group: list[int], attempt: int, timeout_s: float) -> Failure | None:
        """Run the tasks of a group; why that failed, if it did."""
        bench = self._bench
        at_hand = stage.StageBench(
            self._functions, bench.objects, bench.prefix + PARTS, bench.scratch, bench.job_id, bench.parameters,
            bench.items.one_library, self._kept,
        )  # fmt: skip
        return stage.run_group(at_hand, stage.TaskGroup(*group), attempt, timeout_s)

    def merge(self, context: dict[str, Any], groups: int) -> None:
        """Have the analysis merge the results of all tasks."""
        with self._combining(context) as bench:
            stage.merge_groups(bench, self._functions, groups)

    def finish(self, context: dict[str, Any]) -> dict[str, Any]:
        """Make the result."""
        with self._combining(context) as bench:
            return stage.finish(bench)
