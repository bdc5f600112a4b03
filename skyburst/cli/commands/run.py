"""`skyburst run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.completing import analysis_names, assignments
from skyburst.cli.options import detach_option, on_option, open_home, showing_options

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord


@click.command("run")
@click.argument("analysis", shell_complete=analysis_names, required=False)
@click.option(
    "--set", "-s", multiple=True, metavar="NAME=VALUE", shell_complete=assignments,
    help="A parameter of the analysis; given again with the same name, a list.",
)  # fmt: skip
@click.option(
    "--items", metavar="ITEMS",
    help="0:1000, a range; @FILE, .txt or .jsonl with one item a line, or .json; - for JSON lines on standard input; "
    "a library's or manifest's folder or URL; or a JSON list, or values with commas.",
)  # fmt: skip
@click.option(
    "--spec", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True),
    help="A job specification in JSON; other options replace its fields.",
)  # fmt: skip
@click.option("--batch-size", type=int, metavar="N", help="Items given to one worker at a time.")
@click.option("--max-parallelism", type=int, metavar="N", help="Batches in flight at once, at most.")
@click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="End the job after so long.")
@click.option(
    "--tolerate", "tolerated_failure_percent", type=float, metavar="PERCENT",
    help="Share of the batches that may fail; the job is then PARTIAL, not FAILED.",
)  # fmt: skip
@click.option("--name", metavar="TEXT", help="A name for people.")
@click.option("--label", multiple=True, metavar="NAME=VALUE", help="Anything to find the job by.")
@click.option("--idempotency-key", metavar="TEXT", help="Two jobs with the same key are one job.")
@on_option
@detach_option
@showing_options
def command(
    analysis: str | None,
    on: str,
    detach: bool,
    quiet: bool,
    output: str | None,
    json_file: str | None,
    **given: Any,
) -> int:
    """Run an analysis, here or on AWS, and show how it goes.

    ANALYSIS is a name (see `skyburst analyses`), the folder of an analysis, or a Python file with one worker and one
    combiner. `skyburst show ANALYSIS` lists its parameters.

    \b
    Examples:
      skyburst run squares.py --items 0:1000000
      skyburst run color-depth-search --set mask=MASK.tif --set library=FOLDER --json out.json
      skyburst run my-analysis --items @names.txt --tolerate 5 --output results
      zcat items.jsonl.gz | skyburst run my-analysis --items - --detach
      skyburst run monte-carlo --on aws

    Ctrl-C ends the job, combines what was found and keeps it: `skyburst resume last` goes on. Press it twice to stop at
    once. Progress goes to standard error, results to standard output. On AWS runs what `skyburst deploy` deployed;
    files and folders that parameters name are uploaded.
    """
    from skyburst.cli.ending import Wanted, show_ending
    from skyburst.cli.follow.foreground import run_here
    from skyburst.cli.specification import specification
    from skyburst.client import create

    wanted = Wanted(json_file, output, quiet)
    refuse_with_detach(wanted, detach=detach)
    document = specification(analysis, given, on)
    with open_home(on, quiet=quiet) as home:
        job = create(document, home=home).record()
        if home.name == "aws":
            _tell_other_code(str(document["analysis"]), job)
        if job.state.finished:
            click.echo(f"job {job.job_id} with this idempotency key has run before", err=True)
        elif detach:
            home.drive_in_background(job.job_id)
            click.echo(job.job_id)
            return 0
        else:
            job = run_here(home, job, quiet=quiet)
        return show_ending(home, job, wanted)


def _tell_other_code(analysis: str, job: JobRecord) -> None:
    """Tell somebody who has changed an analysis and not deployed it since."""
    from skyburst.errors import AnalysisNotFound
    from skyburst.finding import find_analysis

    try:
        here = find_analysis(analysis)
    except AnalysisNotFound:
        return
    if here.reference()["digest"] != job.analysis["digest"]:
        click.echo(f"note: the code in {here.location} is not what is deployed; `skyburst deploy` deploys it", err=True)


def refuse_with_detach(wanted: Any, *, detach: bool) -> None:
    """Check where the result is to go; a job in the background leaves it for `skyburst result`."""
    if detach and (wanted.json_file or wanted.output):
        raise click.UsageError(
            "--detach returns before there is a result: give --json or --output to `skyburst result`"
        )
    wanted.check()
