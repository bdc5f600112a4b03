"""What the decorators accept, and what they make."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import skyburst
from skyburst.analysis import PartialResult
from skyburst.errors import InvalidAnalysis, ObjectNotFound
from skyburst.reading import read_location


def count(batch: skyburst.Batch) -> int:
    """Count the items."""
    return len(batch.items)


def test_a_worker_is_still_the_function_that_it_was() -> None:
    worker = skyburst.worker(count)
    batch = skyburst.Batch(0, 0, 2, [1, 2], {}, skyburst.Context("job", 1, math.inf, None, {}))
    assert worker(batch) == 2
    assert (worker.__name__, worker.__doc__, worker.__module__) == ("count", "Count the items.", __name__)


class Counting:
    def __call__(self, batch: skyburst.Batch) -> int:
        return 1


@pytest.mark.parametrize(
    "function",
    [count, lambda anything: 1, lambda batch, extra=3: 1, lambda batch, *, extra=3: 1, partial(pow, 2), Counting()],
)
def test_whatever_can_be_called_with_a_batch_is_a_worker(function: Any) -> None:
    assert skyburst.worker(function).function is function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("count", r"^a worker must be a function \(batch\), not 'count'"),
        (lambda: 1, r"^a worker must take \(batch\), but <lambda>\(\) does not"),
        (lambda first, second: 1, r"but <lambda>\(first, second\) does not"),
        (lambda batch, *, needed: 1, r"but <lambda>\(batch, \*, needed\) does not"),
        (lambda *, batch: 1, r"does not"),
        (dict, r"^a worker must take \(batch\), and dict does not say what it takes: wrap it"),
    ],
)
def test_what_cannot_be_called_with_a_batch_is_refused_with_what_it_takes(function: Any, message: str) -> None:
    with pytest.raises(InvalidAnalysis, match=message):
        skyburst.worker(function)


def test_a_combiner_gets_its_context_when_it_takes_one() -> None:
    @skyburst.combiner
    def plain(partials: Iterator[PartialResult]) -> list[Any]:
        return [partial.value for partial in partials]

    @skyburst.combiner(associative=True)
    def told(partials: Iterator[PartialResult], context: Any) -> Any:
        return context

    assert plain(iter([PartialResult.of(1)])) == [1]
    assert told(iter([]), "the context") == "the context"  # type: ignore[arg-type]
    assert (plain.associative, told.associative) == (False, True)


@pytest.mark.parametrize(
    "function", [3, lambda: 1, lambda first, second, third: 1, lambda partials, context, *, needed: 1]
)
def test_what_cannot_be_called_with_partial_results_is_no_combiner(function: Any) -> None:
    with pytest.raises(InvalidAnalysis, match=r"^a combiner must .*\(partials\) or \(partials, context\)"):
        skyburst.combiner(function)


def test_finish_and_summary_take_two_arguments_and_stay_what_they_are() -> None:
    combiner = skyburst.combiners.total()

    @combiner.finish
    def report(value: Any, context: Any) -> Any:
        return value

    @combiner.summary
    def lines(value: Any, parameters: Any) -> list[str]:
        return [str(value)]

    assert (combiner.finish_function, combiner.summary_function) == (report, lines)
    with pytest.raises(InvalidAnalysis, match=r"^a finish function must take \(value, context\)"):
        combiner.finish(lambda value: value)  # type: ignore[arg-type, misc]
    with pytest.raises(InvalidAnalysis, match=r"^a summary function must take \(value, parameters\)"):
        combiner.summary(list)  # type: ignore[arg-type, misc]


def test_a_partial_result_can_be_made_and_read_again_and_again() -> None:
    partial_result = PartialResult.of([1, [2]], 10, 20)
    assert (partial_result.start, partial_result.end) == (10, 20)
    for _ in range(2):
        assert partial_result.value == [1, [2]]
        assert list(partial_result.results()) == [1, [2]]
    assert list(PartialResult.of({"a": 1}).results()) == [{"a": 1}]


def test_a_location_without_an_object_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        read_location("/no-such-file")
    with pytest.raises(ObjectNotFound, match="no-such-object"):
        read_location("memory:///no-such-object")
