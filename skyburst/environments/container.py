"""A command in a container: which engine there is, and what it is told. Nothing here is a string for a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from skyburst.errors import CommandFailed, InvalidJob

VARIABLE = "SKYBURST_CONTAINERS"
CHOICES = ("auto", "never", "required")
ENGINES = ("docker", "podman")
ANSWER_S = 20.0
INSIDE = "/skyburst"
"""Where a container has the folders of the contract."""
PROGRAMS = f"{INSIDE}/programs"
START = "start"
ENGINES_OWN = ("HOME", "TMPDIR")
"""Variables by which the program of an engine itself finds what it needs."""
UNITS_MB = {
    "B": 2**-20,
    "KIB": 2**-10,
    "MIB": 1.0,
    "GIB": 2.0**10,
    "TIB": 2.0**20,
    "KB": 1e3 / 2**20,
    "MB": 1e6 / 2**20,
    "GB": 1e9 / 2**20,
}
"""MiB in what engines print."""
USED = re.compile(r"([0-9.]+)%\s+([0-9.]+)\s*([A-Za-z]+)")
STARTING = """\
#!/bin/sh
PATH="$SKYBURST_BIN:$PATH"
export PATH
exec "$@"
"""
"""The first program of a container: only there the image's own PATH is known."""


class Chosen(NamedTuple):
    """Whether a command runs in a container."""

    engine: str | None
    """Path of the engine's program; None to run as it is on this machine."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder or file of this machine in a container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that is to run one command."""

    engine: str
    """Path of `docker` or `podman`."""
    name: str
    """No other container has it; by it, it is ended."""
    image: str
    command: list[str]
    mounts: list[Mount]
    variables: Mapping[str, str]
    folder: str
    """That the command begins in."""
    vcpus: int
    memory_mb: int
    gpus: list[str]
    user: int
    group: int
    labels: Mapping[str, str]

    @property
    def is_podman(self) -> bool:
        """Whether the engine is podman, which has no service that runs as root."""
        return Path(self.engine).name.startswith("podman")

    def run(self) -> list[str]:
        """The words that run it, and wait for its end. Pure."""
        words = [self.engine, "run", "--name", self.name, "--init", "--workdir", self.folder]
        words += ["--cpus", str(self.vcpus), "--memory", f"{self.memory_mb}m", "--memory-swap", f"{self.memory_mb}m"]
        words += ["--user", f"{self.user}:{self.group}"]
        words += ["--userns", "keep-id", "--security-opt", "label=disable"] if self.is_podman else []
        for gpu in self.gpus if self.is_podman else []:
            words += ["--device", f"nvidia.com/gpu={gpu}"]
        if self.gpus and not self.is_podman:
            words += ["--gpus", f'"device={",".join(self.gpus)}"']  # quoted, because the option itself is a list
        for mount in self.mounts:
            words += ["--mount", _mount(mount)]
        for name, value in sorted(self.variables.items()):  # by name alone: who lists processes sees no values
            words += ["--env", f"{name}={value}" if name in ENGINES_OWN else name]
        for name, value in sorted(self.labels.items()):
            words += ["--label", f"{name}={value}"]
        return [*words, "--entrypoint", f"{INSIDE}/bin/{START}", self.image, *self.command]

    def variables_of_engine(self, own: Mapping[str, str]) -> dict[str, str]:
        """The variables of the engine's program: those that it hands on by name, and its own. Pure."""
        return {**own, **{name: value for name, value in self.variables.items() if name not in ENGINES_OWN}}

    def stats(self) -> list[str]:
        """The words that print what it uses. Pure."""
        return [self.engine, "stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}}", self.name]

    def stop(self, grace_s: float) -> list[str]:
        """The words that end it. Pure."""
        return [self.engine, "stop", "--time", str(int(grace_s)), self.name]

    def oom(self) -> list[str]:
        """The words that print `true` when it ended for lack of memory. Pure."""
        return [self.engine, "inspect", "--format", "{{.State.OOMKilled}}", self.name]

    def remove(self) -> list[str]:
        """The words that end it at once and forget it. Pure."""
        return [self.engine, "rm", "--force", self.name]


def choose_engine(image: str | None) -> Chosen:
    """Whether a command runs in a container: when its blueprint names an image and an engine answers.

    Raises:
        InvalidJob: when SKYBURST_CONTAINERS has no such choice.
        CommandFailed: when it says that there must be a container, and no engine answers.
    """
    choice = os.environ.get(VARIABLE, "auto")
    if choice not in CHOICES:
        raise InvalidJob(f"{VARIABLE} is {choice!r}: expected {', '.join(CHOICES)}")
    if image is None:
        return Chosen(None, "its blueprint names no image")
    if choice == "never":
        return Chosen(None, f"{VARIABLE} is never")
    told = []
    for name in ENGINES:
        engine = shutil.which(name)
        if engine is None:
            told.append(f"{name} is not installed")
            continue
        problem = _ask(engine)
        if problem is None:
            return Chosen(engine, f"its blueprint names the image {image}, and {name} answers")
        told.append(f"{name} does not answer ({problem})")
    if choice == "required":
        raise CommandFailed(
            f"{VARIABLE} is required, and there is no container engine: {'; '.join(told)}; start one, or set {VARIABLE}=auto to "
            "run the command as it is on this machine"
        )
    return Chosen(None, f"no container engine for its image: {'; '.join(told)}")


def parse_stats(text: str) -> tuple[float, float] | None:
    """Percent of a processor and MiB, of such as `97.50% 1.2GiB / 7.6GiB`; None when it says something else. Pure."""
    found = USED.match(text.strip())
    if found is None or found[3].upper() not in UNITS_MB:
        return None
    return float(found[1]), float(found[2]) * UNITS_MB[found[3].upper()]


def inside(folders: Mapping[str, Path]) -> dict[str, Path]:
    """Where a container has the folders of a workspace. Pure."""
    return {name: Path(INSIDE, name) for name in folders}


def put_start(folder: Path) -> None:
    """Write the program that a container starts with."""
    path = folder / START
    path.write_text(STARTING)
    path.chmod(0o755)


def stats_of(container: Container) -> tuple[float, float] | None:
    """Percent of a processor and MiB that a container uses; None when the engine does not say."""
    try:
        ran = subprocess.run(
            container.stats(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_stats(ran.stdout)


def _ask(engine: str) -> str | None:
    """Why an engine does not answer; None when it does."""
    try:
        ran = subprocess.run(
            [engine, "version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ANSWER_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not within {ANSWER_S:g} s"
    except OSError as error:
        return str(error.strerror)
    if ran.returncode == 0:
        return None
    said = ran.stderr.strip().splitlines()
    return said[-1][:200] if said else f"exit code {ran.returncode}"


def _mount(mount: Mount) -> str:
    """The value of `--mount`, a line of CSV: paths may have commas and quotes."""
    fields = [
        "type=bind",
        f"source={mount.source}",
        f"target={mount.target}",
        *(["readonly"] if mount.read_only else []),
    ]
    return ",".join('"' + field.replace('"', '""') + '"' if set(field) & {",", '"'} else field for field in fields)
