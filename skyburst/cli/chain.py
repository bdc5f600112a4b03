"""What follows a job: shown while it runs, and listed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import click

from skyburst.cli import text
from skyburst.cli.ending import ending_code
from skyburst.cli.exits import ExitCode
from skyburst.cli.follow.foreground import attend
from skyburst.contracts.records import JobRecord
from skyburst.errors import JobNotFound
from skyburst.homes.home import Home

MOST_NAMED = 20


def go_on(home: Home, job: JobRecord, *, quiet: bool, results_to_errors: bool) -> ExitCode:
    """Wait for everything that follows a job, one after the other, and tell how each ended.

    Args:
        home: where they run.
        job: that has ended.
        quiet: whether to show only where the results are.
        results_to_errors: whether standard output is taken by the result of the first job.

    Returns:
        That of the first one that did not succeed, FAILED when one could not be started.
    """
    codes = []
    for entry in home.following(job):
        if entry["job"] is None:
            click.echo(f"skyburst: analysis {entry['analysis']} does not follow: {entry['reason']}", err=True)
            codes.append(ExitCode.FAILED)
            continue
        next_job = home.table.job(entry["job"])
        if not next_job.state.finished:
            next_job = attend(home, next_job, quiet=quiet)
        if not quiet or next_job.state != "SUCCEEDED":
            reason = text.shortened(next_job.reason, 1_000)
            click.echo(f"{next_job.job_id} is {next_job.state}: {reason}", err=True)
        result = home.result_file(next_job)
        if result:
            click.echo(result.location, err=results_to_errors)
        codes.append(ending_code(next_job))
        codes.append(go_on(home, next_job, quiet=quiet, results_to_errors=results_to_errors))
    return next((code for code in codes if code), ExitCode.SUCCEEDED)


def chain_lines(home: Home, job: JobRecord) -> Iterator[tuple[str, str]]:
    """What a job follows and what follows it, as titles and values."""
    before = job.spec.get("follows")
    if before:
        yield "follows", str(before["job"])
    following = home.following(job)
    for entry in following[:MOST_NAMED]:
        of = f" of dataset {entry['dataset']}" if entry["dataset"] else ""
        yield "next", f"{entry['analysis']}{of}: {_standing(home, entry['job'], entry['reason'])}"
    if len(following) > MOST_NAMED:
        yield "next", f"... and {len(following) - MOST_NAMED:,} more"


def _standing(home: Home, job_id: str | None, reason: str) -> str:
    if job_id is None:
        return f"not started: {reason}"
    try:
        return f"{job_id} is {home.table.job(job_id).state}"
    except JobNotFound:
        return f"{job_id}, which is deleted, or was refused when it was planned"
