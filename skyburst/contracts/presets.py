"""Presets: values of parameters that go together, under a name, which a blueprint has for people to choose from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from skyburst.contracts.parameters import Declared, problems_of
from skyburst.contracts.refusals import NAME, explain
from skyburst.errors import InvalidBlueprint


class PresetSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of parameters that go together, for people to choose."""

    title: str = ""
    """What people see; without one the preset's name."""
    description: str = ""
    """When they are the right ones."""
    parameters: dict[str, Any] = {}
    """By their names; parameters that are not here stay as they are."""


def presets_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """The presets of a blueprint that was not checked yet; none where they are no sections."""
    presets = document.get("presets")
    return presets if isinstance(presets, dict) else {}


def check_form(name: str, entry: Any, where: str) -> None:
    """Refuse a preset that has an unknown field or a wrong type, or a name that is none. Raises InvalidBlueprint."""
    if not re.match(NAME, name):
        raise InvalidBlueprint(f"{where}: presets.{name}: expected a name of lower-case letters, digits and hyphens")
    try:
        msgspec.convert(entry, PresetSection)
    except msgspec.ValidationError as error:
        place = "" if isinstance(entry, dict) else f"presets.{name}: "
        raise InvalidBlueprint(f"{where}: {place}{explain(error, entry, f'presets.{name}.', PresetSection)}") from error


def check_preset(name: str, parameters: Mapping[str, Any], declared: Declared | None, where: str) -> None:
    """Refuse a preset whose values the declarations of the parameters refuse, or that names files.

    Args:
        name: of the preset.
        parameters: its values; the others are not changed by it.
        declared: the parameters of the blueprint; None where any are handed on.
        where: the blueprint, for people.

    Raises:
        InvalidBlueprint: naming the blueprint, the preset, the parameter and what was expected.
    """
    if declared is None:
        return
    for problem in problems_of(declared, parameters, partly=True):
        raise InvalidBlueprint(f"{where}: presets.{name}: {problem.words}")
    for parameter in parameters:
        if declared[parameter].get("format") == "path":
            raise InvalidBlueprint(
                f"{where}: presets.{name}: parameters.{parameter} names files, which are not the same for everybody: leave it out"
            )
