"""`skyburst doctor`."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import click

from skyburst.cli.options import json_flag, on_option

if TYPE_CHECKING:
    from skyburst.cli.checks.finding import Finding
    from skyburst.homes.local.home import LocalHome

COLORS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command("doctor")
@on_option
@click.option(
    "--thorough", is_flag=True,
    help="On AWS: workers are ended and overrun their time too, and events are listened to; half a minute longer.",
)  # fmt: skip
@json_flag("the findings")
def command(on: str, thorough: bool, as_json: bool) -> int:
    """Check that everything works, here or in an AWS account.

    On this machine: the versions of Python and SQLite; the state folder: that it can be written, has room and is on a
    local disk; workers and memory; that each analysis can be loaded; and that a real, tiny job ends with the right
    answer.

    With --on aws: who these credentials are; the deployment and its version; what the account allows; whether what is
    deployed is what is here; and a real job of 101 batches, of which everything that jobs promise is looked at. The job
    and all that it made are deleted. It costs less than a cent.

    Exits with 1 when a check fails.

    \b
    Examples:
      skyburst doctor
      SKYBURST_HOME=/scratch/me skyburst doctor
      skyburst doctor --on aws --thorough
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.text import printable

    if thorough and on != "aws":
        raise click.UsageError("--thorough goes with --on aws")
    findings = []
    colored = False if os.environ.get("NO_COLOR") else None  # None: where there is a terminal
    with closing(_deployment(thorough=thorough, quiet=as_json) if on == "aws" else _here()) as looking:
        for finding in looking:
            findings.append(finding)
            if not as_json:
                mark = click.style(f"{finding.verdict:<8}", fg=COLORS[finding.verdict])
                click.echo(f"{mark} {finding.what}: {printable(finding.details)}", color=colored)
    failed = sum(finding.verdict == "failed" for finding in findings)
    if as_json:
        echo_json([finding._asdict() for finding in findings])
    else:
        click.echo("everything works" if not failed else f"{failed} of {len(findings)} checks failed")
    return 1 if failed else 0


def _here() -> Generator[Finding, None, None]:
    from skyburst.homes.local.home import LocalHome

    with closing(LocalHome()) as home:
        yield from _findings(home)


def _deployment(*, thorough: bool, quiet: bool) -> Generator[Finding, None, None]:
    from skyburst.cli.checks.deployment.all import check_deployment
    from skyburst.cli.checks.machine import check_python
    from skyburst.cli.follow.foreground import run_here
    from skyburst.homes.aws.home import AwsHome

    yield from check_python()
    with closing(AwsHome()) as home:
        yield from check_deployment(home, thorough=thorough, run=partial(run_here, quiet=quiet))


def _findings(home: LocalHome) -> Iterator[Finding]:
    from skyburst.cli.checks.analyses import check_analyses
    from skyburst.cli.checks.machine import check_python, check_sqlite, check_workers
    from skyburst.cli.checks.state_folder import check_state_folder
    from skyburst.cli.checks.tiny_job import check_tiny_job

    yield from check_python()
    yield from check_sqlite()
    yield from check_workers(home)
    usable = True
    for finding in check_state_folder(home):
        usable = usable and not (finding.what == "state folder" and finding.verdict == "failed")
        yield finding
    yield from check_analyses()
    if usable:
        yield from check_tiny_job(home)
