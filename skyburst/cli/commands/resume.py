"""`skyburst resume`."""

from __future__ import annotations

import click

from skyburst.cli.options import detach_option, job_argument, on_option, open_job, showing_options


@click.command("resume")
@job_argument
@on_option
@detach_option
@showing_options
def command(job: str, on: str, detach: bool, quiet: bool, output: str | None, json_file: str | None) -> int:
    """Go on with a job: run only what is missing.

    For a job that was cancelled, interrupted or timed out, or that has failed batches: what is done is kept, failed
    batches get new attempts. A job that SUCCEEDED is only shown.

    \b
    Examples:
      skyburst resume last
      skyburst resume color-depth-search-20260813-14 --detach
    """
    from skyburst.cli.follow.foreground import run_here
    from skyburst.cli.running import show_with_next, wanted_result
    from skyburst.client import JobHandle
    from skyburst.contracts.states import JobState

    wanted = wanted_result(json_file, output, quiet=quiet, detach=detach)
    with open_job(job, on) as (home, record):
        if record.state is JobState.SUCCEEDED:
            click.echo(f"job {record.job_id} has SUCCEEDED: nothing is missing", err=True)
        elif detach:
            JobHandle(record.job_id, home).resume()
            click.echo(record.job_id)
            return 0
        else:
            home.prepare_resume(record.job_id)
            record = run_here(home, record, quiet=quiet)
        return show_with_next(home, record, wanted)
