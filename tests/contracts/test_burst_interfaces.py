"""The interfaces of burst-compute: partitions against the published formulas, refusals, events."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts import burst
from skyburst.contracts.burst import Call, Foreign, is_dispatch, parse_dispatch
from skyburst.contracts.records import Missing
from skyburst.contracts.states import JobState
from skyburst.errors import InvalidJob
from tests.conftest import REPOSITORY

TREE = {
    "workerFunctionName": "search-worker", "combinerFunctionName": "search-combiner", "startIndex": 0, "endIndex": 100,
    "batchSize": 40, "numLevels": 2, "maxParallelism": 3000, "searchTimeoutSecs": 60, "jobParameters": {"mask": 1},
}  # fmt: skip
MAP = {
    "workerFunctionName": "arn:aws:lambda:us-east-1:123456789012:function:w", "combinerFunctionName": "c:live",
    "datasetStartIndex": 10, "datasetEndIndex": 100, "batchSize": 40, "maxParallelism": 100, "jobsTimeoutSecs": 90,
    "toleratedPercentageFailure": 5, "jobParameters": {},
}  # fmt: skip
SIZES = {"start": st.integers(0, 10**6), "items": st.integers(1, 10**6), "size": st.integers(1, 10**4)}


@pytest.mark.parametrize(
    ("items", "size", "levels", "parallelism", "used", "workers", "factor"),
    [
        (45_018, 40, 2, 3_000, 40, 1_126, 34),
        (50_000, 40, 1, 3_000, 40, 1_250, 1_250),
        (50_000, 40, 2, 3_000, 40, 1_250, 36),
        (50_000, 40, 3, 3_000, 40, 1_250, 11),
        (672_698, 40, 2, 3_000, 225, 2_990, 55),
        (672_698, 40, 3, 3_000, 225, 2_990, 15),
        (672_698, 40, 2, 10_000, 68, 9_893, 100),
    ],
)
def test_partitions_of_the_first_generation_are_as_published(
    items: int, size: int, levels: int, parallelism: int, used: int, workers: int, factor: int
) -> None:
    document = {**TREE, "endIndex": items, "batchSize": size, "numLevels": levels, "maxParallelism": parallelism}
    spec, foreign = parse_dispatch(document)
    assert (foreign.batch_size, foreign.batches, foreign.branching_factor) == (used, workers, factor)
    assert (spec.batch_size, spec.items, spec.timeout_s) == (used, {"range": [0, items]}, 60)


@given(**SIZES, parallelism=st.integers(1, 10_000), levels=st.integers(1, 4))
def test_every_index_is_in_one_batch_of_the_first_generation_wherever_it_starts(
    start: int, items: int, size: int, parallelism: int, levels: int
) -> None:
    document = {
        **TREE, "startIndex": start, "endIndex": start + items, "batchSize": size, "maxParallelism": parallelism,
        "numLevels": levels,
    }  # fmt: skip
    foreign = parse_dispatch(document)[1]
    assert foreign.batches <= parallelism
    assert foreign.batch_size == (size if math.ceil(items / size) <= parallelism else math.ceil(items / parallelism))
    assert foreign.branching_factor is not None
    assert foreign.branching_factor**levels >= foreign.batches
    assert foreign.branching_factor == 1 or (foreign.branching_factor - 1) ** levels < foreign.batches
    check_cover(foreign)


@given(**SIZES, parallelism=st.integers(1, 10_000))
def test_every_index_is_in_one_batch_of_the_second_generation_and_two_rounds_hold_them(
    start: int, items: int, size: int, parallelism: int
) -> None:
    document = {
        **MAP, "datasetStartIndex": start, "datasetEndIndex": start + items, "batchSize": size,
        "maxParallelism": parallelism,
    }  # fmt: skip
    spec, foreign = parse_dispatch(document)
    in_flight = min(5_000, parallelism)
    assert spec.max_parallelism == in_flight
    assert foreign.batches <= 2 * in_flight
    enlarged = math.ceil(items / size) > in_flight
    assert foreign.batch_size == (math.ceil(items / (2 * in_flight)) if enlarged else size)
    check_cover(foreign)


def check_cover(foreign: Foreign) -> None:
    """Batches follow one another from the first index to the last."""
    call = Call("job", "table", {}, "now", "watch")
    some = {0, 1, foreign.batches // 2, foreign.batches - 2, foreign.batches - 1} & set(range(foreign.batches))
    ranges = {batch: burst.worker_event(foreign, call, batch) for batch in some}
    assert ranges[0]["startIndex"] == foreign.start
    assert ranges[foreign.batches - 1]["endIndex"] == foreign.end
    for batch, event in ranges.items():
        assert event["startIndex"] < event["endIndex"]
        assert event["startIndex"] == foreign.start + batch * foreign.batch_size
        if batch + 1 in ranges:
            assert event["endIndex"] == ranges[batch + 1]["startIndex"]


def test_a_dispatch_of_the_second_generation_becomes_a_job() -> None:
    spec, foreign = parse_dispatch(MAP)
    assert spec.document() == {
        "analysis": "burst-compute", "items": {"range": [10, 100]}, "batch_size": 40, "max_parallelism": 100,
        "timeout_s": 90, "tolerated_failure_percent": 5.0,
    }  # fmt: skip
    assert foreign == Foreign(2, MAP["workerFunctionName"], "c:live", 10, 100, 40, 3, 90)  # type: ignore[arg-type]
    assert burst.dispatch_output("j", foreign.document()) == {"jobId": "j", "numBatches": 3}


def test_the_samples_of_the_documentation_fit_each_other() -> None:
    samples = REPOSITORY / "docs" / "samples"
    dispatch = parse_dispatch(json.loads((samples / "dispatch.json").read_text(encoding="utf-8")))[1]
    listed = json.loads((samples / "burst_functions.json").read_text(encoding="utf-8"))["context"]["burst_functions"]
    assert [name.rpartition(":")[2] for name in listed] == [dispatch.worker, dispatch.combiner]


def test_what_is_left_out_gets_the_published_defaults_and_a_tolerance_of_nothing_is_kept() -> None:
    names = {"workerFunctionName": "w", "combinerFunctionName": "c"}
    spec, foreign = parse_dispatch({**names, "endIndex": 100})
    found = (spec.batch_size, spec.max_parallelism, spec.timeout_s, spec.tolerated_failure_percent, foreign.levels)
    assert found == (50, 3_000, 60, 0, 2)
    spec, foreign = parse_dispatch({**names, "datasetEndIndex": 100})
    found = (spec.batch_size, spec.max_parallelism, spec.timeout_s, spec.tolerated_failure_percent, foreign.levels)
    assert found == (50, 5_000, 600, 10, None)
    assert parse_dispatch({**MAP, "toleratedPercentageFailure": 0})[0].tolerated_failure_percent == 0


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({**TREE, "endIndex": 0}, "job.endIndex is 0: expected more than startIndex, which is 0; the end is exclusive"),
        ({**TREE, "batchSize": 0}, "job.batchSize is 0: expected int >= 1"),
        ({**TREE, "batchSize": "40"}, 'job.batchSize is "40": expected int, got str'),
        ({**TREE, "batchsize": 4}, "job.batchsize: there is no such field; did you mean 'batchSize'?"),
        ({**TREE, "jobsTimeoutSecs": 4}, "job has 'startIndex', of the dispatch input of burst-compute until 2023"),
        ({**TREE, "workerFunctionName": "no name!"}, "that is the name or the ARN of a Lambda function"),
        ({**TREE, "jobParameters": [1]}, "job.jobParameters is [1]: expected object, got array"),
        ({"workerFunctionName": "w", "combinerFunctionName": "c"}, "job.datasetEndIndex is missing"),
        ({"workerFunctionName": "w", "endIndex": 4}, "missing required field combinerFunctionName"),
        ({**MAP, "datasetStartIndex": -1}, "job.datasetStartIndex is -1: expected int >= 0"),
        ({**MAP, "toleratedPercentageFailure": 101}, "job.toleratedPercentageFailure is 101: expected float <= 100"),
    ],
)
def test_what_is_wrong_is_said(document: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        parse_dispatch(document)
    assert said in str(caught.value)


@pytest.mark.parametrize("document", [TREE, MAP])
def test_a_dispatch_may_say_whose_it_is_as_a_job_specification_does(document: dict[str, Any]) -> None:
    spec, _ = parse_dispatch({**document, "group": "lab", "user": "ada"})
    assert (spec.group, spec.user) == ("lab", "ada")
    spec, _ = parse_dispatch(document)
    assert (spec.group, spec.user) == (None, None)
    with pytest.raises(InvalidJob, match=r'job\.group is "a b"'):
        parse_dispatch({**document, "group": "a b"})


def test_a_dispatch_is_told_from_a_job_specification() -> None:
    assert is_dispatch(TREE)
    assert is_dispatch(MAP)
    assert not is_dispatch({"analysis": "monte-carlo"})


@pytest.mark.parametrize(
    ("state", "remaining", "told"),
    [
        (JobState.SUCCEEDED, 0, {"completed": True, "timedOut": False}),
        (JobState.PARTIAL, 1, {"completed": True, "timedOut": False, "withErrors": True}),
        (JobState.FAILED, 2, {"completed": True, "timedOut": False, "withErrors": True}),
        (JobState.TIMED_OUT, 3, {"completed": False, "timedOut": True}),
        (JobState.CANCELLED, 3, {"completed": False, "timedOut": True}),
    ],
)
def test_a_combiner_of_the_first_generation_learns_how_it_ended(
    state: JobState, remaining: int, told: dict[str, bool]
) -> None:
    event = combiner_event(TREE, state, remaining)
    assert event["numRemaining"] == remaining
    assert event["elapsedSecs"] == 7
    assert {name: event[name] for name in ("completed", "timedOut", "withErrors") if name in event} == told
    again = burst.after_error(1, event, "Error", "it broke")
    assert again == {**event, "fatalErrors": [{"Error": "Error", "Cause": "it broke"}]}


@pytest.mark.parametrize(("state", "completed"), [(JobState.PARTIAL, True), (JobState.FAILED, False)])
def test_a_combiner_of_the_second_generation_learns_what_is_missing(state: JobState, completed: bool) -> None:
    gaps = [
        Missing(3, 3, 12, 16, "ValueError: bad: item"),
        Missing(5, 8, 20, 36, "not run: the job ended before it was sent"),
    ]
    event = combiner_event(MAP, state, 5, gaps)
    assert event["completed"] is completed
    assert event["batchErrors"] == [
        {"Error": "ValueError", "Cause": "batch 3: bad: item"},
        {"Error": "States.TaskFailed", "Cause": "batches 5-8: not run: the job ended before it was sent"},
    ]
    again = burst.after_error(2, event, "Error", "it broke")
    assert "completed" not in again
    assert again["batchErrors"][0] == {"Error": "Error", "Cause": "it broke"}
    assert len(again["batchErrors"]) == 3


def combiner_event(
    document: dict[str, Any], state: JobState, remaining: int, missing: list[Missing] | None = None
) -> dict[str, Any]:
    """An event of a job that took 7.9 s."""
    call = Call("job", "table", {}, "2026-01-01T00:00:00.000Z", "watch")
    return burst.combiner_event(
        parse_dispatch(document)[1], call, state=state, remaining=remaining, missing=missing or [], elapsed_s=7.9
    )
