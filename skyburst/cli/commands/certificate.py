"""`skyburst certificate`."""

from __future__ import annotations

import json

import click

from skyburst.cli.options import job_argument, on_option, open_job


@click.command("certificate")
@job_argument
@on_option
@click.option("--text", "as_text", is_flag=True, help="Print it as text, to read and to print out.")
@click.option("--json", "as_json", is_flag=True, help="Print it on one line.")
def command(job: str, on: str, as_text: bool, as_json: bool) -> None:
    """Print the record that makes a job reproducible, as JSON.

    It names the analysis and the digests of its code and blueprint, all parameters, the items, inputs and outputs with
    their checksums, the environment, times and cost. `skyburst verify FILE` compares it with what there is;
    `skyburst rerun FILE` runs the job again from it and compares.

    \b
    Examples:
      skyburst certificate last > certificate.json
      skyburst certificate last --text
      skyburst rerun certificate.json
    """
    if as_text and as_json:
        raise click.UsageError("--text and --json are two ways to print it: give one of them")
    with open_job(job, on) as (home, record):
        if as_text:
            from skyburst.cli.certificate_text import certificate_text
            from skyburst.cli.certificates import certificate_of_job

            click.echo(certificate_text(certificate_of_job(home, record.job_id)))
        else:
            click.echo(json.dumps(home.certificate(record.job_id), indent=None if as_json else 2))
