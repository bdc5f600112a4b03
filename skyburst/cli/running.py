"""Run a job and show how it goes and how it ended: what all commands that start one have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from skyburst.cli.budgeting import left_lines
from skyburst.cli.chain import go_on
from skyburst.cli.ending import Wanted, show_ending
from skyburst.cli.follow.foreground import run_here
from skyburst.cli.output import STANDARD_OUTPUT
from skyburst.client import create
from skyburst.contracts.records import JobRecord
from skyburst.errors import AnalysisNotFound
from skyburst.finding import find_analysis
from skyburst.homes.home import Home


def run_job(home: Home, document: Mapping[str, Any], wanted: Wanted, *, detach: bool) -> int:
    """Run the job of a specification, and those that follow it, to the end, or start it in the background.

    Args:
        home: where it runs.
        document: the job specification.
        wanted: where the result is to go.
        detach: whether to print the job's id and return at once.

    Returns:
        What the command exits with.
    """
    job = create(document, home=home).record()
    if home.name == "aws":
        _tell_other_code(str(document["analysis"]), job)
    for line in [] if wanted.quiet else left_lines(home, job):
        click.echo(f"budget: {line}", err=True)
    if job.state.finished:
        click.echo(f"job {job.job_id} with this idempotency key has run before", err=True)
    elif detach:
        home.drive_in_background(job.job_id)
        click.echo(job.job_id)
        return 0
    else:
        job = run_here(home, job, quiet=wanted.quiet)
    return show_with_next(home, job, wanted)


def show_with_next(home: Home, job: JobRecord, wanted: Wanted) -> int:
    """Tell how a job ended, and go on with those that follow it; what the command exits with."""
    code = show_ending(home, job, wanted)
    taken = wanted.json_file == STANDARD_OUTPUT
    return code or go_on(home, job, quiet=wanted.quiet, results_to_errors=taken)


def wanted_result(json_file: str | None, output: str | None, *, quiet: bool, detach: bool) -> Wanted:
    """Where the result is to go, checked; a job in the background leaves it for `skyburst result`."""
    if detach and (json_file or output):
        raise click.UsageError(
            "--detach returns before there is a result: give --json or --output to `skyburst result`"
        )
    wanted = Wanted(json_file, output, quiet)
    wanted.check()
    return wanted


def _tell_other_code(analysis: str, job: JobRecord) -> None:
    """Tell somebody who has changed an analysis and not deployed it since."""
    try:
        here = find_analysis(analysis)
    except AnalysisNotFound:
        return
    if here.reference()["digest"] != job.analysis["digest"]:
        click.echo(f"note: the code in {here.location} is not what is deployed; `skyburst deploy` deploys it", err=True)
