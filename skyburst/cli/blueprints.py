"""What the commands about blueprints read and print."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from skyburst.blueprints.checking import InstanceType, Level, Trouble
from skyburst.blueprints.comparing import Change, changes
from skyburst.blueprints.content import content, content_digest
from skyburst.blueprints.history import Entry, entries, recorded
from skyburst.blueprints.neurocaas import MACHINES, Machine
from skyburst.cli import text
from skyburst.contracts.blueprint import FILE, Blueprint, load_blueprint
from skyburst.errors import Invalid, NotFound
from skyburst.finding import Broken, all_analyses, find_analysis
from skyburst.homes.local.folder import state_folder

DEPLOYED = "deployed"
SHORT = 12
"""Characters of a digest that people are shown."""


def folder_of(name: str) -> Path:
    """The folder of an analysis, also of one whose blueprint cannot be used.

    Raises:
        AnalysisNotFound: when there is none.
        Invalid: when it is a single file, which has no blueprint.
    """
    path = Path(name).expanduser()
    if (path / FILE).is_file():
        return path
    for entry in all_analyses():
        if isinstance(entry, Broken) and name in (entry.location.name, entry.location.name.replace("_", "-")):
            return entry.location
    found = find_analysis(name)
    if found.location.is_file():
        raise Invalid(f"{name} is a single file, which has no blueprint: `skyburst new` writes an analysis with one")
    return found.location


def read_side(given: str) -> Blueprint:
    """The blueprint of a folder, of a name, of NAME@VERSION, of NAME@DIGEST, or of NAME@deployed."""
    name, at, which = given.rpartition("@")
    if not at or Path(given).exists():
        return load_blueprint(folder_of(given))
    if which == DEPLOYED:
        from skyburst.homes.aws.account import Account
        from skyburst.homes.aws.deployed_blueprints import deployed_blueprint

        return deployed_blueprint(Account(), name)
    return recorded(state_folder(), name, which)


def compared(before: str, after: str | None) -> tuple[str, str, list[Change]]:
    """What two blueprints are called, and how they differ; one alone is compared with what was recorded of it last."""
    if after is not None:
        return before, after, changes(read_side(before), read_side(after))
    new = read_side(before)
    found = entries(state_folder(), new.name)
    if not found:
        raise NotFound(
            f"nothing is recorded of {new.name!r} in {state_folder()}: give a second blueprint to compare with"
        )
    last = found[-1]
    old = recorded(state_folder(), new.name, last.digest)
    return f"{new.name}@{last.version} ({last.how} {text.moment(last.at)})", before, changes(old, new)


def known_types() -> Mapping[str, InstanceType]:
    """Instance types of the price data."""
    from skyburst.prices.current import current_prices

    return {
        name: InstanceType(machine.vcpus, machine.memory_mb, machine.gpus)
        for name, machine in current_prices().book.machines.items()
    }


def machines() -> dict[str, Machine]:
    """Instance types of the price data, and those of the published blueprints of NeuroCAAS."""
    return {**MACHINES, **{name: Machine(*found) for name, found in known_types().items()}}


def name_of(folder: Path) -> str:
    """A name for an analysis, from that of a folder."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:63].rstrip("-")
    return name if name[:1].isalpha() else f"analysis-{name}".rstrip("-")[:63]


def checked_lines(folder: Path, blueprint: Blueprint | None, found: list[Trouble]) -> list[str]:
    """What was found, worst first."""
    named = f"{blueprint.name} {blueprint.version}" if blueprint else str(folder)
    lines = [f"{trouble.level:<8}  {text.printable(trouble.words)}" for trouble in sorted(found, key=_rank)]
    wrong = sum(trouble.level is Level.WRONG for trouble in found)
    if blueprint and not wrong:
        lines.append(f"{named}: nothing is wrong; content {content_digest(blueprint)[:SHORT]}")
    else:
        lines.append(f"{named}: {text.counted(wrong, 'thing')} cannot work")
    return lines


def change_lines(before: str, after: str, found: list[Change]) -> list[str]:
    """Changes for people."""
    if not found:
        return [f"{before} and {after} are the same"]
    return [f"--- {before}", f"+++ {after}", *(text.printable(change.line()) for change in found)]


def history_lines(found: list[Entry]) -> list[str]:
    """Entries as a table."""
    rows = [["WHEN", "WHAT", "VERSION", "CONTENT", "WHO", "COMMIT", "IMAGE", "MESSAGE"]]
    for entry in found:
        commit = f"{entry.commit[:8]}{'+' if entry.commit.endswith('+') else ''}" if entry.commit else "-"
        image = entry.image.partition("@sha256:")[2][:SHORT] if entry.image else "-"
        rows.append(
            [text.moment(entry.at), entry.how, entry.version, entry.digest[:SHORT], entry.who, commit, image, entry.message]
        )  # fmt: skip
    return [text.printable(line) for line in text.columns(rows)]


def blueprint_lines(blueprint: Blueprint) -> list[str]:
    """The fields that are not at their default, and the digest."""
    fields = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in content(blueprint).items()]
    return [text.printable(field) for field in [*fields, f"content {content_digest(blueprint)}"]]


def _rank(trouble: Trouble) -> int:
    return list(Level).index(trouble.level)
