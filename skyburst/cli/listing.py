"""Analyses as people read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skyburst.cli import text
from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.engine.compute import choose
from skyburst.finding import Broken, Found


def analyses_lines(entries: list[Found | Broken]) -> list[str]:
    """One line for each analysis, with where it comes from; those hidden by an earlier one of the same name say so."""
    seen: set[str] = set()
    rows = [["ANALYSIS", "VERSION", "FROM", "WHERE", ""]]
    for entry in entries:
        if isinstance(entry, Broken):
            rows.append([
                entry.location.name, "-", entry.origin, str(entry.location), f"broken: {text.shortened(str(entry.error), 200)}",
            ])  # fmt: skip
            continue
        name = entry.blueprint.name
        note = "hidden by the one above" if name in seen else text.shortened(entry.blueprint.title, 60)
        seen.add(name)
        rows.append([name, entry.blueprint.version, entry.origin, str(entry.location), note])
    return text.columns(rows)


def analysis_lines(found: Found) -> list[str]:
    """Everything that somebody who wants to run an analysis needs to know."""
    blueprint = found.blueprint
    lines = [f"{blueprint.name} {blueprint.version}" + (f": {blueprint.title}" if blueprint.title else "")]
    if blueprint.description:
        lines += ["", text.wrapped(blueprint.description, 2)]
    lines += ["", f"  from      {found.origin}: {found.location}"]
    if found.code != found.location:
        lines.append(f"  code      {found.code}")
    choice = choose(blueprint)
    if blueprint.environment is not None or choice.environment:
        where = "in environments" if choice.environment else "in functions"
        lines.append(f"  on aws    {where}: {choice.why}")
    lines += [f"  next      {section.analysis}, on {section.on}" for section in blueprint.next]
    lines += [*_limits(blueprint), ""]
    if blueprint.parameters is None:
        lines.append("Any parameters are handed on as they are given.")
    elif blueprint.parameters:
        lines.append("Parameters")
        ordered = sorted(blueprint.parameters.items(), key=lambda named: named[1].get("order", 0))
        for name, entry in ordered:
            lines += _parameter(name, entry)
    else:
        lines.append("No parameters.")
    return [*lines, "", "Example", "  " + example(found)]


def example(found: Found) -> str:
    """A command that runs the analysis, with what must be given."""
    name = str(found.location) if found.origin == "path" else found.blueprint.name
    required = [
        f"--set {name}={name.upper()}"
        for name, entry in (found.blueprint.parameters or {}).items()
        if entry.get("required") is True
    ]
    items = [] if found.blueprint.items else ["--items ITEMS"]
    return " ".join(["skyburst run", name, *required, *items])


def type_of(entry: Mapping[str, Any]) -> str:
    """The values that a parameter can have, in few words."""
    if "enum" in entry:
        return "one of " + ", ".join(json.dumps(choice) for choice in entry["enum"])
    types = entry.get("type", "any")
    words = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    if entry.get("format") == "path":
        words = ["path" if word == "string" else "list of paths" if word == "array" else word for word in words]
    described = " or ".join("list" if word == "array" else word for word in words)
    least, most = entry.get("minimum"), entry.get("maximum")
    if least is not None and most is not None:
        return f"{described}, {least} to {most}"
    if least is not None:
        return f"{described} from {least}"
    return described if most is None else f"{described} up to {most}"


def _parameter(name: str, entry: Mapping[str, Any]) -> list[str]:
    if entry.get("required") is True:
        default = "required"
    else:
        default = f"default {json.dumps(entry['default'])}" if "default" in entry else "optional"
    lines = [f"  {name}  ({type_of(entry)}; {default})"]
    help_text = entry.get("description") or entry.get("title")
    if help_text:
        lines.append(text.wrapped(str(help_text), 6))
    return lines


def _limits(blueprint: Blueprint) -> list[str]:
    job, resources = blueprint.job, blueprint.resources
    if blueprint.command is None:
        parts = [
            f"batches of {job.batch_size:,}" if job.batch_size else "at most 1,000 batches",
            f"{resources.memory_mb:,} MiB a worker",
            f"{resources.batch_timeout_s:g} s an attempt",
            f"{resources.attempts} attempts",
        ]
    else:
        needs = blueprint.environment or EnvironmentSection()
        gpus = f" and {text.counted(needs.gpus, 'GPU')}" if needs.gpus else ""
        parts = [
            f"{needs.memory_mb:,} MiB, {text.counted(needs.vcpus, 'vCPU')}{gpus} a dataset",
            f"{needs.timeout_min:g} minutes an attempt",
            f"{needs.max_concurrent:,} at once",
        ]
    parts.append(f"{job.tolerated_failure_percent:g} % of the batches may fail")
    items = "lists its items itself" if blueprint.items else "wants --items"
    return [f"  items     {items}", f"  limits    {', '.join(parts)}"]
