"""What AWS Batch says of a job that failed, as the failure of its batch."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.homes.aws.ended import SILENT, end_of
from workers import start

EXITED = "Essential container in task exited"


def described(status: str, code: int | None = None, reason: str = "", tries: int = 1, **more: Any) -> dict[str, Any]:
    """As DescribeJobs has it."""
    container = {"logStreamName": "d/default/1", **({"exitCode": code} if code is not None else {})}
    container |= {"reason": reason} if reason else {}
    attempt = {"container": container, "startedAt": 10_000, "stoppedAt": 12_500, "statusReason": status}
    options = {"options": {"awslogs-group": "/skyburst/environments"}}
    return {
        "status": "FAILED", "statusReason": status, "attempts": [attempt] * tries, "startedAt": 10_000,
        "container": {**container, "logConfiguration": options}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("job", "kind", "machine", "said"),
    [
        (described("Host EC2 (instance i-1) terminated.", tries=3), "Killed", True, "instance i-1"),
        (described(EXITED, 3), "EnvironmentFailed", False, "exit code 3"),
        (described(EXITED, start.NO_CODE), "NoCode", True, "as after a deployment"),
        (
            described(EXITED, 137, "OutOfMemoryError: Container killed due to memory usage"),
            "OutOfMemory",
            False,
            "OutOfMem",
        ),
        (described(EXITED, 137), "OutOfMemory", False, "memory runs out"),
        (described("Job attempt duration exceeded timeout", 137), "TimedOut", False, "exceeded timeout"),
        (
            described("Task failed to start", None, "CannotPullContainerError: no such image"),
            "ImageNotPulled",
            False,
            "no such",
        ),
        (described("Task failed to start", None, "DockerTimeoutError: slow"), "Killed", True, "could not start it"),
        (described(SILENT, 137, isTerminated=True), "Killed", True, "did not answer"),
        (described("stopped by the operator", 143, isTerminated=True), "Terminated", False, "stopped by the operator"),
        (described(EXITED, 137, isTerminated=True), "Terminated", False, EXITED),
        ({"status": "FAILED"}, "Terminated", False, "no reason was given"),
    ],
)
def test_each_end_has_a_kind_and_says_whether_its_machine_is_to_blame(
    job: dict[str, Any], kind: str, machine: bool, said: str
) -> None:
    end = end_of(job)
    assert (end.failure.kind, end.machine) == (kind, machine)
    assert said in end.failure.message


def test_the_exit_code_the_times_the_log_and_the_attempts_are_kept() -> None:
    end = end_of(described(EXITED, 3, tries=2))
    assert (end.failure.exit_code, end.started_at, end.stopped_at, end.tries) == (3, 10.0, 12.5, 2)
    assert end.log == "/skyburst/environments:d/default/1"


def test_what_waited_for_a_machine_in_vain_has_made_no_attempt() -> None:
    waited = {"status": "FAILED", "statusReason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "attempts": []}
    end = end_of({**waited, "isTerminated": True})
    assert (end.failure.kind, end.tries, end.machine) == ("NeverStarted", 0, False)
