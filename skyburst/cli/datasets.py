"""The datasets of a job as tables, lines and copies of files."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from skyburst.cli import text
from skyburst.contracts.dataset import DatasetState, not_delivered
from skyburst.contracts.records import JobRecord
from skyburst.errors import InvalidJob
from skyburst.homes.home import Home

MOST_ROWS = 40
MOST_REASON = 60
MOST_NAME = 40
MOST_REFUSED = 20
MOST_SAID = 300
FOLLOW_S = 1.0
HEAD = ["dataset", "", "state", "progress", "exit", "time", "cpu", "memory", "files", ""]
RIGHT = frozenset({0, 3, 4, 5, 6, 7, 8})
STREAMS = {"out": "", "err": "", "env": "-- "}
Status = dict[str, Any]


def table_lines(statuses: Iterable[Status], job_id: str, option: str) -> list[str]:
    """A table of the datasets: those that did not succeed first when there are very many."""
    found = list(statuses)
    shown = found
    if len(found) > MOST_ROWS:
        shown = sorted(found, key=lambda status: (status["state"] == DatasetState.SUCCEEDED, status["number"]))[
            :MOST_ROWS
        ]
    if not shown:
        return []
    lines = text.columns([HEAD, *map(_row, shown)], RIGHT)
    if len(found) > len(shown):
        lines.append(f"... and {len(found) - len(shown):,} more: `skyburst status {job_id}{option} --json` has all")
    refused = [f"not delivered: {status['dataset']}: {said}" for status in found for said in not_delivered(status)]
    lines += [text.shortened(said, MOST_SAID) for said in refused[:MOST_REFUSED]]
    if len(refused) > MOST_REFUSED:
        more = len(refused) - MOST_REFUSED
        lines.append(
            f"... and {more:,} more that were not delivered: `skyburst status {job_id}{option} --json` has all"
        )
    return lines


def running_lines(statuses: Iterable[Status]) -> list[str]:
    """A line for each dataset that runs."""
    return [_running(status) for status in statuses]


def find(statuses: Iterable[Status], wanted: str, job: JobRecord) -> Status:
    """The dataset of a number or a name.

    Raises:
        InvalidJob: when the job has no such dataset, or several.
    """
    found = list(statuses)
    matching = [status for status in found if wanted == str(status["number"])]
    matching = matching or [status for status in found if status["dataset"] == wanted]
    if len(matching) == 1:
        return matching[0]
    if matching:
        numbers = ", ".join(str(status["number"]) for status in matching[:5])
        raise InvalidJob(
            f"job {job.job_id} has {len(matching)} datasets {wanted!r}: give the number of one, such as {numbers}"
        )
    last = f"its datasets are 0 to {len(found) - 1}" if found else "it has none"
    raise InvalidJob(f"job {job.job_id} has no dataset {wanted!r}: {last}")


def log_text(home: Home, job: JobRecord, status: Status) -> Iterator[str]:
    """The log of one dataset with a headline, line by line."""
    yield _headline(status)
    for line in home.dataset_log(job, status["number"]):
        yield _log_line(line)


def follow(home: Home, job_id: str, wanted: str | None) -> Iterator[str]:
    """The logs of one dataset or of all as they grow, until they end, or nothing drives the job any more."""
    seen: dict[int, int] = {}
    last_state: dict[int, str] = {}
    while True:
        job = home.table.job(job_id)
        driven = job.state.finished or home.is_driven(job_id)
        statuses = list(home.datasets(job))
        chosen = [find(statuses, wanted, job)] if wanted is not None and statuses else statuses
        for status in chosen:
            number = status["number"]
            start = f"{text.shortened(status['dataset'], MOST_NAME)}: " if len(chosen) > 1 else ""
            if status.get("lines", 0) < seen.get(number, 0):  # another attempt began
                seen[number] = 0
            if status.get("lines", 0) > seen.get(number, 0) or status["state"] != last_state.get(number):
                last_state[number] = status["state"]
                for line in home.dataset_log(job, number, seen.get(number, 0)):
                    seen[number] = line["line"]
                    yield start + _log_line(line)
        ended = statuses and all(DatasetState(status["state"]).finished for status in chosen)
        if job.state.finished or (wanted is not None and ended):
            return
        if not driven:
            yield f"job {job_id} is {job.state}, but {home.gone}: `skyburst resume {job_id}{home.option}` goes on\n"
            return
        time.sleep(FOLLOW_S)


def copied_line(files: Iterable[str], sizes: int, folder: Path) -> str:
    """What was copied, one sentence."""
    names = list(files)
    folders = {name.partition("/")[0] for name in names}
    return f"{text.counted(len(names), 'file')} of {text.counted(len(folders), 'dataset')} in {folder} ({text.size(sizes)})"


def _row(status: Status) -> list[str]:
    state = DatasetState(status["state"])
    progress, cpu = status.get("progress"), status.get("cpu_percent")
    memory = status.get("memory_mb") if state is DatasetState.RUNNING else status.get("peak_memory_mb")
    seconds, exit_code = status.get("seconds"), status.get("exit_code")
    return [
        str(status["number"]),
        text.shortened(status["dataset"], MOST_NAME),
        str(state),
        "" if progress is None else f"{progress:.0%}".replace("%", " %"),
        "" if exit_code is None else str(exit_code),
        "" if seconds is None else text.duration(seconds),
        "" if cpu is None else f"{cpu:.0f} %",
        "" if memory is None else text.size(memory * 2**20),
        str(len(status.get("files", []))),
        text.shortened(status["reason"], MOST_REASON),
    ]


def _running(status: Status) -> str:
    parts = [] if status["progress"] is None else [f"{status['progress']:.0%}".replace("%", " %")]
    parts.append(text.shortened(status["reason"] or "begins", MOST_REASON))
    if status["cpu_percent"] is not None:
        parts.append(f"cpu {status['cpu_percent']:.0f} %, {text.size(status['memory_mb'] * 2**20)}")
    if status["gpu_percent"] is not None:
        parts.append(f"gpu {status['gpu_percent']:.0f} %, {text.size(status['gpu_memory_mb'] * 2**20)}")
    return f"{text.shortened(status['dataset'], MOST_NAME)}: {', '.join(parts)}"


def _headline(status: Status) -> str:
    exit_code, attempt = status.get("exit_code"), status.get("attempt")
    parts = [f"== dataset {status['number']}, {text.printable(status['dataset'])}: {status['state']}"]
    parts += [] if exit_code is None else [f"exit code {exit_code}"]
    parts += [] if attempt is None else [f"attempt {attempt}"]
    return f"{', '.join(parts)}\n" + (f"-- {status['reason']}\n" if not attempt and status["reason"] else "")


def _log_line(line: dict[str, Any]) -> str:
    return f"{STREAMS.get(line['stream'], '')}{line['text']}\n"
