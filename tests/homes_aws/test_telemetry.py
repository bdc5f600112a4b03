"""Metrics and logs are lines of JSON that CloudWatch can read; traces are found by job."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

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


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    """What X-Ray's daemon is beside a function: it is sent parts of traces."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(20)
        yield listening


TRACED = """
import sys
from skyburst.homes.aws.telemetry import traced
try:
    with traced("watch", {"job": "j-1", "run": 2, "level": 0, "task": None}) as annotate:
        annotate(analysis="mine", nothing=None)
        if "fail" in sys.argv:
            raise ValueError("told to fail")
except ValueError:
    pass
print("aws_xray_sdk" in sys.modules)
"""


def trace(daemon: socket.socket, *arguments: str, **variables: str) -> bool:
    """Run something that is traced as in Lambda, in a process of its own; whether it imported the tracer's library."""
    port = daemon.getsockname()[1]
    lambdas = {"LAMBDA_TASK_ROOT": "/var/task", "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{port}"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRACED, *arguments], env={**os.environ, **lambdas, **variables},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout == "True\n"


def told(daemon: socket.socket) -> dict[str, Any]:
    """A part of a trace."""
    header, _, body = daemon.recv(65_536).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    part: dict[str, Any] = json.loads(body)
    return part


SAMPLED = "Root=1-65a5b0c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled="


def test_a_sampled_invocation_is_found_in_its_trace_by_job_run_level_and_analysis(daemon: socket.socket) -> None:
    assert trace(daemon, _X_AMZN_TRACE_ID=f"{SAMPLED}1")
    part = told(daemon)
    assert part["annotations"] == {"job": "j-1", "run": 2, "level": 0, "analysis": "mine"}
    assert (part["name"], part["trace_id"], part["parent_id"]) == (
        "## watch",
        "1-65a5b0c0-0123456789abcdef01234567",
        "0123456789abcdef",
    )
    assert trace(daemon, "fail", _X_AMZN_TRACE_ID=f"{SAMPLED}1")
    assert told(daemon)["cause"]["exceptions"][0]["message"] == "told to fail"


@pytest.mark.parametrize("variables", [{}, {"_X_AMZN_TRACE_ID": f"{SAMPLED}0"}])
def test_what_is_not_sampled_costs_no_import_and_tells_nothing(
    daemon: socket.socket, variables: dict[str, str]
) -> None:
    assert not trace(daemon, **variables)
    daemon.settimeout(0.05)
    with pytest.raises(TimeoutError):
        daemon.recv(1)


def test_outside_of_lambda_nothing_is_traced(daemon: socket.socket) -> None:
    trace(daemon, _X_AMZN_TRACE_ID=f"{SAMPLED}1", LAMBDA_TASK_ROOT="")
    daemon.settimeout(0.05)
    with pytest.raises(TimeoutError):
        daemon.recv(1)
