"""Metrics and logs are lines of JSON that CloudWatch can read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from skyburst.contracts.records import Failure, Outcome, Progress
from skyburst.contracts.states import JobState
from skyburst.homes.aws import telemetry


@pytest.fixture
def framework() -> Iterator[logging.Logger]:
    """The framework's logger, afterwards as it was."""
    logger = logging.getLogger("skyburst")
    before = logger.handlers, logger.level, logger.propagate
    yield logger
    logger.handlers, logger.level, logger.propagate = before


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def outcome(failure: Failure | None = None) -> Outcome:
    return Outcome(0, 1, 7, b"v1", None, 2, None, 1.0, 2.5, 50.0, None, failure)


def test_metrics_have_names_units_and_dimensions(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.measure_batch("mine", "acting", outcome(), cold=True)
    (line,) = written(capsys)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    assert metrics["Namespace"] == "Skyburst"
    assert metrics["Dimensions"] == [["deployment", "analysis"]]
    units = {metric["Name"]: metric["Unit"] for metric in metrics["Metrics"]}
    assert units == {"AttemptsDone": "Count", "Items": "Count", "WorkerSeconds": "Seconds", "ColdStarts": "Count"}
    assert (line["deployment"], line["analysis"], line["WorkerSeconds"], line["Items"]) == (
        "mine",
        "acting",
        [2.5],
        [7],
    )


def test_what_is_nothing_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.measure({"ThrottledInvokes": 0, "UnsentChildren": 0}, "mine")
    assert written(capsys) == []


def test_a_failure_because_s3_is_busy_counts_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    busy = "object 'a' in s3://b: Generic S3 error: Server returned non-2xx status code: 503 Service Unavailable: <?xml"
    telemetry.measure_batch("mine", "acting", outcome(Failure("StorageError", busy)), cold=False)
    attempt, slow = written(capsys)
    assert attempt["AttemptsFailed"] == [1]
    assert "Items" not in attempt
    assert slow["SlowDowns"] == [1]
    telemetry.measure_batch("mine", "acting", outcome(Failure("ValueError", "no")), cold=False)
    assert len(written(capsys)) == 1


@pytest.mark.parametrize("state", [state for state in JobState if state.finished])
def test_the_end_of_a_job_is_counted_for_alarms_and_by_analysis(
    state: JobState, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Progress(state, 10, items=100, done=9, failed=1, items_done=90)
    telemetry.measure_job("mine", "acting", state, 12.5, counts)
    by_analysis, by_deployment = written(capsys)
    name = telemetry.JOB_ENDS[state]
    assert by_analysis[name] == by_deployment[name] == [1]
    assert (by_analysis["JobSeconds"], by_analysis["BatchesDone"], by_analysis["BatchesFailed"]) == ([12.5], [9], [1])
    assert "analysis" not in by_deployment


def test_what_the_framework_logs_says_what_it_is_about(
    framework: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKYBURST_LANE", "2")
    logger = telemetry.logger_of("test-telemetry")
    telemetry.about(logger, {"job": "j", "run": 1, "batch": 4, "level": 1})
    logging.getLogger("skyburst.homes.aws.events").warning("events were not told", extra={"events": 3})
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {name: line[name] for name in ("job", "run", "batch", "tree_level", "lane", "events", "message")} == {
        "job": "j", "run": 1, "batch": 4, "tree_level": 1, "lane": "2", "events": 3, "message": "events were not told",
    }  # fmt: skip
