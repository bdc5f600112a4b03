"""`skyburst rerun`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.completing import job_ids
from skyburst.cli.options import on_option, open_home, showing_options

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home


@click.command("rerun")
@click.argument("certificate", metavar="CERTIFICATE|JOB", shell_complete=job_ids)
@on_option
@showing_options
def command(certificate: str, on: str, quiet: bool, output: str | None, json_file: str | None) -> int:
    """Run a job again from its certificate, and compare.

    The new job has the parameters, batches and limits of the earlier one, defaults of that time included. What differs
    now (code, versions, items, and the content of inputs) is said before and after it, and which outputs are the same, byte
    for byte; of those that differ, where, if the earlier ones are still there.

    \b
    Examples:
      skyburst rerun last
      skyburst rerun certificate.json --json out.json
    """
    from skyburst.certificates.repeating import differences_before, locate, specification_again
    from skyburst.cli.certificates import certificate_named
    from skyburst.cli.ending import Wanted, show_ending
    from skyburst.cli.follow.foreground import run_here
    from skyburst.client import create
    from skyburst.engine.certificate import environment

    wanted = Wanted(json_file, output, quiet)
    wanted.check()
    document = certificate_named(certificate, on)
    found = locate(document)
    if on == "local":
        _tell(differences_before(document, found.reference(), environment("local")))
    with open_home(on, quiet=quiet) as home:
        job = create(specification_again(document, found), home=home).record()
        if on != "local":  # what the deployed code runs in, its certificate tells
            _tell(differences_before(document, job.analysis, None))
        job = run_here(home, job, quiet=quiet)
        code = show_ending(home, job, wanted)
        _compare(document, home, job)
        return code


def _compare(document: dict[str, Any], home: Home, job: JobRecord) -> None:
    from skyburst.certificates.repeating import differences_in_environment, differences_in_inputs, differences_in_items
    from skyburst.cli.certificates import certificate_of_job
    from skyburst.cli.compared_outputs import datasets_the_same, number_the_same, output_differences

    if job.plan:
        _tell(differences_in_items(document, job.items, job.plan["items"]))
    certificate = certificate_of_job(home, job.job_id)
    _tell(differences_in_inputs(document, certificate))
    if home.name != "local":
        _tell(differences_in_environment(document, certificate["environment"]))
    if document["datasets"]:
        datasets, same = len(document["datasets"]), datasets_the_same(document, certificate)
        told = f"all {datasets:,} datasets" if same == datasets else f"{same:,} of {datasets:,} datasets"
        click.echo(f"the results of {told} are the same as before, byte for byte", err=True)
    else:
        _compare_results(document["result"]["sha256"], certificate["result"]["sha256"])
        if number := number_the_same(document, certificate):
            click.echo(f"same outputs: {number}", err=True)
    _tell(list(output_differences(home, document, certificate)))


def _compare_results(before: str | None, now: str | None) -> None:
    if before is None or now is None:
        which = "the earlier job" if before is None else "this job"
        click.echo(f"there is nothing to compare: {which} has no result", err=True)
    elif before == now:
        click.echo(f"the result is the same as before, byte for byte (sha256 {now})", err=True)
    else:
        click.echo(f"the result is not the same as before: sha256 {before} then, {now} now", err=True)


def _tell(differences: list[str]) -> None:
    for difference in differences:
        click.echo(f"differs: {difference}", err=True)
