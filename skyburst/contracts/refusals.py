"""Say why a document was refused: the field, its value and what was expected."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

PLACE = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>.*)`$")
UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*?)`")
STEP = re.compile(r"([^.\[\]]+)|(\[[^\]]*\])")
"""A field, or a place in a list, of a path such as `next[0].on`."""
LONGEST = 200
LONGEST_REFUSAL = 4_000
"""Characters. The cause of an execution's error holds 32,768, a traceback among them."""
END = 1_000

NAME = r"^[a-z][a-z0-9-]{0,62}\Z"
VERSION = r"^[0-9]+\.[0-9]+\.[0-9]+\Z"
REFERENCE = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z"
KEY = r"^[^\x00-\x1f\x7f\ud800-\udfff]+\Z"
GROUP = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}\Z"
IMAGE = r"^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}\Z"
AMI = r"^ami-[0-9a-f]{8,17}\Z"
INSTANCE_TYPE = r"^[a-z][a-z0-9-]*[0-9][a-z0-9-]*(\.[a-z0-9-]+)?\Z"
FUNCTION = r"^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?\Z"
EXECUTION = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,72}\Z"
LINK = r"^https?://[^\s\x00-\x1f\x7f]+\Z"
WORDS = {
    LINK: "that is an http or https URL",
    NAME: "of lower-case letters, digits and hyphens, starting with a letter, at most 63",
    VERSION: "such as 1.0.0",
    REFERENCE: "such as module:function",
    FUNCTION: "that is the name or the ARN of a Lambda function",
    EXECUTION: "of letters, digits, hyphens and underscores, starting with a letter or digit, at most 73",
    GROUP: "of letters, digits, hyphens and underscores, starting with a letter or digit, at most 63",
    IMAGE: "that names a container image by its digest, such as REPOSITORY@sha256:0123... with 64 hexadecimal digits",
    AMI: "that is the id of a machine image, such as ami-0123456789abcdef0",
    INSTANCE_TYPE: "that is an EC2 instance type, such as m5.4xlarge, or a family, such as m5",
    KEY: "without control characters, in valid Unicode",
}
"""What patterns stand for, for people."""


def shortened(message: str, longest: int = LONGEST_REFUSAL) -> str:
    """A refusal that the error of an execution can hold, whatever was given: what is wrong comes first in it, the remedy last."""
    return message if len(message) <= longest else f"{message[: longest - END]} ... {message[-END:]}"


def explain(
    error: msgspec.ValidationError, document: Mapping[str, Any], prefix: str, kind: type[msgspec.Struct]
) -> str:
    """Refusal of a document in our form, `job.batch_size is 0: expected int >= 1`, from msgspec's.

    Args:
        error: has the path of the field in it.
        document: what was refused, for its value there.
        prefix: what the fields are called by, such as `job.`.
        kind: what the document was to be, for what could be chosen there.
    """
    text = str(error)
    place = PLACE.search(text)
    path = place["path"] if place else ""
    expected = text[: place.start()] if place else text
    expected = expected[0].lower() + expected[1:].replace("`", "")
    for pattern, words in WORDS.items():
        expected = expected.replace(f"matching regex {pattern!r}", words)
    if unknown := UNKNOWN.search(text):
        fields = [field for form in _forms(kind, path) for field in _fields(form)]
        near = difflib.get_close_matches(unknown["field"], fields, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(fields)}"
        return f"{prefix}{path}{'.' if path else ''}{unknown['field']}: there is no such field; {hint}"
    if text.startswith("Invalid enum value"):
        forms = _forms(kind, path)
        choices = [str(value) for form in forms for value in getattr(form, "values", ())]
        choices += ["a list" for form in forms if hasattr(form, "item_type")]
        expected = f"expected {' or '.join([', '.join(choices[:-1]), choices[-1]] if choices[1:] else choices)}"
    if not path:
        return expected
    value: Any = document
    for step in path.removesuffix("[...]").split("."):
        field, *places = step.split("[")
        value = value[field]
        for number in places:
            value = value[int(number.removesuffix("]"))]
    found = json.dumps(value, default=str)[:LONGEST]
    return f"{prefix}{path} {'in' if path.endswith('[...]') else 'is'} {found}: {expected}"


def _forms(kind: type[msgspec.Struct], path: str) -> list[Any]:
    """What a document may have at a place, as `msgspec.inspect` describes types."""
    from msgspec import inspect

    forms: list[Any] = [inspect.type_info(kind)]
    for field, _ in STEP.findall(path):
        below = [(_fields(form).get(field) if field else getattr(form, "item_type", None)) for form in forms]
        forms = [part for form in below if form is not None for part in getattr(form, "types", (form,))]
    return forms


def _fields(form: Any) -> dict[str, Any]:
    """Types of the fields of a form, by name; none of one that has no fields."""
    return {field.encode_name: field.type for field in getattr(form, "fields", ())}
