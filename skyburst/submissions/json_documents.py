"""JSON and YAML that people upload, read strictly: nothing is repeated, nothing is silently something else."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from skyburst.contracts import values
from skyburst.errors import InvalidSubmission, NotJson

MOST_VALUES = 100_000
"""Values in a document; a short one in YAML may stand for very many."""


def read_json(data: bytes, most: int) -> Any:
    """The value of a JSON document of so many bytes at most.

    Raises:
        InvalidSubmission: when it is none; the message continues a sentence that begins with what was read.
    """
    text = _text(data, most)
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise InvalidSubmission(
            f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg[0].lower()}{error.msg[1:]}"
        ) from error
    except RecursionError as error:
        raise InvalidSubmission("is nested too deeply: flatten it") from error
    except ValueError as error:  # Python reads no numbers that long
        raise InvalidSubmission(f"is not JSON that can be read: {error}") from error


def read_yaml(data: bytes, most: int) -> Any:
    """The value of a YAML document, in what JSON can hold; dates stay text. Raises InvalidSubmission as `read_json`."""
    import yaml

    text = _text(data, most)
    try:
        value = yaml.load(text, Loader=_loader())  # noqa: S506 - derived from the safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error).split("\n")[0]
        raise InvalidSubmission(f"is not YAML: {place}{problem}") from error
    except RecursionError as error:
        raise InvalidSubmission("is nested too deeply: flatten it") from error
    except ValueError as error:  # what looks like a number and is none
        raise InvalidSubmission(f"is not YAML that can be read: {error}") from error
    _count(value)
    try:
        values.check(value, "its value")
    except NotJson as error:
        raise InvalidSubmission(f"has what JSON does not: {error}") from error
    return value


def _text(data: bytes, most: int) -> str:
    if len(data) > most:
        raise InvalidSubmission(f"has more than {most:,} bytes: expected a short document")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSubmission(f"is not text in UTF-8: byte {error.start} is {data[error.start]:#04x}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidSubmission(f"has {name!r} twice: keep one")
        found[name] = value
    return found


def _constant(name: str) -> Any:
    raise InvalidSubmission(f"has {name}, which JSON does not: use null or text instead")


def _count(value: Any) -> None:
    """Refuse a document whose references to itself stand for more than anybody wrote, or for ever more."""
    seen = 0
    open_values = [value]
    while open_values:
        entry = open_values.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise InvalidSubmission(f"has more than {MOST_VALUES:,} values, its references written out: shorten it")
        if isinstance(entry, dict):
            open_values.extend(entry.values())
        elif isinstance(entry, list):
            open_values.extend(entry)


def _loader() -> Any:
    """The safe loader, but for dates, which stay text as JSON has none, and for keys that are there twice."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers = {  # noqa: RUF012 - as yaml declares it
            first: [(tag, pattern) for tag, pattern in entries if tag != "tag:yaml.org,2002:timestamp"]
            for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            names = set()
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                    continue
                if key.value in names:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
                names.add(key.value)
            found: dict[Hashable, Any] = super().construct_mapping(node, deep)
            return found

    return Loader
