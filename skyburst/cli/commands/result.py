"""`skyburst result`."""

from __future__ import annotations

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job


@click.command("result")
@job_argument
@on_option
@click.option(
    "--output", metavar="FOLDER", type=click.Path(file_okay=False), help="Copy the result and its files there."
)
@json_flag("the result itself")
def command(job: str, output: str | None, on: str, as_json: bool) -> int:
    """Show a job's result and its files.

    Exits as `skyburst run` did: 3 when the job is PARTIAL, 5 when it was cancelled and has what was found until then.

    \b
    Examples:
      skyburst result last
      skyburst result last --json > result.json
      skyburst result last --output results
    """
    from skyburst.cli.ending import Wanted, show_ending
    from skyburst.environments.reading import is_command
    from skyburst.retention.enforcing import deleted_of
    from skyburst.retention.policy import Kind

    with open_job(job, on) as (home, record):
        of_datasets = bool(output) and is_command(record) and Kind.RESULTS not in deleted_of(record)
        if home.result_file(record) is None and not of_datasets:
            home.result(record)  # raises with the reason
        return show_ending(home, record, Wanted("-" if as_json else None, output))
