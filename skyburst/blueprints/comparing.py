"""How two blueprints differ, field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from skyburst.contracts.blueprint import Blueprint

ABSENT = object()
"""What a field has that is not there: null is a value of its own."""


class Change(NamedTuple):
    """One field that differs."""

    field: str
    """Such as `environment.memory_mb` or `parameters.rank.default`."""
    before: Any
    """ABSENT when it is new."""
    after: Any
    """ABSENT when it is gone."""

    def document(self) -> dict[str, Any]:
        """As JSON; a side that has no such field is left out."""
        sides = {"before": self.before, "after": self.after}
        return {"field": self.field, **{side: value for side, value in sides.items() if value is not ABSENT}}

    def line(self, longest: int = 200) -> str:
        """For people."""
        before, after = (_shown(value, longest) for value in (self.before, self.after))
        if self.before is ABSENT:
            return f"+ {self.field} = {after}"
        if self.after is ABSENT:
            return f"- {self.field} = {before}"
        return f"~ {self.field}: {before} -> {after}"


def changes(before: Blueprint, after: Blueprint) -> list[Change]:
    """The fields in which one blueprint differs from another, defaults included, in the order of their names."""
    # Numbers of fields that have defaults are whole until they were read once.
    old, new = (_flat(msgspec.convert(side.document(), Blueprint).document()) for side in (before, after))
    return [
        Change(field, old.get(field, ABSENT), new.get(field, ABSENT))
        for field in sorted({*old, *new})
        if old.get(field, ABSENT) != new.get(field, ABSENT)
        or type(old.get(field, ABSENT)) is not type(new.get(field, ABSENT))
    ]


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Fields by their path. Lists and what is empty are values."""
    found: dict[str, Any] = {}
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _shown(value: Any, longest: int) -> str:
    text = json.dumps(value, ensure_ascii=False) if value is not ABSENT else ""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
