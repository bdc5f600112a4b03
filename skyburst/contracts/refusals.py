"""Say why a document was refused: the field, its value and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

PLACE = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>.*)`$")
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
WORDS = {
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


def explain(error: msgspec.ValidationError, document: Mapping[str, Any], prefix: str) -> str:
    """Refusal of a document in our form, `job.batch_size is 0: expected int >= 1`, from msgspec's.

    Args:
        error: has the path of the field in it.
        document: what was refused, for its value there.
        prefix: what the fields are called by, such as `job.`.
    """
    text = str(error)
    place = PLACE.search(text)
    path = place["path"] if place else ""
    expected = text[: place.start()] if place else text
    expected = expected[0].lower() + expected[1:].replace("`", "")
    for pattern, words in WORDS.items():
        expected = expected.replace(f"matching regex {pattern!r}", words)
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
