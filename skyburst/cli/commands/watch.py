"""`skyburst watch`."""

from __future__ import annotations

import click

from skyburst.cli.options import job_argument, on_option, open_job, showing_options


@click.command("watch")
@job_argument
@on_option
@showing_options
def command(job: str, on: str, quiet: bool, output: str | None, json_file: str | None) -> int:
    """Follow a job that another program runs, to its end.

    Ctrl-C only stops watching; `skyburst cancel JOB` ends the job. Exits as `skyburst run` would have.

    \b
    Examples:
      skyburst watch last
      JOB=$(skyburst run my-analysis --items 0:1000 --detach)
      skyburst watch $JOB --quiet --json out.json
    """
    from skyburst.cli.ending import Wanted, show_ending
    from skyburst.cli.follow.foreground import watch

    wanted = Wanted(json_file, output, quiet)
    wanted.check()
    with open_job(job, on) as (home, record):
        return show_ending(home, watch(home, record, quiet=quiet), wanted)
