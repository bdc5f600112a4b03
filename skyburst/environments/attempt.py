"""One attempt at a dataset: fetch its data, run its command, deliver its results, and say how it went."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from skyburst.analysis import Context, Place
from skyburst.contracts.dataset import (
    DELIVERED,
    DELIVERED_LOGS,
    MESSAGES,
    Dataset,
    DatasetState,
    Setup,
    dataset_prefix,
)
from skyburst.environments.inputs import Fetching, links_wanted, put_config
from skyburst.environments.messages import Messages
from skyburst.environments.report import Report, Status
from skyburst.environments.results import Delivered, deliver
from skyburst.environments.runner import Ended, run_command
from skyburst.environments.start import order_of
from skyburst.environments.workspace import Workspace, remove
from skyburst.errors import Cancelled, CommandFailed, DatasetEnded, Killed, OutOfMemory, TimedOut

PREFIX = "dataset-"
ERRORS: dict[DatasetState, type[DatasetEnded]] = {
    DatasetState.FAILED: CommandFailed,
    DatasetState.TIMED_OUT: TimedOut,
    DatasetState.OUT_OF_MEMORY: OutOfMemory,
    DatasetState.CANCELLED: Cancelled,
}


class Attempt:
    """One attempt.

    Args:
        dataset: which one.
        parameters: of the job.
        context: of its batch.
        place: of its job's objects.
    """

    def __init__(self, dataset: Dataset, parameters: dict[str, Any], context: Context, place: Place) -> None:
        assert place.setup is not None
        self._dataset = dataset
        self._parameters = parameters
        self._context = context
        self._place = place
        self._setup = Setup.of(place.setup)
        self._prefix = dataset_prefix(place.prefix, dataset.number)
        status = Status(
            dataset,
            dataset.config_file or {**parameters, **dataset.config},
            context.attempt,
            self._setup.instance,
            self._setup.image,
            time.time(),
        )
        self._report = Report(status, place.objects, self._prefix, self._setup.gpus)
        self._fetching = Fetching(link=links_wanted(), stop=self._stop)

    def run(self) -> dict[str, Any]:
        """Take the dataset to its end; its final status.

        Raises:
            DatasetEnded, InvalidItems, ObjectNotFound, StorageError: as `skyburst.environments.dataset.run`.
        """
        objects = self._place.objects
        objects.delete([entry.key for entry in list(objects.list(self._prefix))])  # of an earlier attempt
        with self._report, _folder() as root:
            workspace = Workspace(root)
            try:
                ended = self._run_in(workspace)
                state, reason = outcome_of(ended, self._setup, self._fetching.changed(), self._place.ending.reason)
            except DatasetEnded as error:
                state, reason = self._state_of(error), str(error)
                ended = None
            except Exception as error:
                self._report.end(DatasetState.FAILED, str(error) or type(error).__name__)
                raise
            self._report.status.exit_code = ended.exit_code if ended else None
            if ended:
                self._note(ended)
            try:
                self._deliver(workspace)
            except Exception as error:
                self._report.end(DatasetState.FAILED, f"its results could not be delivered: {error}")
                raise
            document = self._report.end(state, reason)
        if state is not DatasetState.SUCCEEDED:
            self._fail(state, reason, ended)
        return document

    def _run_in(self, workspace: Workspace) -> Ended:
        report, setup = self._report, self._setup
        config, report.status.config_digest = put_config(
            self._dataset, self._parameters, workspace["config"], analysis=setup.analysis, group=setup.group
        )
        if self._dataset.data:
            report.doing("its data is fetched")
        for fetched in self._fetching.data(self._dataset, workspace["inputs"]):
            report.status.inputs.append(fetched._asdict())
            report.say(f"{fetched.location}: {fetched.size:,} bytes, sha256 {fetched.sha256}")
        for line in self._fetching.said():
            report.say(line)
        self._stop()
        started = order_of(
            setup, self._dataset, workspace, config, job_id=self._context.job_id, attempt=self._context.attempt,
            timeout_s=self._context.time_left(),
        )  # fmt: skip
        for line in started.said:
            report.say(line)
        report.container = started.container
        report.doing("its command runs")
        watching = _Watching(report, workspace)
        ended = run_command(started.order, watching, lambda: self._place.ending.reason is not None)
        watching.hear_the_rest()
        report.container = None
        return ended

    def _stop(self) -> None:
        """Raise when there is no time for more."""
        if self._place.ending.reason is not None:
            raise Cancelled(self._place.ending.reason)
        if self._context.time_left() <= 0:
            raise TimedOut(f"its time of {self._setup.timeout_s:g} s was over before its command began")

    def _note(self, ended: Ended) -> None:
        status = self._report.status
        status.peak_memory_mb = max(status.peak_memory_mb or 0.0, ended.peak_memory_mb) or None
        if ended.cpu_s and ended.seconds:
            status.mean_cpu_percent = round(100 * ended.cpu_s / ended.seconds, 1)
        said = f"its command ended {words_of_exit(ended)} after {ended.seconds:.1f} s"
        if ended.cpu_s:
            said += f"; {ended.cpu_s:.1f} s of processors"
        if status.peak_memory_mb:
            said += f", peak memory {status.peak_memory_mb:,.0f} MiB"
        self._report.say(said)
        if ended.left:
            self._report.say(f"{ended.left} of its processes could not be ended")

    def _deliver(self, workspace: Workspace) -> None:
        report = self._report
        report.doing("its results are delivered")
        with contextlib.suppress(OSError):  # the command may have done anything to its folders
            (workspace["logs"] / MESSAGES).unlink()
        for folder, prefix, found in (
            ("results", DELIVERED, report.status.files),
            ("logs", DELIVERED_LOGS, report.status.logs),
        ):
            for entry in deliver(workspace[folder], self._place.objects, self._prefix + prefix):
                if isinstance(entry, Delivered):
                    found.append(entry._asdict())
                else:
                    report.status.refused.append({"folder": folder, **entry._asdict()})
                    report.say(f"not delivered: {folder}/{entry.name}: {entry.reason}")

    def _state_of(self, error: DatasetEnded) -> DatasetState:
        return next(state for state, kind in ERRORS.items() if isinstance(error, kind))

    def _fail(self, state: DatasetState, reason: str, ended: Ended | None) -> NoReturn:
        kind = Killed if ended is not None and ended.unwatched else ERRORS[state]
        raise kind(reason, tail=self._report.tail(), exit_code=ended.exit_code if ended else None)


class _Watching:
    """Hands on what a command does to the report."""

    def __init__(self, report: Report, workspace: Workspace) -> None:
        self._report = report
        self._messages = Messages(workspace["logs"] / MESSAGES)

    def line(self, stream: str, text: str) -> None:
        self._report.say(text, stream)

    def use(self, cpu_percent: float, memory_mb: float, peak_memory_mb: float) -> None:
        status = self._report.status
        status.cpu_percent, status.memory_mb, status.peak_memory_mb = cpu_percent, memory_mb, peak_memory_mb

    def ending(self, reason: str) -> None:
        self._report.doing(f"its command is ended: {reason}")

    def tick(self) -> None:
        self._hear()

    def hear_the_rest(self) -> None:
        """Take in what the command said just before its end."""
        while self._hear():
            continue

    def _hear(self) -> bool:
        """Take in some of what the command said; whether there was anything."""
        heard = False
        for message in self._messages.read():
            heard = True
            if message.progress is not None:
                self._report.status.progress = message.progress
            if message.text is not None:
                self._report.doing(message.text) if message.progress is not None else self._report.say(message.text)
        return heard


def outcome_of(ended: Ended, setup: Setup, changed: str | None, cancelled: str | None) -> tuple[DatasetState, str]:
    """The state of a dataset whose command has ended, and why in one sentence. Pure.

    Args:
        ended: how.
        setup: of its environment.
        changed: an input that it changed and must not, if there is one.
        cancelled: why it was to be ended, if it was.
    """
    if ended.reason == DatasetState.TIMED_OUT:
        return (
            DatasetState.TIMED_OUT,
            f"it ran longer than the {setup.timeout_s:g} s that it may: give it more timeout_min",
        )
    if ended.reason == DatasetState.OUT_OF_MEMORY:
        return DatasetState.OUT_OF_MEMORY, (
            f"its processes took more than the {setup.memory_mb:,} MiB of memory that it has "
            f"({ended.peak_memory_mb:,.0f} MiB when last seen): give it more memory_mb"
        )
    if ended.reason == DatasetState.CANCELLED:
        return DatasetState.CANCELLED, cancelled or "it was ended"
    if ended.refused is not None:
        return DatasetState.FAILED, ended.refused
    if ended.exit_code:
        return DatasetState.FAILED, f"its command ended {words_of_exit(ended)}"
    if changed is not None:
        return DatasetState.FAILED, f"its command changed its data {changed}, to which it had a link"
    return DatasetState.SUCCEEDED, ""


def words_of_exit(ended: Ended) -> str:
    """Such as `with exit code 3` or `by SIGSEGV`."""
    code = ended.exit_code
    if code is None:
        return "unseen"
    if code >= 0:
        return f"with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", perhaps by the operating system for lack of memory" if name == "SIGKILL" and not ended.reason else ""
    return f"by {name}{hint}"


@contextmanager
def _folder() -> Iterator[Path]:
    """A new folder, which is removed at the end whatever is in it."""
    root = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    try:
        yield root
    finally:
        remove(root)
