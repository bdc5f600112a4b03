"""`skyburst logs`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job


@click.command("logs")
@job_argument
@on_option
@click.option("--batch", type=int, metavar="N", help="Only this batch.")
@json_flag("one line a batch")
def command(job: str, batch: int | None, on: str, as_json: bool) -> None:
    """Show what a job's batches wrote and why they failed, in the order of the batches.

    Batches that wrote nothing and did not fail are left out.

    \b
    Examples:
      skyburst logs last
      skyburst logs last --batch 17
    """
    from skyburst.cli.text import printable_lines
    from skyburst.logs import log_lines

    with open_job(job, on) as (home, record):
        if not as_json:
            for piece in log_lines(home, record, batch):
                click.echo(printable_lines(piece), nl=False)
            return
        for entry in home.table.batches(record.job_id):
            if batch in (None, entry.batch_id):
                log = home.log_of(record.job_id, entry.log) if entry.log else ""
                failures = [failure._asdict() for failure in entry.failures]
                click.echo(json.dumps({**asdict(entry), "failures": failures, "log": log}))
