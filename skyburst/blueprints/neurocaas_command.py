"""The line of shell in a NeuroCAAS blueprint that runs its analysis: which script it runs, and how. Pure; nothing is run."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath
from typing import NamedTuple

PLACE = "{}"
"""What NeuroCAAS fills in: bucket, key of the dataset, folder of the results, key of the config."""
SEPARATORS = frozenset({";", "&&", "||", "&", "|", ";;"})
RUNNERS = {"run_main_cli.sh": "workflow", "run_main.sh": "arguments"}
"""Of NeuroCAAS, which fetch the data and run the script that follows the four places; by how it then finds the data."""
PREFIXES = frozenset({"sudo", "bash", "sh", "exec", "nohup", "time"})
WITH_VALUE = frozenset({"-u", "-g", "-H"})
"""Options of sudo that something follows."""


class Called(NamedTuple):
    """How a blueprint runs its analysis."""

    script: str
    """Path of the script, absolute where the line says where it is."""
    style: str
    """`workflow`: the script asks `neurocaas-contrib workflow` where its data is; `arguments`: it is told; `whole`: it
    fetches the data itself."""
    left_out: list[str]
    """The other commands of the line."""
    words: str
    """What was found, for people."""


def read_command(line: str, begins_in: str = "") -> Called | None:
    """Which script a line of shell runs on the data; None when it names none.

    Args:
        line: the line.
        begins_in: the folder that it begins in; empty when that is not known.
    """
    try:
        commands = _commands(line)
    except ValueError:  # a quote that is not closed
        return None
    folder = PurePosixPath(begins_in)
    found: Called | None = None
    left_out: list[str] = []
    for words in commands:
        if words[0] == "cd" and len(words) == 2:
            folder = folder / words[1]
        elif found is None and PLACE in words:
            found = _found(_without_prefixes(words), folder)
            if found is None:
                return None
        else:
            left_out.append(" ".join(words))
    return found and found._replace(left_out=left_out)


def _found(words: list[str], folder: PurePosixPath) -> Called | None:
    program, arguments = words[0], words[1:]
    if program == PLACE:
        return None
    after = [word for word in arguments if word != PLACE]
    if after and "{" in after[0]:  # of the template that NeuroCAAS gives to developers
        after = []
    style = RUNNERS.get(PurePosixPath(program).name)
    if style and after:
        script = _within(folder, after[0])
        how = "asks where its data is" if style == "workflow" else "is told where its data is"
        return Called(script, style, [], f"{script}, which {PurePosixPath(program).name} runs and which {how}")
    script = _within(folder, program)
    if style:
        return Called(
            script, "whole", [],
            f"{script}, which on the machine image runs the analysis' own script: look there for its name, and run that instead",
        )  # fmt: skip
    return Called(
        script, "whole", [], f"{script}, which fetches its data by itself from a bucket: its first lines have to change"
    )


def _within(folder: PurePosixPath, path: str) -> str:
    """A path as the line has it from its current folder; `..` above the root is the root."""
    parts: list[str] = []
    absolute = path.startswith("/") or (folder.is_absolute() and not path.startswith("~"))
    for part in (folder / path).parts:
        if part == "..":
            absolute = absolute or not parts
            parts = parts[:-1]
        elif part != "/":
            parts.append(part)
    return ("/" if absolute else "") + "/".join(parts)


def _commands(line: str) -> list[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word in SEPARATORS:
            commands.append([])
        else:
            commands[-1].append(word)
    return [words for words in commands if words]


def _without_prefixes(words: list[str]) -> list[str]:
    """A command without `sudo -u USER` and the like before it."""
    rest = list(words)
    while len(rest) > 1 and rest[0] in PREFIXES:
        del rest[0]
        while len(rest) > 1 and rest[0].startswith("-"):
            del rest[: 2 if rest[0] in WITH_VALUE and len(rest) > 2 else 1]
    return rest
