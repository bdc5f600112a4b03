"""`skyburst verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.completing import job_ids
from skyburst.cli.exits import ExitCode
from skyburst.cli.options import json_flag, on_option, open_home

if TYPE_CHECKING:
    from skyburst.certificates.verification import Digest, Finding
    from skyburst.homes.home import Home


@click.command("verify")
@click.argument("certificate", metavar="CERTIFICATE|JOB", shell_complete=job_ids)
@click.option(
    "--outputs",
    metavar="FOLDER",
    type=click.Path(file_okay=False, exists=True),
    help="The outputs that somebody sent along, as `skyburst result --output` wrote them.",
)
@on_option
@json_flag("what was found")
def command(certificate: str, outputs: str | None, on: str, as_json: bool) -> int:
    """Compare a certificate with what there is now.

    Looks at the outputs, of the job where it ran or in a FOLDER; at the inputs that can be read from here; and at the
    analysis on this machine. Exits with 0 when nothing is known to differ, with 1 when something has changed, with 6 when
    outputs are missing and nothing has changed.

    \b
    Examples:
      skyburst verify last
      skyburst verify certificate.json --outputs results
    """
    from skyburst.certificates.verification import in_folder, verify
    from skyburst.cli.certificates import certificate_named
    from skyburst.cli.output import echo_json

    document = certificate_named(certificate, on)
    if outputs:
        findings = list(verify(document, in_folder(Path(outputs), document)))
    else:
        if (ran := document["environment"]["home"]) != on:
            raise click.UsageError(f"the job ran at home {ran}: give --on {ran} to look there, or --outputs FOLDER")
        with open_home(on) as home:
            findings = list(verify(document, _of_job(home, document)))
    if as_json:
        echo_json([finding._asdict() for finding in findings])
    else:
        click.echo("\n".join(_lines(findings)))
    return _code(findings)


def _of_job(home: Home, certificate: dict[str, Any]) -> Digest:
    from skyburst.certificates.verification import of_job

    return of_job(home.objects, f"jobs/{certificate['job']['job_id']}/")


def _lines(findings: list[Finding]) -> list[str]:
    from skyburst.certificates.verification import Verdict
    from skyburst.cli import text

    rows = [["WHAT", "NAME", "IS", ""]]
    rows += [
        [entry.kind, text.shortened(entry.name, 200), entry.verdict, text.shortened(entry.detail, 300)]
        for entry in findings
    ]
    numbers = [f"{sum(entry.verdict is verdict for entry in findings)} {verdict}" for verdict in Verdict]
    return [*text.columns(rows), "", ", ".join(numbers)]


def _code(findings: list[Finding]) -> ExitCode:
    from skyburst.certificates.verification import Verdict

    verdicts = {entry.verdict for entry in findings}
    if Verdict.CHANGED in verdicts:
        return ExitCode.FAILED
    return ExitCode.NOT_FOUND if Verdict.MISSING in verdicts else ExitCode.SUCCEEDED
