"""The CDK app: reads what is to be deployed from its context and makes the stack.

Context (`cdk.json`, or `--context name=value`):

    prefix         start of all names, and the name of the stack: skyburst
    analyses       folders of analyses, a JSON list or separated by commas; those that are shipped when it is empty
    architecture   arm64 or x86_64
    python         version of Lambda's runtime
    lanes          identical worker functions for each analysis
    children       children of one manager at most, when it is not to be as measured
    input_buckets  further buckets that jobs may read, a JSON list or separated by commas
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from cdk_app.bundle import Machine
from cdk_app.stack import Settings, SkyburstStack
from skyburst.contracts.blueprint import FILE
from skyburst.finding import Found, find_analysis, shipped_folder

NAMES = ("prefix", "analyses", "architecture", "python", "lanes", "input_buckets", "children", "cache")


def settings_of(context: dict[str, Any]) -> Settings:
    """What the context asks for, with defaults."""
    analyses = [find_analysis(name) for name in _list(context.get("analyses"))] or _shipped()
    return Settings(
        prefix=str(context.get("prefix") or "skyburst"),
        analyses=analyses,
        machine=Machine(str(context.get("python") or "3.13"), str(context.get("architecture") or "arm64")),
        lanes=int(context.get("lanes") or 3),
        input_buckets=_list(context.get("input_buckets")),
        children=int(context["children"]) if context.get("children") else None,
        cache=Path(context.get("cache") or ".cdk-bundles").absolute(),
    )


def make_app(context: dict[str, Any] | None = None, outdir: str | None = None) -> cdk.App:
    """The app with its one stack; the command line's context and that of `cdk.json` are added to the one given."""
    app = cdk.App(outdir=outdir, context=context, analytics_reporting=False)
    settings = settings_of({name: app.node.try_get_context(name) for name in NAMES})
    SkyburstStack(app, settings.prefix, settings)
    return app


def _shipped() -> list[Found]:
    return [find_analysis(str(path.parent)) for path in sorted(shipped_folder().glob(f"*/{FILE}"))]


def _list(given: Any) -> list[str]:
    """A list, or its JSON, or values with commas, as the command line hands them over."""
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [str(entry) for entry in json.loads(given)] if given.startswith("[") else given.split(",")
    return [str(entry) for entry in given]


if __name__ == "__main__":
    make_app().synth()
