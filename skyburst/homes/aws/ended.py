"""How a job of AWS Batch ended: what it says about it, as a failure of its batch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyburst.contracts.records import Failure
from skyburst.engine.environments import End

SILENT = "skyburst: nothing was heard of it"
"""Reason of the watcher for ending a job whose machine does not answer any more."""
HOST = "Host EC2"
"""What the reason of a job's status begins with whose machine was taken away, ended or lost."""
TIMED_OUT = "Job attempt duration exceeded timeout"
EXITED = "Essential container in task exited"
NO_CAPACITY = ("CAPACITY:", "MISCONFIGURATION:")
"""What the reason begins with when a queue gave up waiting for a machine."""
IMAGE = ("CannotPullContainer", "CannotPullImage", "CannotPullECRContainer", "ImageNotFound")
AGENT = ("DockerTimeoutError", "CannotStartContainerError", "CannotCreateContainerError", "ResourceInitializationError",
         "CannotInspectContainerError", "InternalError")  # fmt: skip
"""What the reason of a container begins with that its machine could not start."""
KILLED = 137
"""Exit code of a process that was sent SIGKILL: 128 and the number of the signal."""
NO_CODE = 75
"""Exit code of a container that could not get its code (`workers/start.py`)."""
OUT_OF_MEMORY = "OutOfMemoryError"
MS = 1_000


def end_of(job: Mapping[str, Any]) -> End:
    """How a job, or a child of an array, has failed.

    Args:
        job: FAILED, as DescribeJobs has it.
    """
    attempts = job.get("attempts") or []
    last = attempts[-1] if attempts else {}
    container = {**(job.get("container") or {}), **(last.get("container") or {})}
    status = str(last.get("statusReason") or job.get("statusReason") or "")
    over = str(job.get("statusReason") or "")
    code = None if container.get("exitCode") is None else int(container["exitCode"])
    told = bool(job.get("isTerminated") or job.get("isCancelled"))
    if told or over.startswith((SILENT, *NO_CAPACITY)):
        status = over  # of whoever ended it, however its container took that
    if told and not over.startswith((SILENT, *NO_CAPACITY)):
        failure, machine = Failure("Terminated", f"its job of AWS Batch was ended: {over}", exit_code=code), False
    else:
        failure, machine = _explained(status, str(container.get("reason") or ""), code)
    waited = not attempts and not job.get("startedAt")
    tries = 0 if waited and status.startswith(NO_CAPACITY) else max(1, len(attempts))
    started, stopped = (_seconds(last.get(name) or job.get(name)) for name in ("startedAt", "stoppedAt"))
    return End(failure, machine, tries, _log_of(container), started, stopped)


def _explained(status: str, reason: str, code: int | None) -> tuple[Failure, bool]:
    """The failure, and whether its machine is to blame."""
    said = ": ".join(filter(None, (status.rstrip("."), reason)))
    if status.startswith(HOST):
        return Failure("Killed", f"its machine was taken away or broke: {said}"), True
    if status.startswith(SILENT):
        return Failure("Killed", "its machine did not answer any more, and was given up"), True
    if status.startswith(NO_CAPACITY):
        return Failure("NeverStarted", f"there was no machine for it: {said}"), False
    if status.startswith(TIMED_OUT):
        return Failure("TimedOut", f"AWS Batch ended it: {said}", exit_code=code), False
    if reason.startswith(OUT_OF_MEMORY):
        return Failure("OutOfMemory", f"its environment ran out of memory: {said}", exit_code=code), False
    if reason.startswith(IMAGE):
        return Failure("ImageNotPulled", f"its image cannot be had: {said}", exit_code=code), False
    if reason.startswith(AGENT):
        return Failure("Killed", f"its machine could not start it: {said}", exit_code=code), True
    if code == KILLED and (not status or status.startswith(EXITED)):
        return Failure(
            "OutOfMemory", f"it was killed, as the system does when memory runs out: {said}", exit_code=code
        ), False
    if code == NO_CODE and (not status or status.startswith(EXITED)):
        return Failure("NoCode", f"its code was not to be had, as after a deployment: {said}", exit_code=code), True
    if code is not None and (not status or status.startswith(EXITED)):
        return Failure(
            "EnvironmentFailed", f"its environment ended with exit code {code}: {said}", exit_code=code
        ), False
    return Failure("Terminated", f"its environment was ended: {said or 'no reason was given'}", exit_code=code), False


def _log_of(container: Mapping[str, Any]) -> str:
    stream = container.get("logStreamName")
    options = (container.get("logConfiguration") or {}).get("options") or {}
    return f"{options.get('awslogs-group', '/aws/batch/job')}:{stream}" if stream else ""


def _seconds(ms: Any) -> float | None:
    return None if ms is None else float(ms) / MS
