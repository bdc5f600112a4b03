"""`skyburst certificate`."""

from __future__ import annotations

import json

import click

from skyburst.cli.options import job_argument, on_option, open_job


@click.command("certificate")
@job_argument
@on_option
@click.option("--json", "as_json", is_flag=True, help="Print it on one line.")
def command(job: str, on: str, as_json: bool) -> None:
    """Print the record that makes a job reproducible, as JSON.

    It names the analysis and the digest of its code, all parameters, the items, the environment, times and the digest
    of the result. `skyburst rerun FILE` runs the job again from it and compares.

    \b
    Examples:
      skyburst certificate last > certificate.json
      skyburst rerun certificate.json
    """
    with open_job(job, on) as (home, record):
        click.echo(json.dumps(home.certificate(record.job_id), indent=None if as_json else 2))
