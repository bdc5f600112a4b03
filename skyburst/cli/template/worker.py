"""Finds the numbers that take the most steps to 1: the worker, the combiner, and the list of items."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import skyburst


def list_items(parameters: dict[str, Any], _context: skyburst.ItemsContext) -> Iterator[int]:
    """List the items of a job: any JSON values. They are split into batches."""
    yield from range(1, parameters["numbers"] + 1)


@skyburst.worker
def steps_to_one(batch: skyburst.Batch) -> Iterator[dict[str, int]]:
    """Run on one batch, on many batches at once; yields JSON values, or returns one."""
    for number in batch.items:
        steps, value = 0, number
        while value != 1:
            value = value // 2 if value % 2 == 0 else 3 * value + 1
            steps += 1
        yield {"number": number, "steps": steps}


@skyburst.combiner(associative=True)
def longest(partials: Iterator[skyburst.PartialResult], context: skyburst.CombineContext) -> list[dict[str, int]]:
    """Merge what the batches found, one partial result after the other.

    What it returns looks like what a worker yields, so its values can be combined again: it is associative.
    """
    found = (result for partial in partials for result in partial.results())
    return heapq.nlargest(context.parameters["keep"], found, key=lambda result: result["steps"])


@longest.summary
def summary(value: list[dict[str, int]], _parameters: dict[str, Any]) -> list[str]:
    """Describe the best results so far, for the progress bar."""
    return [f"{result['number']:,}: {result['steps']} steps" for result in value[:5]]


@longest.finish
def report(value: list[dict[str, int]], context: skyburst.FinishContext) -> list[dict[str, int]]:
    """Make the result of what was combined, and write files for people."""
    rows = "".join(f"{result['number']},{result['steps']}\n" for result in value)
    context.write("longest.csv", f"number,steps\n{rows}".encode())
    return value
