"""The job specification that a command line stands for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from skyburst.cli.items import items_from
from skyburst.cli.setting import labels_from, parameters_from
from skyburst.contracts.parameters import Declared
from skyburst.errors import AnalysisNotFound
from skyburst.finding import find_analysis

LISTS = ("manifest.json", "library.json")
"""One of them is in a folder that is a stored list of items."""
LIMITS = (
    "batch_size",
    "max_parallelism",
    "timeout_s",
    "tolerated_failure_percent",
    "name",
    "idempotency_key",
    "group",
    "user",
)
"""Options that are fields of the specification as they are."""


def specification(analysis: str | None, given: Mapping[str, Any], on: str = "local") -> dict[str, Any]:
    """The job specification of a command line, unchecked.

    Args:
        analysis: name or path; None when the file of `--spec` has it.
        given: options by name; `spec` is a file whose fields the other options replace.
        on: name of the home; an analysis may be deployed elsewhere and not be here.
    """
    document = _read(given["spec"]) if given["spec"] else {}
    if analysis:
        document["analysis"] = analysis
    if "analysis" not in document:
        raise click.UsageError("name the ANALYSIS to run; `skyburst analyses` lists them")
    document.update({field: given[field] for field in LIMITS if given[field] is not None})
    if given["items"] is not None:
        document["items"] = items_from(given["items"])
        if _are_datasets(document["items"], str(document["analysis"])):
            document["items"] = [location.strip() for location in given["items"].split(",")]
    if given["label"]:
        document["labels"] = {**document.get("labels", {}), **labels_from(given["label"])}
    if given.get("no_next"):
        document["next"] = False
    if given.get("notify"):
        document["notify"] = [*document.get("notify", []), *given["notify"]]
    if given["set"]:
        declared = _declared(str(document["analysis"]), on)
        document["parameters"] = {**document.get("parameters", {}), **parameters_from(declared, given["set"])}
    return document


def _are_datasets(items: Any, analysis: str) -> bool:
    """Whether a folder or URL that could be a stored list of items is the data of a command instead."""
    if not isinstance(items, dict) or "manifest" not in items:
        return False
    if any(Path(items["manifest"], name).expanduser().is_file() for name in LISTS):
        return False
    try:
        return find_analysis(analysis).blueprint.command is not None
    except AnalysisNotFound:  # it may be deployed, and not be here
        return False


def _declared(analysis: str, on: str) -> Declared | None:
    try:
        return find_analysis(analysis).blueprint.parameters
    except AnalysisNotFound:
        if on == "local":
            raise
        return None


def _read(name: str) -> dict[str, Any]:
    where = "standard input" if name == "-" else name
    try:
        content = sys.stdin.read() if name == "-" else Path(name).expanduser().read_text(encoding="utf-8")
        document = json.loads(content)
    except OSError as error:
        raise click.BadParameter(f"{where} cannot be read: {error.strerror}", param_hint="--spec") from error
    except ValueError as error:
        raise click.BadParameter(f"{where} is not JSON: {error}", param_hint="--spec") from error
    if not isinstance(document, dict):
        raise click.BadParameter(f"{where} is not a JSON object: a job specification is one", param_hint="--spec")
    return document
