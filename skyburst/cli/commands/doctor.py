"""`skyburst doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import click

from skyburst.cli.options import json_flag

if TYPE_CHECKING:
    from skyburst.cli.checks.finding import Finding
    from skyburst.homes.local.home import LocalHome

COLORS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command("doctor")
@json_flag("the findings")
def command(as_json: bool) -> int:
    """Check that everything works on this machine.

    The versions of Python and SQLite; the state folder: that it can be written, has room and is on a local disk;
    workers and memory; that each analysis can be loaded; and that a real, tiny job ends with the right answer. Exits
    with 1 when a check fails.

    \b
    Examples:
      skyburst doctor
      SKYBURST_HOME=/scratch/me skyburst doctor
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.text import printable
    from skyburst.homes.local.home import LocalHome

    findings = []
    colored = False if os.environ.get("NO_COLOR") else None  # None: where there is a terminal
    with closing(LocalHome()) as home:
        for finding in _findings(home):
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
