"""Everything that is wrong with the fields of a blueprint, not only the first of it."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from skyburst.contracts.blueprint import (
    FILE,
    SECTIONS,
    Blueprint,
    NextSection,
    check_format,
    check_words,
    contradictions,
    parse_blueprint,
    refuse_unknown,
    with_any_parameters,
    with_command,
    words_meant,
)
from skyburst.contracts.parameters import check_declared, with_json_defaults
from skyburst.contracts.presets import check_form, check_preset, presets_in
from skyburst.contracts.refusals import PLACE, explain
from skyburst.errors import InvalidBlueprint

MISSING = "Object missing required field `"
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
STAND_INS = {
    "blueprint": 1, "name": "unnamed", "version": "0.0.0", "worker": "module:worker", "combiner": "module:combiner",
    "describe": "module:function", "tasks": "module:tasks", "merge": "module:merge", "analysis": "unnamed",
}  # fmt: skip
"""What is put in place of required fields that cannot be used, to go on looking."""


class Read(NamedTuple):
    """What was found in a blueprint's file."""

    blueprint: Blueprint | None
    """As far as it can be read; None when it is no TOML or nothing of it can be used."""
    problems: list[str]
    """One sentence each, which names the field, its value and what was expected."""
    document: dict[str, Any]
    """As it is in the file."""


def read_all(folder: Path) -> Read:
    """Read a folder's blueprint and say all that is wrong with its fields.

    Raises:
        InvalidBlueprint: when the file is not there or is not TOML: then nothing more can be said.
    """
    path = folder / FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidBlueprint(f"{path} does not exist: an analysis is a folder with a {FILE}") from error
    except OSError as error:
        raise InvalidBlueprint(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidBlueprint(f"{path} is not TOML: {error}") from error
    return all_problems(document, str(path))


def all_problems(document: dict[str, Any], where: str) -> Read:
    """Say all that is wrong with the fields of a blueprint.

    Each field that is refused is taken out, or replaced where it is needed, and the rest is looked at again.
    """
    given = document
    document = with_any_parameters(copy.deepcopy(document))
    problems = [*_refused(lambda: check_format(document, where)), *_unknown(document, where)]
    if one_text := _refused(lambda: check_words(document, where)):
        problems += one_text
        document["command"] = words_meant(document["command"]) or None
    twofold = _refused(lambda: with_command(document, where))
    if twofold:
        del document["worker"]
    document.update(with_command(document, where))
    problems += twofold
    problems += _parameters(document, where)
    problems += _presets(document, where)
    blueprint = None
    while blueprint is None:
        try:
            blueprint = msgspec.convert(document, Blueprint)
        except msgspec.ValidationError as error:
            problems.append(f"{where}: {explain(error, document, '', Blueprint)}")
            if not _mend(document, error):
                return Read(None, problems, given)
    problems += [f"{where}: {problem}" for problem in contradictions(blueprint)]
    for name, preset in blueprint.presets.items():
        problems += _refused(partial(check_preset, name, preset.parameters, blueprint.parameters, where))
    if not problems:  # the same as everywhere else
        blueprint = parse_blueprint(given, where)
    return Read(blueprint, problems, given)


def _unknown(document: dict[str, Any], where: str) -> Iterator[str]:
    """Refusals of fields that there are not; they are taken out."""
    kinds: list[tuple[dict[str, Any], type[msgspec.Struct], str]] = [(document, Blueprint, "")]
    kinds += [
        (document[section], kind, f"{section}.")
        for section, kind in SECTIONS.items()
        if isinstance(document.get(section), dict)
    ]
    following = document.get("next")
    if isinstance(following, list):
        kinds += [
            (entry, NextSection, f"next[{number}].")
            for number, entry in enumerate(following)
            if isinstance(entry, dict)
        ]
    for fields, kind, prefix in kinds:
        for field in list(fields):
            problem = _refused(partial(refuse_unknown, {field: None}, kind, where, prefix))
            if problem:
                del fields[field]
            yield from problem


def _parameters(document: dict[str, Any], where: str) -> Iterator[str]:
    """Refusals of declarations of parameters, one for each; those are taken out."""
    declared = document.get("parameters")
    if not isinstance(declared, dict):
        return
    for name, entry in list(declared.items()):
        if not isinstance(entry, dict):
            continue  # which its type refuses

        def check(name: str = name, entry: Any = entry) -> None:
            declared.update(with_json_defaults({name: entry}, where))
            check_declared({name: declared[name]}, where)

        problem = _refused(check)
        if problem:
            del declared[name]
        yield from problem


def _presets(document: dict[str, Any], where: str) -> Iterator[str]:
    """Refusals of presets by their form, one for each; those are taken out."""
    presets = presets_in(document)
    for name, entry in list(presets.items()):
        problem = _refused(partial(check_form, name, entry, where))
        if problem:
            del presets[name]
        yield from problem


def _refused(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except InvalidBlueprint as error:
        return [str(error)]
    return []


def _mend(document: dict[str, Any], error: msgspec.ValidationError) -> bool:
    """Take out the field that was refused, or give it a value that can be used; False when that cannot be done."""
    text = str(error)
    place = PLACE.search(text)
    steps = _steps(place["path"]) if place else []
    if text.startswith(MISSING):
        field = text.removeprefix(MISSING).partition("`")[0]
        steps = [*steps, field]
    if not steps:
        return False
    holder: Any = document
    for step in steps[:-1]:
        holder = holder[step]
    last: Any = steps[-1]
    stand_in = STAND_INS.get(str(last))
    if stand_in is not None and (not isinstance(holder, dict) or holder.get(last) != stand_in):
        holder[last] = stand_in
        return True
    if isinstance(holder, list) or last in holder:
        del holder[last]
        return True
    return False


def _steps(path: str) -> list[str | int]:
    """The steps of a path such as `next[0].analysis`; that of any entry of an object ends at the object."""
    found = STEP.findall(path.removesuffix("[...]"))
    return [int(number) if number else name for number, name in found]
