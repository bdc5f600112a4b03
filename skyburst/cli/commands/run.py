"""`skyburst run`."""

from __future__ import annotations

from typing import Any

import click

from skyburst.cli.completing import analysis_names, assignments
from skyburst.cli.options import detach_option, on_option, open_home, showing_options


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
@click.option(
    "--notify", multiple=True, metavar="TARGET",
    help="Who is told when the job has ended: mailto:NAME@HOST, https://HOST/PATH or sns:ARN; may be given again.",
)  # fmt: skip
@click.option("--idempotency-key", metavar="TEXT", help="Two jobs with the same key are one job.")
@click.option("--no-next", is_flag=True, help="Do not start the analyses that follow.")
@click.option("--group", metavar="NAME", help="Whose budget pays for the job.")
@click.option("--user", metavar="NAME", help="Who runs it.")
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
    from skyburst.cli.running import run_job, wanted_result
    from skyburst.cli.specification import specification

    wanted = wanted_result(json_file, output, quiet=quiet, detach=detach)
    document = specification(analysis, given, on)
    with open_home(on, quiet=quiet) as home:
        return run_job(home, document, wanted, detach=detach)
