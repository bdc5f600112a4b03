"""How a list of jobs ends: pure decisions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyburst.contracts.job import parse_job
from skyburst.contracts.job_list import check_length, parse_job_list
from skyburst.contracts.states import JobState
from skyburst.errors import InvalidJob
from skyburst.homes.aws.foreign import InvalidRow, row_of
from skyburst.homes.aws.job_lists import Ended, conclude, job_name
from skyburst.homes.aws.unfinished import told_by
from tests.conftest import REPOSITORY

ROW = {"jobId": "j", "batchId": 3, "nresults": 1, "ttl": 5, "resultsMimeType": "application/json", "results": "[1]"}


def ended(*states: str) -> list[Ended]:
    return [Ended(index, f"j-{index}", state, "why") for index, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "tolerated", "state", "reason"),
    [
        ([], 0, JobState.SUCCEEDED, "all 10 jobs succeeded"),
        (["PARTIAL"], 0, JobState.PARTIAL, "9 of 10 jobs succeeded, 1 with some batches missing"),
        (["FAILED"], 10, JobState.PARTIAL, "9 of 10 jobs succeeded, 1 ended without a result, and 10 % may"),
        (["FAILED", "TIMED_OUT"], 10, JobState.FAILED, "and 10 % may; jobs[0] FAILED: why; jobs[1] TIMED_OUT: why"),
        (["FAILED"] * 5, 0, JobState.FAILED, "jobs[2] FAILED: why; and 2 more"),
        (["CANCELLED"] * 10, 100, JobState.FAILED, "0 of 10 jobs succeeded"),
    ],
)
def test_how_a_list_ends(states: list[str], tolerated: float, state: JobState, reason: str) -> None:
    found, said = conclude(10, ended(*states), tolerated)
    assert found is state
    assert reason in said


@pytest.mark.parametrize(
    ("execution", "told"),
    [
        ({"status": "SUCCEEDED", "output": json.dumps({"state": "PARTIAL", "reason": "r"})}, ("PARTIAL", "r")),
        ({"status": "RUNNING"}, ("RUNNING", "it still runs")),
        ({"status": "ABORTED", "cause": "by hand"}, ("CANCELLED", "ABORTED: by hand")),
        ({"status": "FAILED", "error": "CANCELLED", "cause": "by the first"}, ("CANCELLED", "by the first")),
        ({"status": "TIMED_OUT"}, ("TIMED_OUT", "TIMED_OUT: no reason was given")),
        (
            {"status": "FAILED", "error": "InvalidJob", "cause": json.dumps({"errorMessage": "job.items is bad"})},
            ("FAILED", "InvalidJob: job.items is bad"),
        ),
    ],
)
def test_what_an_execution_tells_of_a_job(execution: dict[str, Any], told: tuple[str, str]) -> None:
    assert told_by(execution) == told


def test_names_of_jobs_fit_into_those_of_executions() -> None:
    longest = "n" * 73
    assert parse_job_list({"jobs": [{}], "name": longest}).name == longest
    assert len(job_name(longest, 99_999)) <= 80
    with pytest.raises(InvalidJob, match="at most 73"):
        parse_job_list({"jobs": [{}], "name": longest + "n"})
    with pytest.raises(InvalidJob, match="letters, digits"):
        parse_job_list({"jobs": [{}], "name": "a/b"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give the jobs either as `jobs`"),
        ({"jobs": [{}], "manifest": "s3://a/b"}, "give the jobs either as `jobs`"),
        ({"jobs": {}}, "jobs is {}: expected array"),
        (
            {"jobs": [{}], "max_concurency": 3},
            "max_concurency: there is no such field; did you mean 'max_concurrency'?",
        ),
        ({"jobs": [{}], "max_concurrency": 0}, "max_concurrency is 0: expected int >= 1"),
        ({"jobs": [{}], "tolerated_failure_percent": 101}, "tolerated_failure_percent is 101: expected float <= 100"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        parse_job_list(given)
    assert said in str(caught.value)


def test_the_sample_of_the_documentation_is_a_list_of_jobs() -> None:
    given = parse_job_list(json.loads((REPOSITORY / "docs/samples/many_jobs.json").read_text(encoding="utf-8")))
    assert [parse_job(job).analysis for job in given.jobs or []] == ["monte-carlo"] * 2


def test_a_list_has_one_to_a_hundred_thousand_jobs() -> None:
    assert len(check_length([{}] * 100_000, "jobs")) == 100_000
    for wrong in ([], [{}] * 100_001, {"a": 1}):
        with pytest.raises(InvalidJob, match=r"list has|list holds"):
            check_length(wrong, "list")


def test_a_returned_row_is_stored_as_documented() -> None:
    assert row_of(ROW, "j", 3) == {
        "jobId": {"S": "j"}, "batchId": {"N": "3"}, "nresults": {"N": "1"}, "ttl": {"N": "5"},
        "resultsMimeType": {"S": "application/json"}, "results": {"S": "[1]"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"jobId": "other"}, "jobId is 'other': expected 'j'"),
        ({"batchId": "3"}, "batchId is '3': expected 3"),
        ({"results": [1]}, r"results is \[1\]: expected text"),
        ({"ttl": "soon"}, "ttl is 'soon': expected a whole number"),
    ],
)
def test_a_row_that_cannot_be_stored_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRow, match=said):
        row_of({**ROW, **change}, "j", 3)


MACHINE = json.loads((REPOSITORY / "step_functions" / "batch.asl.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("state", ["Prepare", "Summarise"])
def test_a_function_whose_process_died_is_called_again_and_one_that_raised_is_not(state: str) -> None:
    tries = {
        error: entry["MaxAttempts"] for entry in MACHINE["States"][state]["Retry"] for error in entry["ErrorEquals"]
    }
    died = {"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout", "Lambda.Unknown"}
    assert {tries[error] for error in died} == {2}
    assert {error for error in tries if not error.startswith("Lambda.")} == died - {"Lambda.Unknown"}, (
        "neither what functions raise nor what cannot be imported: that is the same the next time"
    )
