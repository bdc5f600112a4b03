"""`--set name=value` and `--label name=value`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from skyburst.contracts.parameters import Declared, from_text


def parameters_from(declared: Declared | None, given: Sequence[str]) -> dict[str, Any]:
    """Parameters by name, each text turned into the declared type; a name that is given again makes a list.

    Args:
        declared: by the blueprint; None when anything is accepted.
        given: texts `name=value`.
    """
    texts: dict[str, list[str]] = {}
    for name, value in _pairs(given, "--set"):
        texts.setdefault(name, []).append(value)
    return {name: from_text(declared, name, values) for name, values in texts.items()}


def labels_from(given: Sequence[str]) -> dict[str, str]:
    """Labels by name; of a name that is given again the last counts."""
    return dict(_pairs(given, "--label"))


def has_labels(labels: Mapping[str, str], wanted: Sequence[str]) -> bool:
    """Whether a job has all these labels."""
    return all(labels.get(name) == value for name, value in _pairs(wanted, "--label"))


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{text!r} is not name=value, such as threshold=20", param_hint=option)
        pairs.append((name.strip(), value))
    return pairs
