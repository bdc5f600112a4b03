"""The folder of an analysis made of a NeuroCAAS blueprint: `blueprint.toml`, and a README that says what is left to do."""

from __future__ import annotations

import json
from pathlib import Path

from skyburst.blueprints.neurocaas import Imported
from skyburst.contracts.blueprint import FILE, Blueprint, parse_blueprint
from skyburst.errors import Invalid
from skyburst.local_files import write_whole

README = "README.md"
OLDER = (
    "If it sources `workflow.sh` and `transfer.sh` of `ncap_utils`, these are here too: change its line `scriptpath=` to "
    '`scriptpath="$(dirname "$(command -v workflow.sh)")"`.'
)
STEPS = {
    "workflow": "It asks `neurocaas-contrib workflow` where its data, config and results are, which is answered here too.",
    "arguments": f"{OLDER} It has then `$inputpath`, `$configpath` and the like, as before.",
    "whole": f"{OLDER} Where it fetches data in another way, take that out: the data is in the folder `$SKYBURST_INPUTS`, the "
    "config in the file `$SKYBURST_CONFIG`, and results go into the folder `$SKYBURST_RESULTS`.",
    "": "The blueprint does not say what is run: write it, as a program that takes its data from the folder SKYBURST_INPUTS, its "
    "config from the file SKYBURST_CONFIG, and puts its results into the folder SKYBURST_RESULTS.",
}


def blueprint_text(found: Imported) -> str:
    """The file `blueprint.toml`."""
    lines = [
        "blueprint = 1",
        f"name = {_toml(found.name)}",
        f"version = {_toml(found.version)}",
        f"title = {_toml(f'{found.name}, from NeuroCAAS')}",
        f"command = [{', '.join(map(_toml, found.command))}]",
        'compute = "ec2"',
        'parameters = "any"  # declare them here, and configs are checked before anything starts',
        "",
        "[environment]",
    ]
    if found.ami:
        lines.append(f'# image = "REPOSITORY@sha256:..."  # a container image with what {found.ami} has')
    lines += [f"{name} = {_toml(value)}" for name, value in found.environment.items()]
    return "\n".join(lines) + "\n"


def readme_text(found: Imported, source: str) -> str:
    """What was carried over, what was not, and what to do."""
    program = found.command[-1]
    script = (
        f"Copy `{found.script}` of the machine image {found.ami or ''} here, as `{program}`." if found.script else ""
    )
    todo = [" ".join(filter(None, [script, STEPS[found.style]]))]
    if found.ami:
        todo.append(
            f"Make a container image with the programs and models that {found.ami} has, and name it by its digest in "
            "`environment.image`: `skyburst env save` does both from a container in which they are installed."
        )
    todo.append(
        f"`skyburst blueprint check {found.name}` says what is still missing; `skyburst env test` runs one dataset."
    )
    kept = [said for said in found.said if said.kept]
    lost = [said for said in found.said if not said.kept]
    lines = [f"# {found.name}", "", f"Made of the NeuroCAAS blueprint `{source}`.", "", "## To do", ""]
    lines += [f"{number}. {step}" for number, step in enumerate(todo, 1)]
    for title, some in (("Carried over", kept), ("Not carried over", lost)):
        lines += ["", f"## {title}", ""]
        lines += [f"- `{said.field}` = `{_code(said.value)}`: {said.words}" for said in some] or ["Nothing."]
    return "\n".join(lines) + "\n"


def write_folder(found: Imported, folder: Path, source: str) -> Blueprint:
    """Write the two files into a folder, which is made; the blueprint that they hold.

    Raises:
        Invalid: when there is a blueprint already.
        StorageError: when they cannot be written.
    """
    path = folder / FILE
    if path.exists():
        raise Invalid(f"{path} is there already: name another folder with --output")
    text = blueprint_text(found)
    blueprint = parse_blueprint(_read(text), str(path))
    write_whole(path, text.encode())
    write_whole(folder / README, readme_text(found, source).encode())
    return blueprint


def _read(text: str) -> dict[str, object]:
    import tomllib

    return tomllib.loads(text)


def _toml(value: object) -> str:
    """A value in TOML, whose text and lists are written as in JSON but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _code(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("`", "'")
