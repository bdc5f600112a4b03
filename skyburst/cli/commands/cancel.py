"""`skyburst cancel`."""

from __future__ import annotations

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job


@click.command("cancel")
@job_argument
@on_option
@json_flag("the job's id and state")
def command(job: str, on: str, as_json: bool) -> None:
    """End a job; what was found so far is combined and kept.

    Jobs that follow it are ended too, also those of a job that has ended itself.

    \b
    Examples:
      skyburst cancel last
    """
    from skyburst.cli.output import echo_json

    with open_job(job, on) as (home, record):
        job_id = record.job_id
        home.cancel(job_id)
        after = home.table.job(job_id)
        if as_json:
            echo_json({"job_id": job_id, "state": after.state, "cancel_requested": after.cancel_requested})
        elif record.state.finished:
            click.echo(f"job {job_id} is {record.state} already")
        elif after.state.finished:
            click.echo(f"job {job_id} is {after.state}")
        else:
            click.echo(f"job {job_id} is being ended; `skyburst watch {job_id}{home.option}` waits for it")
