# ruff: noqa: T201 - what it prints is what it is for
"""The program `aws` in an environment: copies from and to the dataset's own data, config and results without a bucket.

Scripts of NeuroCAAS analyses write `aws s3 sync OUT URL` with the URL of their results. Anything else is the real program's.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING or __package__:
    from skyburst.environments.programs import env, neurocaas
else:  # run as a file, beside the others
    import env
    import neurocaas

PROGRAM = "aws"
VERBS = ("cp", "sync", "mv")
FILTERS = ("--exclude", "--include")
WITH_VALUE = (
    "--region", "--profile", "--endpoint-url", "--output", "--acl", "--storage-class", "--sse", "--content-type", "--metadata",
    "--cli-read-timeout", "--cli-connect-timeout",
)  # fmt: skip


class Copying(NamedTuple):
    """What a call asks for."""

    verb: str
    source: str
    target: str
    recursive: bool
    filters: list[tuple[str, str]]
    """`--exclude` or `--include` and its pattern; of several that match, the last one counts."""


def main(arguments: Sequence[str]) -> int:
    """Entry point; what the program exits with."""
    asked = parse(arguments)
    if asked is None:
        return real(arguments)
    try:
        names = neurocaas.these_names()
        here = {word: _here(word, names) for word in (asked.source, asked.target)}
        if here[asked.source] == asked.source and here[asked.target] == asked.target:
            return real(arguments)
        if any(word.startswith("s3://") for word in here.values()):
            return real([here.get(word, word) for word in arguments])
        copy(asked._replace(source=here[asked.source], target=here[asked.target]))
    except env.Unusable as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: Sequence[str]) -> Copying | None:
    """What a call copies; None of one that is none. Pure."""
    words: list[str] = []
    filters: list[tuple[str, str]] = []
    recursive = False
    rest = iter(arguments)
    for word in rest:
        option, equals, value = word.partition("=")
        if option in FILTERS:
            filters.append((option, value if equals else next(rest, "")))
        elif word == "--recursive":
            recursive = True
        elif word in WITH_VALUE:
            next(rest, None)
        elif not word.startswith("--"):
            words.append(word)
    if len(words) != 4 or words[0] != "s3" or words[1] not in VERBS or "-" in words[2:]:
        return None
    return Copying(words[1], words[2], words[3], recursive or words[1] == "sync", filters)


def copy(asked: Copying) -> None:
    """Copy between places of this machine."""
    source, target = Path(asked.source), Path(asked.target)
    if not source.exists():
        raise env.Unusable(f"there is no file or folder {asked.source}")
    if asked.recursive:
        files = list(_files(source, asked.filters)) if source.is_dir() else [source]
        for file in files:
            _copy(file, target / (file.relative_to(source) if source.is_dir() else file.name), asked.verb)
        return
    if source.is_dir():
        raise env.Unusable(f"{asked.source} is a folder: say --recursive")
    _copy(source, target / source.name if asked.target.endswith("/") or target.is_dir() else target, asked.verb)


def real(arguments: Sequence[str]) -> int:
    """Run the program `aws` that comes after this one on the PATH; what it exits with."""
    own = Path(os.environ.get("SKYBURST_BIN") or "/")
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder and Path(folder) != own]
    found = shutil.which(PROGRAM, path=os.pathsep.join(folders))
    if found is None:
        missing = (
            "the AWS command line is not here; without it only the dataset's own data, config and results can be copied"
        )
        print(f"{PROGRAM}: {missing}", file=sys.stderr)
        return 127
    return subprocess.run([found, *arguments], check=False).returncode


def _here(word: str, names: neurocaas.Names) -> str:
    """Where what a word names is in this environment; the word itself when it is nothing of the dataset."""
    place = neurocaas.place_of(word, names) if word.startswith("s3://") else None
    return str(place) + "/" * word.endswith("/") if place else word


def _files(folder: Path, filters: list[tuple[str, str]]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        kept = True
        for option, pattern in filters:
            if fnmatch.fnmatchcase(path.relative_to(folder).as_posix(), pattern):
                kept = option == "--include"
        if kept and path.is_file():
            yield path


def _copy(source: Path, target: Path, verb: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if verb == "mv":
        shutil.move(str(source), str(target))
    else:
        shutil.copy2(source, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
