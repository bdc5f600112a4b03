"""certificate.txt: how a job came about, and how each of its datasets is, as clients of NeuroCAAS read it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

DIVIDER = "================"
REGULARLY = (
    "Once jobs start, these logs will be updated regularly. "
    "Allow some time [~1 minute] after all jobs finish for results to appear."
)
BETWEEN = [
    DIVIDER,
    REGULARLY,
    "For more information, see DATASET_NAME: files for stdout and stderr output.",
    " ", "++++++++++++++++++", " ", "JOB MANAGER SETUP LOG:",
]  # fmt: skip
INITIALIZING, IN_PROGRESS, SUCCESS, FAILED = "INITIALIZING", "IN PROGRESS", "SUCCESS", "FAILED"
STEPS = ("Initialization", "Validation", "Environment Setup", "Initialize Processing")
COMPLETE = "JOB MONITOR LOG COMPLETE. SEE TOP FOR LIVE PER-DATASET MONITORING"
LONGEST_COMMAND = 200


class Line(NamedTuple):
    """A line of the setup log."""

    text: str
    at_s: float
    """Seconds since the submission was received."""


class DatasetLine(NamedTuple):
    """How a dataset is."""

    dataname: str
    """What the submit file calls it."""
    status: str
    at: float
    """Seconds since the epoch."""
    last: str
    """Its last line of output."""
    cpu: str | None
    """Such as `12.3 %`; None before it started."""
    finished: bool = False


def render(lines: Iterable[Line], datasets: Sequence[DatasetLine] = ()) -> bytes:
    """The certificate: the setup log, under a block with a line for each dataset once there are any."""
    head = ["PER ENVIRONMENT MONITORING:", DIVIDER, *map(_dataset_line, datasets), *BETWEEN] if datasets else []
    return "\n".join([*head, *map(_log_line, lines)]).encode(errors="replace")


def opening(received_at: float, version: str, timestamp: str) -> list[str]:
    """The first lines of the setup log."""
    received = _utc(received_at).strftime("%Y-%m-%d %H:%M:%S.%f")[:-4]
    return [
        f"REQUEST START TIME: {received} (GMT)",
        f"ANALYSIS VERSION ID: {version}\n",
        f"JOB ID: {timestamp}",
        "\n ",
        "[Job Manager] Detected new job: starting up.",
        internal("init", "Initializing job manager."),
    ]


def internal(part: str, text: str) -> str:
    """A line of a part of the job manager, on one line whatever is quoted in it."""
    return f"        [Internal ({part})] {_one_line(text)}"


def utility(text: str) -> str:
    """A line about machines, on one line."""
    return f"        [Utils] {_one_line(text)}"


def done(step: int) -> str:
    """A step, 1 to 4, is done."""
    return f"[Job Manager] {_step(step)}: DONE"


def given_up(step: int, reason: str) -> str:
    """A step, 1 to 4, ended the job."""
    return f"[Job Manager] {_step(step)}: INTERNAL ERROR. {_one_line(reason)}\n[Job Manager] Shutting down job."


def _step(step: int) -> str:
    return f"STEP {step}/{len(STEPS)} ({STEPS[step - 1]})"


def _log_line(line: Line) -> str:
    return line.text if line.text == "\n " else f"{line.text}\t [+{_clock(line.at_s)}]"


def _clock(seconds: float) -> str:
    """As `0:00:00.26`, with `1 day, ` and so on before it."""
    hundredths = max(0, round(seconds * 100))
    days, rest = divmod(hundredths, 24 * 60 * 60 * 100)
    minutes, rest = divmod(rest, 60 * 100)
    before = f"{days} day{'s' * (days != 1)}, " if days else ""
    return f"{before}{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _dataset_line(entry: DatasetLine) -> str:
    start = f"DATANAME: {_one_line(entry.dataname)} | STATUS: {entry.status} | TIME: "
    if entry.cpu is None:
        return f"{start}{_utc(entry.at).strftime('%Y-%m-%d %H:%M:%S.%f')} | LAST COMMAND: NONE"
    moment = _utc(entry.at).strftime("%Y_%m_%d_%H_%M_%S") + (" (finished)" if entry.finished else "")
    last = _one_line(entry.last)[:LONGEST_COMMAND] or "N/A"
    return f"{start}{moment} | LAST COMMAND: {last} | CPU_USAGE: {entry.cpu}"


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
