"""What a blueprint says, without what it leaves to defaults, and the digest of that."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from skyburst.contracts.blueprint import COMMAND_COMBINER, COMMAND_WORKER, Blueprint, parse_blueprint


def content(blueprint: Blueprint) -> dict[str, Any]:
    """The fields of a blueprint that are not at their default, as JSON.

    A later version of skyburst, whose blueprints have more fields, finds the same content in the same file.
    """
    found = _given(blueprint)
    if blueprint.command is not None:  # the engine's own, which nobody wrote
        found = {
            field: value
            for field, value in found.items()
            if (field, value) not in (("worker", COMMAND_WORKER), ("combiner", COMMAND_COMBINER))
        }
    return found


def content_digest(blueprint: Blueprint) -> str:
    """SHA-256, hexadecimal, of the content as canonical JSON: keys in order, no spaces, UTF-8."""
    text = json.dumps(content(blueprint), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_reference(analysis: Mapping[str, Any]) -> str:
    """The digest of the blueprint that a job remembers; one of an earlier version remembers the blueprint only."""
    known: str | None = analysis.get("blueprint_digest")
    return known or content_digest(parse_blueprint(analysis["blueprint"], str(analysis.get("name"))))


def _given(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields of a struct that are not at their default, and so on within it."""
    found = {}
    for field in msgspec.structs.fields(type(struct)):
        value = getattr(struct, field.name)
        if not field.required and value == _default(field):
            continue
        found[field.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _given(value)
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
