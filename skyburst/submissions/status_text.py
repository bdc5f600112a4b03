"""DATASET_NAME:..._STATUS.txt: how one dataset is, and all that its command wrote, as clients of NeuroCAAS read it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from skyburst.contracts.dataset import not_delivered
from skyburst.submissions.certificate_text import FAILED, IN_PROGRESS, SUCCESS

NOT_KNOWN = "N/A"
NOT_DELIVERED = "[NOT DELIVERED]"
WHILE_RUNNING = 1_000
"""Lines of output that are shown while a dataset runs: the document is written anew each time."""
AT_END = 100_000
STATES = {"RUNNING": IN_PROGRESS, "SUCCEEDED": SUCCESS}
"""By the state in a dataset's document; every other one is a failure, and the reason says which."""


def initial(environment: str, command: str, dataname: str) -> bytes:
    """The status of a dataset that has not started.

    Args:
        environment: id of its environment.
        command: id of its job.
        dataname: what the submit file calls it.
    """
    document = {
        "status": "INITIALIZING", "reason": "NONE", "stdout": "not given yet", "stderr": "not given yet",
        "input": dataname, "instance": environment, "command": command,
    }  # fmt: skip
    return json.dumps(document).encode()


def status_of(document: Mapping[str, Any]) -> str:
    """IN PROGRESS, SUCCESS or FAILED, from what an environment tells of a dataset."""
    return STATES.get(str(document.get("state")), FAILED)


def is_over(document: Mapping[str, Any]) -> bool:
    """Whether a dataset has ended."""
    return document.get("state") != "RUNNING"


def rendered(environment: str, command: str, dataname: str, document: Mapping[str, Any], lines: Sequence[str]) -> bytes:
    """The status of a dataset that has started.

    Args:
        environment: id of its environment.
        command: id of its job.
        dataname: what the submit file calls it.
        document: what the environment tells of it.
        lines: all that its command wrote, in order.
    """
    over = is_over(document)
    status = {
        "instance": environment,
        "command": command,
        "input": dataname,
        "status": status_of(document),
        "reason": document.get("exit_code"),
        "memory_usage": _memory(document),
        "cpu_usage": cpu_usage(document),
        "job_start": moment(document.get("started_at")) or NOT_KNOWN,
        "job_finish": (moment(document.get("finished_at")) if over else None) or NOT_KNOWN,
        "std": numbered(_with_reason(lines, document), AT_END if over else WHILE_RUNNING),
    }
    return json.dumps(status).encode()


def reason_lines(document: Mapping[str, Any]) -> list[str]:
    """Why a dataset failed, when the exit code alone does not say it."""
    if status_of(document) != FAILED or not document.get("reason"):
        return []
    return [f"[{document['state']}] {' '.join(str(document['reason']).splitlines())}"]


def refused_lines(document: Mapping[str, Any]) -> list[str]:
    """What of a dataset was not delivered, and why."""
    return [f"{NOT_DELIVERED} {' '.join(said.splitlines())}" for said in not_delivered(document)]


def _with_reason(lines: Sequence[str], document: Mapping[str, Any]) -> Sequence[str]:
    """The lines, with what was not delivered behind them, and the reason unless the last one says it."""
    refused, reason = refused_lines(document), reason_lines(document)
    if reason and lines and str(document["reason"]) in lines[-1]:
        return [*lines[:-1], *refused, lines[-1]]
    return [*lines, *refused, *reason]


def numbered(lines: Sequence[str], most: int) -> dict[str, str]:
    """Lines by their numbers from 0; of very many the last ones, under the numbers that they have."""
    first = max(0, len(lines) - most)
    return {str(first + number): line for number, line in enumerate(lines[first:])}


def cpu_usage(document: Mapping[str, Any]) -> str:
    """Use of processors, 100 for one that is fully used, such as `12.3 %`; of what has ended, over its time."""
    percent = document.get("cpu_percent")
    if percent is None:
        percent = document.get("mean_cpu_percent")
    return NOT_KNOWN if percent is None else f"{percent:.1f} %"


def _memory(document: Mapping[str, Any]) -> str:
    """What is used now; of what has ended, the most that was used."""
    used = document.get("memory_mb")
    most = document.get("peak_memory_mb")
    known = most if used is None or (is_over(document) and most is not None) else used
    return NOT_KNOWN if known is None else f"{known:.0f} MB"


def moment(at: float | str | None) -> str | None:
    """A time as `2021-05-20T13:00:00Z`, from seconds since the epoch or from ISO 8601."""
    if at is None:
        return None
    when = (
        datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at).astimezone(UTC)
    )
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
