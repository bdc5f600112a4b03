"""What TAB completes: names of analyses, their parameters and values, and ids of jobs."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from skyburst.errors import SkyburstError

MOST_JOBS = 50


def analysis_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of analyses that start so; paths when it looks like one."""
    from skyburst.finding import Found, all_analyses

    if "/" in incomplete or incomplete.startswith((".", "~")):
        return [CompletionItem(incomplete, type="file")]
    try:
        found = [entry.blueprint for entry in all_analyses() if isinstance(entry, Found)]
    except SkyburstError:  # there is nowhere to say so while a line is typed; the command itself will
        found = []
    names = {blueprint.name: blueprint.title for blueprint in reversed(found)}
    items = [CompletionItem(name, help=names[name]) for name in sorted(names) if name.startswith(incomplete)]
    files = [
        CompletionItem(path.name, help="single file")
        for path in sorted(Path.cwd().glob("*.py"))
        if path.name.startswith(incomplete) and "skyburst" in path.read_text(errors="replace")
    ]
    return items + files


def job_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`last`, and ids of the newest jobs, that start so."""
    from skyburst.homes.local.folder import state_folder
    from skyburst.homes.local.home import LocalHome

    items = [CompletionItem("last", help="the newest job that was started")] if "last".startswith(incomplete) else []
    if ctx.params.get("on") == "aws" or not (state_folder() / "state.sqlite").is_file():
        return items  # nothing is asked over the network while a line is typed
    home = LocalHome()
    try:
        jobs = (job for job in home.table.jobs() if job.job_id.startswith(incomplete))
        items += [
            CompletionItem(job.job_id, help=f"{job.state} {job.spec.get('name') or ''}".rstrip())
            for job in islice(jobs, MOST_JOBS)
        ]
    except SkyburstError:  # as above
        return items
    finally:
        home.close()
    return items


def assignments(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`name=` of the parameters of the analysis on the line, or the values that a parameter can have."""
    from skyburst.finding import find_analysis

    # While the option still lacks its value, click has not come to the arguments.
    analysis = ctx.params.get("analysis") or next((word for word in ctx.args if not word.startswith("-")), None)
    if not analysis:
        return []
    try:
        declared = find_analysis(analysis).blueprint.parameters or {}
    except SkyburstError:  # as above
        return []
    name, equals, begun = incomplete.partition("=")
    if not equals:
        return [
            CompletionItem(f"{name}=", help=str(entry.get("title", "")))
            for name, entry in declared.items()
            if name.startswith(incomplete)
        ]
    entry = declared.get(name, {})
    if entry.get("format") == "path":
        return [CompletionItem(f"{name}={path}") for path in paths(begun)]
    choices = entry.get("enum") or ([True, False] if entry.get("type") == "boolean" else [])
    texts = [choice if isinstance(choice, str) else json.dumps(choice) for choice in choices]
    return [CompletionItem(f"{name}={text}") for text in texts if text.startswith(begun)]


def paths(begun: str) -> list[str]:
    """Files and folders whose paths start so; folders end with `/`."""
    folder, slash, start = begun.rpartition("/")
    parent = Path(folder + slash).expanduser() if slash else Path()
    if not parent.is_dir():
        return []
    return [
        f"{folder}{slash}{entry.name}{'/' if entry.is_dir() else ''}"
        for entry in sorted(parent.iterdir())
        if entry.name.startswith(start) and (start or not entry.name.startswith("."))
    ]
