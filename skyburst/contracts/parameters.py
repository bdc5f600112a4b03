"""Parameters that a blueprint declares: JSON Schemas with a default, checked before anything starts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skyburst.contracts import values
from skyburst.errors import Invalid, InvalidBlueprint, InvalidJob

Declared = Mapping[str, Mapping[str, Any]]
OWN_KEYS = ("required", "order")
"""Keys of a declaration that are not JSON Schema's."""


def schema(declared: Declared) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a job's parameters; forms are made from it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            name: {key: value for key, value in entry.items() if key not in OWN_KEYS}
            for name, entry in declared.items()
        },
        "required": [name for name, entry in declared.items() if entry.get("required")],
        "additionalProperties": False,
    }


def check_declared(declared: Declared, where: str) -> None:
    """Refuse declarations that are no JSON Schema, and defaults that their own declaration refuses.

    Raises:
        InvalidBlueprint: naming the blueprint, the parameter and what is wrong.
    """
    from jsonschema import Draft202012Validator, SchemaError

    for name, entry in declared.items():
        if not name.isidentifier():
            raise InvalidBlueprint(f"{where}: parameters.{name}: a name has letters, digits and _ only")
        try:
            Draft202012Validator.check_schema(schema({name: entry}))
        except SchemaError as error:
            raise InvalidBlueprint(f"{where}: parameters.{name}: {error.message}") from error
        if "default" in entry:
            try:
                _check({name: entry}, {name: entry["default"]})
            except InvalidJob as error:
                raise InvalidBlueprint(f"{where}: the default of {error}") from error


def resolve(declared: Declared, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All parameters: the given ones checked, the others' defaults, paths made absolute from a folder.

    Raises:
        InvalidJob: naming the parameter, its value and what was expected.
    """
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the parameters are {', '.join(declared) or 'none'}"
            raise InvalidJob(f"parameters.{name}: there is no such parameter; {hint}")
    for name, entry in declared.items():
        if entry.get("required") and name not in given:
            raise InvalidJob(
                f"parameters.{name} is missing: {entry.get('description') or entry.get('title') or 'it is required'}"
            )
    _check(declared, given)
    resolved: dict[str, Any] = {}
    for name, entry in declared.items():
        value = given.get(name, entry.get("default"))
        if entry.get("format") == "path" and value is not None:
            value = _absolute(name, value, folder)
        resolved[name] = value
    return resolved


def from_text(declared: Declared | None, name: str, texts: list[str]) -> Any:
    """The value of a parameter that was given as text, such as on a command line: once, or several times for a list."""
    entry = (declared or {}).get(name, {})
    types = entry.get("type", [] if declared is None else ["string"])
    types = [types] if isinstance(types, str) else list(types)
    parsed = [_from_text(types, text) for text in texts]
    if len(parsed) == 1 and (types != ["array"] or isinstance(parsed[0], list)):
        return parsed[0]
    return parsed


def _from_text(types: list[str], text: str) -> Any:
    if types == ["string"]:
        return text
    if "string" in types and not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        lowered = {"true": True, "yes": True, "false": False, "no": False, "none": None}
        if text.lower() in lowered and (not types or "boolean" in types or "null" in types):
            return lowered[text.lower()]
        return text


def _check(declared: Declared, given: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    _check_json(given)
    partly = {**schema({name: declared[name] for name in given}), "required": []}
    for error in Draft202012Validator(partly).iter_errors(dict(given)):
        path = "parameters" + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
        )
        raise InvalidJob(f"{path} is {json.dumps(error.instance)[:200]}: {_expected(error)}")


def _check_json(given: Mapping[str, Any]) -> None:
    try:
        values.check(dict(given), "parameters")
    except Invalid as error:
        raise InvalidJob(str(error)) from error


def _expected(error: Any) -> str:
    bound = error.validator_value
    match error.validator:
        case "type":
            return f"expected {bound if isinstance(bound, str) else ' or '.join(bound)}"
        case "enum":
            return f"expected one of {', '.join(json.dumps(choice) for choice in bound)}"
        case "minimum":
            return f"expected at least {bound}"
        case "maximum":
            return f"expected at most {bound}"
        case "exclusiveMinimum":
            return f"expected more than {bound}"
        case "exclusiveMaximum":
            return f"expected less than {bound}"
        case "minItems" | "minLength":
            return f"expected at least {bound} of them"
        case "maxItems" | "maxLength":
            return f"expected at most {bound} of them"
        case _:
            return str(error.message)


def _absolute(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_absolute(f"{name}[{position}]", entry, folder) for position, entry in enumerate(value)]
    if not isinstance(value, str) or "://" in value:
        return value
    path = (folder / Path(value).expanduser()).resolve()
    if not path.exists():
        raise InvalidJob(f"parameters.{name} is {value!r}: there is no file or folder {path}")
    return str(path)
