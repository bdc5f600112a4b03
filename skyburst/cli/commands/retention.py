"""`skyburst retention`."""

from __future__ import annotations

import time

import click

from skyburst.cli.options import json_flag, on_option, open_home


@click.group("retention")
def command() -> None:
    """Delete what jobs asked to be deleted.

    A job specification may say how long its results and its uploaded data are kept (`keep`); nothing else is ever deleted
    by itself. This runs by itself too: here when a job starts, on AWS once a day.

    \b
    Examples:
      skyburst retention run
      skyburst retention run --on aws --json
    """


@command.command("run")
@on_option
@json_flag("what was deleted")
def run(on: str, as_json: bool) -> None:
    """Delete what is due, and say what that was.

    \b
    Examples:
      skyburst retention run
    """
    from skyburst.cli import text
    from skyburst.cli.output import echo_json

    with open_home(on) as home:
        found = list(home.retain(time.time()))
    if as_json:
        echo_json([entry._asdict() for entry in found])
        return
    for entry in found:
        if entry.kept:
            click.echo(f"{entry.job_id}: {entry.kind} are kept: {entry.kept}")
        else:
            files = text.counted(entry.objects, "file")
            click.echo(f"{entry.job_id}: {entry.kind} deleted, {files}, {text.size(entry.size)}")
    if not found:
        click.echo("nothing is due", err=True)
