"""`--items`: a range, a file, standard input, a manifest, or the items themselves."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

RANGE = re.compile(r"\s*(-?\d+):(-?\d+)\s*")
HINT = "--items"


def items_from(text: str) -> list[Any] | dict[str, Any]:
    """The `items` of a job specification that a text stands for.

    `0:1000` is the whole numbers from 0 to 999; `@FILE` a file with one item a line (JSON in `.jsonl` or `.ndjson`,
    else text) or with a list in `.json`; `-` one JSON value a line on standard input; a folder or a URL is a manifest
    or a library; anything else a JSON list, or values with commas between them.
    """
    if matched := RANGE.fullmatch(text):
        return {"range": [int(matched[1]), int(matched[2])]}
    if text == "-":
        return _json_lines(sys.stdin.read(), "standard input")
    if not text.strip():
        raise click.BadParameter("it is empty: expected items, such as 0:1000 or a file", param_hint=HINT)
    if text.startswith("@"):
        return _from_file(Path(text[1:]).expanduser())
    if text.lstrip().startswith(("[", "{")):
        return _document(text, "the text")
    if "://" in text or Path(text).expanduser().is_dir():
        return {"manifest": text}
    return [_value(part) for part in text.split(",")]


def _from_file(path: Path) -> list[Any] | dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise click.BadParameter(f"{path} cannot be read: {reason}", param_hint=HINT) from error
    if path.suffix == ".json":
        return _document(text, str(path))
    if path.suffix in (".jsonl", ".ndjson"):
        return _json_lines(text, str(path))
    return [line for line in map(str.strip, text.split("\n")) if line]


def _json_lines(text: str, where: str) -> list[Any]:
    items = []
    for number, line in enumerate(text.split("\n"), start=1):  # JSON may hold other line ends as they are
        if not line.strip():
            continue
        try:
            items.append(json.loads(line))
        except ValueError as error:
            raise click.BadParameter(f"line {number} of {where} is not JSON: {error}", param_hint=HINT) from error
    return items


def _document(text: str, where: str) -> list[Any] | dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{where} is not JSON: {error}", param_hint=HINT) from error
    if isinstance(document, list | dict):
        return document
    raise click.BadParameter(f"{where} is not a JSON list", param_hint=HINT)


def _value(text: str) -> Any:
    """A JSON value, or text that is none."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text.strip()
