"""Parameters that a blueprint declares: JSON Schemas with a default, checked before anything starts."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.contracts import values
from skyburst.errors import Invalid, InvalidBlueprint, InvalidJob

Declared = Mapping[str, Mapping[str, Any]]
ORDER = "order"
"""Key of a declaration that is not JSON Schema's: where forms show the parameter."""
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
"""What `type` of a declaration may be."""


def schema(declared: Declared) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a job's parameters; forms are made from it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            name: {key: value for key, value in entry.items() if key != ORDER and not _says_required(key, value)}
            for name, entry in declared.items()
        },
        "required": [name for name, entry in declared.items() if entry.get("required") is True],
        "additionalProperties": False,
    }


def _says_required(key: str, value: Any) -> bool:
    """True for `required = true` or false, said of the parameter; JSON Schema's list is about the fields of an object."""
    return key == "required" and isinstance(value, bool)


def with_json_defaults(declared: Any, where: str) -> Any:
    """Replace `default_json = "..."` by the default that it spells: TOML has no null.

    Raises:
        InvalidBlueprint: when it is not JSON, or when there is a `default` too.
    """
    if not isinstance(declared, dict):
        return declared
    return {name: _with_json_default(name, entry, where) for name, entry in declared.items()}


def _with_json_default(name: str, entry: Any, where: str) -> Any:
    if not isinstance(entry, dict) or "default_json" not in entry:
        return entry
    if "default" in entry:
        raise InvalidBlueprint(f"{where}: parameters.{name} has both default and default_json: keep one")
    rest = {key: value for key, value in entry.items() if key != "default_json"}
    try:
        return {**rest, "default": json.loads(entry["default_json"])}
    except (TypeError, ValueError) as error:
        raise InvalidBlueprint(f"{where}: parameters.{name}.default_json is not JSON: {error}") from error


def check_declared(declared: Declared, where: str) -> None:
    """Refuse declarations that are no JSON Schema, and defaults that their own declaration refuses.

    Raises:
        InvalidBlueprint: naming the blueprint, the parameter and what is wrong.
    """
    from jsonschema import SchemaError

    for name, entry in declared.items():
        if not name.isidentifier():
            raise InvalidBlueprint(f"{where}: parameters.{name}: a name has letters, digits and _ only")
        try:
            values.check(entry, f"parameters.{name}")
            _validator().check_schema(schema({name: entry}))
        except Invalid as error:
            raise InvalidBlueprint(f"{where}: {error}") from error
        except SchemaError as error:
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in list(error.path)[2:])
            found = json.dumps(error.instance, default=str)[:200]
            expected = (
                f"expected one of {', '.join(TYPES)}, or a list of them" if place.endswith(".type") else error.message
            )
            raise InvalidBlueprint(f"{where}: parameters.{name}{place} is {found}: {expected}") from error
        if "default" in entry:
            for problem in _wrong({name: entry}, {name: entry["default"]}):
                raise InvalidBlueprint(f"{where}: the default of {problem.words}")


def check_given(declared: Declared, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters as JSON has them, when there are no others than declared ones, and all that are required.

    Raises:
        InvalidJob: naming the parameter, its value and what was expected.
    """
    for problem in problems_of(declared, given):
        raise InvalidJob(problem.words)
    return _plain(given)


class ParameterProblem(NamedTuple):
    """One thing that is wrong with given parameters."""

    field: str
    """Such as `parameters.label_boxes[0]`."""
    words: str
    """The field, its value and what was expected."""


def problems_of(declared: Declared, given: Mapping[str, Any], *, partly: bool = False) -> Iterator[ParameterProblem]:
    """Everything that is wrong with given parameters: names that there are not, what is missing, values.

    Args:
        declared: the parameters that there are.
        given: what somebody wants them to be.
        partly: whether what is required may be missing, because the rest is given elsewhere.

    Raises:
        InvalidJob: when they are not JSON.
    """
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the parameters are {', '.join(declared) or 'none'}"
            yield ParameterProblem(f"parameters.{name}", f"parameters.{name}: there is no such parameter; {hint}")
    for name, entry in declared.items() if not partly else ():
        if entry.get("required") is True and name not in given:
            about = entry.get("description") or entry.get("title") or "it is required"
            yield ParameterProblem(f"parameters.{name}", f"parameters.{name} is missing: {about}")
    yield from _wrong(declared, {name: value for name, value in given.items() if name in declared})


def resolve(declared: Declared, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All parameters: the given ones checked, the others' defaults, paths made absolute from a folder.

    Raises:
        InvalidJob: naming the parameter, its value and what was expected.
    """
    plain = check_given(declared, given)
    resolved: dict[str, Any] = {}
    for name, entry in declared.items():
        value = plain.get(name, entry.get("default"))
        if entry.get("format") == "path" and value is not None:
            value = _absolute(name, value, folder)
        resolved[name] = value
    return resolved


def from_text(declared: Declared | None, name: str, texts: list[str]) -> Any:
    """The value of a parameter that was given as text, such as on a command line: once, or several times for a list."""
    entry = (declared or {}).get(name, {})
    types = _types(entry, [] if declared is None else ["string"])
    parsed = [_from_text(types, text) for text in texts]
    if len(texts) == 1 and (types != ["array"] or isinstance(parsed[0], list)):
        return parsed[0]
    if types == ["array"]:
        return [_from_text(_types(entry.get("items", {}), []), text) for text in texts]
    return parsed


def _types(entry: Mapping[str, Any], default: list[str]) -> list[str]:
    types = entry.get("type", default)
    return [types] if isinstance(types, str) else list(types)


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


def _wrong(declared: Declared, given: Mapping[str, Any]) -> Iterator[ParameterProblem]:
    """What the declarations of the given parameters refuse."""
    plain = _plain(given)
    partly = {**schema({name: declared[name] for name in given}), "required": []}
    for error in _validator()(partly).iter_errors(plain):
        path = "parameters" + "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
        )
        yield ParameterProblem(path, f"{path} is {json.dumps(error.instance)[:200]}: {_expected(error)}")


@functools.cache
def _validator() -> Any:
    """JSON Schema's validator, but for 2.0, which is no integer here: workers get what was given."""
    from jsonschema import Draft202012Validator, validators

    def is_integer(_: Any, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    return validators.extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = values.decode(values.encode(dict(given), "parameters"))
    except Invalid as error:
        raise InvalidJob(str(error)) from error
    return plain


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
    return str(existing(f"parameters.{name}", value, folder))


def existing(where: str, location: str, folder: Path) -> Path:
    """The file or folder that a path names, from a folder on. Raises InvalidJob, which says where it was named."""
    try:
        path = (folder / Path(location).expanduser()).resolve()
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # no such user's home, too long, not a file's name at all
        raise InvalidJob(f"{where} is {location!r}: it cannot be a file or folder here: {error}") from error
    if not there:
        raise InvalidJob(f"{where} is {location!r}: there is no file or folder {path}")
    return path
