"""The versions of a blueprint that were run, saved or deployed, in the state folder: by their content, and in order.

blueprints/NAME/DIGEST.json     the blueprint, once for each content
blueprints/NAME/history.jsonl   what happened to it, a line each
"""

from __future__ import annotations

import getpass
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

import msgspec

from skyburst.blueprints.content import content_digest
from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.refusals import NAME
from skyburst.errors import Invalid, NotFound, StorageError
from skyburst.local_files import write_whole

FOLDER = "blueprints"
EVENTS = "history.jsonl"
SHORTEST = 4
"""Characters of a digest that may be given for all of it."""
GIT_S = 10
How = Literal["run", "saved", "deployed"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a blueprint."""

    digest: str
    """SHA-256 of the blueprint's content."""
    version: str
    at: float
    """Seconds since the epoch."""
    how: How
    who: str
    """Name of the user of the machine."""
    image: str | None = None
    """Container image by digest, if it names one."""
    message: str = ""
    commit: str | None = None
    """Git commit that the folder was at; with `+` behind it when files of the folder differed from it."""


def record(
    state: Path, blueprint: Blueprint, *, how: How, now: float, message: str = "", folder: Path | None = None
) -> Entry | None:
    """Note that a blueprint was used; None when the last entry says the same.

    Args:
        state: the state folder.
        blueprint: as it is now.
        how: what was done with it.
        now: seconds since the epoch.
        message: what its author says of it.
        folder: where it is, for the commit of git.

    Raises:
        StorageError: when it cannot be written.
    """
    digest = content_digest(blueprint)
    before = entries(state, blueprint.name)
    if not message and any(entry.digest == digest and entry.how == how for entry in before[-1:]):
        return None
    entry = Entry(
        digest=digest, version=blueprint.version, at=now, how=how, who=_user(), message=message,
        image=blueprint.environment.image if blueprint.environment else None,
        commit=commit_of(folder) if folder else None,
    )  # fmt: skip
    place = _place(state, blueprint.name)
    if not (place / f"{digest}.json").is_file():
        write_whole(place / f"{digest}.json", json.dumps(blueprint.document(), indent=1, sort_keys=True).encode())
    try:
        with open(place / EVENTS, "ab") as file:  # one write of one line: those of other programs stay whole
            file.write(msgspec.json.encode(entry) + b"\n")
    except OSError as error:
        raise StorageError(f"{place / EVENTS} cannot be written: {error}") from error
    return entry


def entries(state: Path, name: str) -> list[Entry]:
    """What happened to the blueprint of a name, oldest first.

    Raises:
        StorageError: when the record cannot be read.
    """
    path = _place(state, name) / EVENTS
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    try:
        return [msgspec.json.decode(line, type=Entry) for line in lines]
    except msgspec.DecodeError as error:
        raise StorageError(f"{path} is damaged: {error}; move it away to begin a new history") from error


def recorded(state: Path, name: str, which: str) -> Blueprint:
    """A blueprint as it was: `which` is a version, of which the last content counts, or the start of a digest.

    Raises:
        NotFound: when there is none, saying which there are; also when several digests start so.
    """
    found = entries(state, name)
    matching = [entry.digest for entry in found if entry.version == which]
    if not matching and len(which) >= SHORTEST:
        matching = sorted({entry.digest for entry in found if entry.digest.startswith(which)})
        if len(matching) > 1:
            raise NotFound(f"{name}@{which}: {len(matching)} recorded digests start so: give more of it")
    if not matching:
        known = ", ".join(dict.fromkeys(f"{entry.version} ({entry.digest[:12]})" for entry in found)) or "nothing"
        raise NotFound(f"{name}@{which}: there is no such version or digest; of {name} there is recorded: {known}")
    path = _place(state, name) / f"{matching[-1]}.json"
    try:
        return parse_blueprint(json.loads(path.read_bytes()), str(path))
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error


def commit_of(folder: Path) -> str | None:
    """The commit of git that a folder is at, with `+` when files in it differ; None where there is no git."""
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                [git, "-C", str(folder), *arguments],
                capture_output=True, text=True, check=False, timeout=GIT_S, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:  # a record is not worth the wait
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    commit = ask("rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    return f"{commit}+" if ask("status", "--porcelain", "--", ".") else commit


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process of a user that the machine does not know
        return "?"


def _place(state: Path, name: str) -> Path:
    if not re.match(NAME, name):
        raise Invalid(f"{name!r} is not the name of an analysis: expected lower-case letters, digits and hyphens")
    return state / FOLDER / name
