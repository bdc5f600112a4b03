"""`skyburst delete`."""

from __future__ import annotations

import sys

import click

from skyburst.cli.completing import job_ids
from skyburst.cli.options import json_flag, on_option, open_home


@click.command("delete")
@click.argument("jobs", nargs=-1, required=True, shell_complete=job_ids, metavar="JOB...")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@on_option
@json_flag("the ids of the jobs deleted")
def command(jobs: tuple[str, ...], yes: bool, on: str, as_json: bool) -> None:
    """Forget jobs and remove their files, results among them.

    A job that a program is running cannot be deleted: cancel it first.

    \b
    Examples:
      skyburst delete last
      skyburst delete --yes squares-20260813-140509-1a2b3c
    """
    from skyburst.cli.output import echo_json

    with open_home(on) as home:
        records = {record.job_id: record for record in map(home.find_job, jobs)}
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("give --yes to delete without being asked")
            named = "\n".join(f"  {job_id} ({record.state})" for job_id, record in records.items())
            click.confirm(f"{named}\ndelete with all files?", abort=True, err=True)
        for job_id in records:
            home.delete(job_id)
            if not as_json:
                click.echo(f"deleted {job_id}")
        if as_json:
            echo_json(list(records))
