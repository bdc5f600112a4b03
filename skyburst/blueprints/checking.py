"""Everything that can be found wrong with an analysis without running it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from skyburst.blueprints.content import content_digest
from skyburst.blueprints.history import Entry
from skyburst.blueprints.problems import Read, read_all
from skyburst.blueprints.references import missing_references
from skyburst.contracts.blueprint import Blueprint, EnvironmentSection, code_folder
from skyburst.contracts.parameters import check_given
from skyburst.engine.compute import choose
from skyburst.errors import AnalysisNotFound, InvalidJob, SkyburstError

INTERPRETERS = frozenset(
    {"bash", "sh", "zsh", "python", "python3", "Rscript", "julia", "perl", "node", "ruby", "octave", "java"}
)
SCRIPTS = frozenset({".sh", ".bash", ".py", ".r", ".jl", ".pl", ".js", ".rb", ".m", ".jar"})
LONGEST_LINE = 1_024


class Level(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    """It cannot work."""
    DOUBTFUL = "doubtful"
    """It may not work, or not everywhere."""


class Trouble(NamedTuple):
    """One thing that was found."""

    level: Level
    words: str
    """The thing, its value and the remedy."""


class InstanceType(NamedTuple):
    """What the price data knows of an instance type."""

    vcpus: int
    memory_mb: int
    gpus: int


Finder = Callable[[str], Blueprint]
"""Gives the blueprint of an analysis by its name; raises AnalysisNotFound."""


def check_folder(
    folder: Path, *, find: Finder, types: Mapping[str, InstanceType], history: Callable[[str], list[Entry]]
) -> tuple[Blueprint | None, list[Trouble]]:
    """All that is wrong with a folder's analysis, and its blueprint as far as it can be read.

    Args:
        folder: of the analysis.
        find: other analyses.
        types: known instance types.
        history: what was recorded of the blueprint of a name.

    Raises:
        InvalidBlueprint: when there is no blueprint, or it is not TOML.
    """
    read = read_all(folder)
    found = [Trouble(Level.WRONG, problem) for problem in read.problems]
    blueprint = read.blueprint
    if blueprint is None:
        return None, found
    try:
        code = code_folder(folder, blueprint)
    except SkyburstError as error:
        return blueprint, [*found, Trouble(Level.WRONG, str(error))]
    found += [Trouble(Level.WRONG, problem) for problem in missing_references(code, _declared(blueprint, read))]
    if blueprint.command:
        found += check_command(
            code, blueprint.command, image=bool(blueprint.environment and blueprint.environment.image)
        )
    if blueprint.environment:
        found += check_environment(blueprint.environment, types)
    if blueprint.environment and not choose(blueprint).environment and not choose(blueprint).fallback:
        found.append(
            Trouble(
                Level.DOUBTFUL, f"[environment] is not used: {choose(blueprint).why}; say compute = 'ec2' to use it"
            )
        )
    if "name" in read.document:
        found += check_following(blueprint, find)
        if not read.problems:
            found += check_version(blueprint, history(blueprint.name))
    return blueprint, found


def check_command(code: Path, command: list[str], *, image: bool) -> Iterator[Trouble]:
    """Whether the program of a command is there and can be run."""
    program = command[0]
    file = _within(code, program)
    if file is not None and file.is_file():
        yield from _executable(file, program)
    elif (os.sep in program and not program.startswith("/")) or Path(program).suffix.lower() in SCRIPTS:
        yield Trouble(Level.WRONG, f"command starts with {program!r}, and there is no such file in {code}")
    elif not image and not shutil.which(program):
        yield Trouble(
            Level.DOUBTFUL,
            f"command starts with {program!r}, and there is no such program on this machine: install it, or name an "
            "image that has it in environment.image",
        )
    for word in command[1:]:
        looks_like_one = Path(word).suffix.lower() in SCRIPTS and "://" not in word and not word.startswith(("-", "/"))
        named = _within(code, word)
        if looks_like_one and (named is None or not named.exists()):
            yield Trouble(Level.WRONG, f"command has {word!r}, and there is no such file in {code}")
        elif looks_like_one and named is not None and named.is_file():
            yield from _line_ends(named, word)


def check_environment(needs: EnvironmentSection, types: Mapping[str, InstanceType]) -> Iterator[Trouble]:
    """Whether the instance types exist, and have what is needed."""
    if not needs.instance_types:
        return
    families = {name.partition(".")[0] for name in types}
    for name in needs.instance_types:
        if name not in types and name not in families:
            yield Trouble(
                Level.DOUBTFUL,
                f"environment.instance_types has {name!r}, which the price data does not know: estimates need its price; "
                "`skyburst prices refresh` gets newer data",
            )
    known = {
        name: has
        for name, has in types.items()
        if name in needs.instance_types or name.partition(".")[0] in needs.instance_types
    }
    for wanted, attribute in ((needs.vcpus, "vcpus"), (needs.memory_mb, "memory_mb"), (needs.gpus, "gpus")):
        most = max((getattr(has, attribute) for has in known.values()), default=None)
        if most is not None and wanted > most:
            yield Trouble(
                Level.WRONG,
                f"environment.{attribute} is {wanted}, and the largest of environment.instance_types has {most}: name "
                "larger ones",
            )
    if known and not any(
        has.vcpus >= needs.vcpus and has.memory_mb > needs.memory_mb and has.gpus >= needs.gpus
        for has in known.values()
    ):
        yield Trouble(
            Level.WRONG,
            f"none of environment.instance_types has {needs.vcpus} vcpus, {needs.gpus} gpus and more than {needs.memory_mb} MiB, "
            "some of which the machine itself needs: ask for less, or name larger ones",
        )


def check_following(blueprint: Blueprint, find: Finder) -> Iterator[Trouble]:
    """Whether the analyses that follow exist, take the parameters that they are given, and end some time."""
    done: set[str] = set()

    def follow(one: Blueprint, path: tuple[str, ...]) -> Iterator[Trouble]:
        for number, entry in enumerate(one.next):
            where = f"next[{number}]" if one is blueprint else f"next[{number}] of {one.name!r}"
            if entry.analysis in path:
                circle = " -> ".join([*path[path.index(entry.analysis) :], entry.analysis])
                yield Trouble(
                    Level.WRONG, f"{where}: the analyses follow each other in a circle, without end: {circle}"
                )
                continue
            try:
                following = find(entry.analysis)
            except AnalysisNotFound as error:
                yield Trouble(Level.WRONG, f"{where}.analysis: {error}")
                continue
            except SkyburstError as error:
                yield Trouble(
                    Level.WRONG, f"{where}.analysis is {entry.analysis!r}, whose blueprint cannot be used: {error}"
                )
                continue
            if following.parameters is not None:
                try:
                    check_given(following.parameters, entry.parameters)
                except InvalidJob as error:
                    yield Trouble(Level.WRONG, f"{where}, {entry.analysis!r}: {error}")
            if entry.analysis not in done:
                done.add(entry.analysis)
                yield from follow(following, (*path, entry.analysis))

    yield from follow(blueprint, (blueprint.name,))


def check_version(blueprint: Blueprint, history: list[Entry]) -> Iterator[Trouble]:
    """Whether what is said under this version is what was said under it before."""
    same = [entry.digest for entry in history if entry.version == blueprint.version]
    if same and same[-1] != content_digest(blueprint):
        yield Trouble(
            Level.DOUBTFUL,
            f"version is {blueprint.version!r}, under which another content ({same[-1][:12]}) is recorded: give it a new "
            f"version; `skyburst blueprint diff {blueprint.name}` shows what changed",
        )


def _declared(blueprint: Blueprint, read: Read) -> dict[str, str]:
    """References by their field, without those that stand in for what could not be used."""
    found = {"worker": blueprint.worker, "combiner": blueprint.combiner, "items": blueprint.items}
    if blueprint.second_stage:
        found |= {
            f"second_stage.{name}": getattr(blueprint.second_stage, name) for name in ("tasks", "worker", "merge")
        }
    if blueprint.library:
        found |= {f"library.{name}": getattr(blueprint.library, name) for name in ("describe", "generate", "variants")}
    written = {}
    for field, reference in found.items():
        section, _, name = field.rpartition(".")
        holder = read.document.get(section, {}) if section else read.document
        if reference and isinstance(holder, dict) and holder.get(name) == reference:
            written[field] = reference
    return written


def _within(code: Path, word: str) -> Path | None:
    """The file of the analysis' folder that a word names; None when it leads out of it."""
    if word.startswith("/") or "\0" in word:
        return None
    path = (code / word).resolve()
    return path if path.is_relative_to(code.resolve()) else None


def _executable(file: Path, program: str) -> Iterator[Trouble]:
    if not os.access(file, os.X_OK):
        yield Trouble(
            Level.WRONG,
            f"command starts with {program!r}, which is not executable: `chmod +x {file}`, or put its interpreter before it, "
            f'such as command = ["bash", "{program}"]',
        )
    yield from _line_ends(file, program)


def _line_ends(file: Path, word: str) -> Iterator[Trouble]:
    """A script whose first line ends as on Windows looks for an interpreter whose name ends in a carriage return."""
    with open(file, "rb") as opened:
        first = opened.readline(LONGEST_LINE)
    if first.startswith(b"#!") and first.endswith(b"\r\n"):
        yield Trouble(
            Level.WRONG,
            f"command has {word!r}, whose lines end as on Windows: no interpreter is found; convert it, as dos2unix does",
        )
