"""One dataset run by hand, in a folder that is kept: to try a command out, or to look around where it will run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.contracts.dataset import MESSAGES, Dataset, DatasetState, Setup, parse_dataset
from skyburst.engine.compute import choose
from skyburst.environments.attempt import outcome_of
from skyburst.environments.gpus import Gpus
from skyburst.environments.inputs import Fetching, put_config
from skyburst.environments.messages import Messages
from skyburst.environments.runner import run_command
from skyburst.environments.start import Start, order_of
from skyburst.environments.workspace import Workspace
from skyburst.errors import InvalidAnalysis, StorageError
from skyburst.finding import Found

JOB = "by-hand"
"""What SKYBURST_JOB is in an environment without a job."""
Say = Callable[[str, str], None]
"""Is told a stream, `out`, `err` or `env`, and a line."""


class Tried(NamedTuple):
    """How a dataset went."""

    state: DatasetState
    reason: str
    """One sentence; empty when it succeeded."""
    exit_code: int | None
    seconds: float
    peak_memory_mb: float
    results: list[str]
    """Names of what the command left in the folder of results."""


class Trial:
    """A workspace with one dataset in it.

    Args:
        found: the analysis, which has to be a command.
        root: the folder to make it in; it must be empty or not there.
        say: is told what happens.

    Raises:
        InvalidAnalysis: when it is not a command.
        StorageError: when the folder cannot be used.
    """

    def __init__(self, found: Found, root: Path, say: Say) -> None:
        self._setup = setup_of(found)
        self._say = say
        self.root = root.resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if any(self.root.iterdir()):
                raise StorageError(f"{root} is not empty: name another folder")
            self.workspace = Workspace(self.root)
        except OSError as error:
            raise StorageError(f"{root} cannot be used: {error}") from error

    def prepare(self, item: Any, parameters: dict[str, Any]) -> None:
        """Fetch the data and write the config.

        Raises:
            InvalidItems, ObjectNotFound, StorageError: when it is no dataset, or cannot be read.
        """
        self._dataset: Dataset = parse_dataset(item, 0)
        self._config, _ = put_config(
            self._dataset, parameters, self.workspace["config"], analysis=self._setup.analysis, group=None
        )
        # Copied, not linked: what is tried out by hand must not change what it was given.
        fetching = Fetching(link=False, stop=_go_on)
        for fetched in fetching.data(self._dataset, self.workspace["inputs"]):
            self._say("env", f"{fetched.location}: {fetched.size:,} bytes")
        for line in fetching.said():
            self._say("env", line)

    def run(self, timeout_s: float | None = None) -> Tried:
        """Run the command to its end, telling its lines as they come; the folder stays."""
        limit = timeout_s or self._setup.timeout_s
        started = self._order(self._setup, limit)
        for line in started.said:
            self._say("env", line)
        telling = _Telling(self._say, Messages(self.workspace["logs"] / MESSAGES))
        ended = run_command(started.order, telling, lambda: False)
        telling.tick()  # what was said last
        state, reason = outcome_of(ended, dataclasses.replace(self._setup, timeout_s=limit), None, None)
        results = self.workspace["results"]
        names = sorted(path.relative_to(results).as_posix() for path in results.rglob("*") if path.is_file())
        return Tried(state, reason, ended.exit_code, ended.seconds, ended.peak_memory_mb, names)

    def shell(self, words: list[str]) -> Start:
        """How a shell is started as the command would be."""
        return self._order(dataclasses.replace(self._setup, command=words), self._setup.timeout_s)

    def _order(self, setup: Setup, timeout_s: float) -> Start:
        return order_of(setup, self._dataset, self.workspace, self._config, job_id=JOB, attempt=1, timeout_s=timeout_s)


def setup_of(found: Found) -> Setup:
    """The environment of an analysis on this machine. Raises InvalidAnalysis when it is not a command."""
    blueprint: Blueprint = found.blueprint
    if blueprint.command is None:
        raise InvalidAnalysis(
            f"{blueprint.name!r} is not a command: {choose(blueprint).why}; `skyburst run {blueprint.name} --items ...` tries it "
            "out"
        )
    needs = blueprint.environment or EnvironmentSection()
    return Setup(
        command=list(blueprint.command), folder=str(found.code), timeout_s=60 * needs.timeout_min,
        memory_mb=needs.memory_mb, vcpus=min(needs.vcpus, os.cpu_count() or 1),
        gpus=Gpus().ids()[: needs.gpus] if needs.gpus else [],
        gpus_wanted=needs.gpus, image=needs.image, variables=dict(needs.variables), analysis=blueprint.name,
    )  # fmt: skip


def _go_on() -> None:
    """Nothing ends a dataset that is tried out but its time."""


class _Telling:
    """Hands on what a command writes."""

    def __init__(self, say: Say, messages: Messages) -> None:
        self._say = say
        self._messages = messages

    def line(self, stream: str, text: str) -> None:
        self._say(stream, text)

    def use(self, cpu_percent: float, memory_mb: float, peak_memory_mb: float) -> None:
        """Nothing: the peak is told at the end."""

    def ending(self, reason: str) -> None:
        self._say("env", f"its command is ended: {reason}")

    def tick(self) -> None:
        for message in self._messages.read():
            progress = f"{100 * message.progress:.0f} % " if message.progress is not None else ""
            if progress or message.text:
                self._say("env", f"{progress}{message.text or ''}".strip())
