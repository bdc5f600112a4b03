"""Containers in which a developer changes an environment: one for each analysis on this machine, kept until it is stopped.

An analysis without an image, or on a machine without a container engine, is developed on the machine as it is, in a shell of its
own, of which nothing stays.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

from skyburst.environments.container import Container
from skyburst.environments.saving import Run
from skyburst.environments.trying import Trial
from skyburst.errors import NotFound

LABEL = "skyburst.develop"
"""Of a container: the name of its analysis."""
SHELL = ["/bin/sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"]


class Developing(NamedTuple):
    """A container of a developer."""

    analysis: str
    name: str
    image: str
    status: str
    """In the engine's words, such as `Up 3 minutes`."""


def container_name(analysis: str) -> str:
    """The container of an analysis that is developed."""
    return f"skyburst-develop-{analysis}"


def words_of_shell(trial: Trial, analysis: str) -> tuple[list[str], dict[str, str], str, Container | None]:
    """What starts the shell: its words, all its variables, the folder it begins in, and its container, if it has one.

    In a container, whoever develops is root, so that packages can be installed.
    """
    started = trial.shell(SHELL)
    order = started.order
    if started.container is None:
        return order.command, order.variables, order.folder, None
    held = dataclasses.replace(
        started.container, name=container_name(analysis), user=0, group=0,
        labels={**started.container.labels, LABEL: analysis},
    )  # fmt: skip
    words = held.run()
    words[2:2] = ["--interactive", "--tty"]
    return words, order.variables, order.folder, held


def containers(engine: str, run: Run) -> list[Developing]:
    """The containers of developers on this machine. Raises ToolFailed."""
    columns = f'{{{{.Label "{LABEL}"}}}}\t{{{{.Names}}}}\t{{{{.Image}}}}\t{{{{.Status}}}}'
    said = run([engine, "ps", "--all", "--filter", f"label={LABEL}", "--format", columns])
    rows = (line.split("\t") for line in said.splitlines() if line.strip())
    return [Developing(*row) for row in rows if len(row) == len(Developing._fields)]


def container_of(engine: str, analysis: str, run: Run) -> Developing | None:
    """The container in which an analysis is developed, if there is one. Raises ToolFailed."""
    return next((found for found in containers(engine, run) if found.analysis == analysis), None)


def find_container(engine: str, analysis: str, run: Run) -> Developing:
    """The container in which an analysis is developed. Raises NotFound."""
    found = container_of(engine, analysis, run)
    if found is None:
        raise NotFound(f"{analysis!r} is not developed in a container here: `skyburst env list` lists those that are")
    return found


def stop_container(engine: str, analysis: str, run: Run) -> Developing:
    """End and remove the container of an analysis; what was changed in it and not saved is gone.

    Raises:
        NotFound: when there is none.
        ToolFailed: when the engine does not do it.
    """
    found = find_container(engine, analysis, run)
    run([engine, "rm", "--force", found.name])
    return found


def new_folder(base: Path, analysis: str, stamp: str) -> Path:
    """A folder for a trial that is not there yet."""
    folder = base / f"{analysis}-{stamp}"
    number = 2
    while folder.exists():
        folder = base / f"{analysis}-{stamp}-{number}"
        number += 1
    return folder
