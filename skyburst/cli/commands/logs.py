"""`skyburst logs`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home


@click.command("logs")
@job_argument
@on_option
@click.option("--batch", type=int, metavar="N", help="Only this batch.")
@click.option("--dataset", metavar="N|NAME", help="Only this dataset, of an analysis that is a command.")
@click.option("--follow", "-f", is_flag=True, help="Show the lines of datasets as they are written, until the end.")
@json_flag("one line a batch, or of datasets one a line of their logs,")
def command(job: str, batch: int | None, dataset: str | None, follow: bool, on: str, as_json: bool) -> None:
    """Show what a job's batches wrote and why they failed, in the order of the batches.

    Batches that wrote nothing and did not fail are left out. Of an analysis that is a command, the logs of its datasets; what
    the engine says in them starts with --.

    \b
    Examples:
      skyburst logs last
      skyburst logs last --batch 17
      skyburst logs last --dataset 0 --follow
    """
    from skyburst.cli.text import printable_lines
    from skyburst.environments.reading import is_command
    from skyburst.logs import log_lines

    with open_job(job, on) as (home, record):
        if (dataset is not None or follow) and not is_command(record):
            raise click.UsageError(
                f"analysis {record.analysis['name']!r} is no command, and has no datasets: leave out --dataset and --follow"
            )
        if is_command(record) and batch is None:
            for piece in _datasets(home, record, dataset, follow=follow, as_json=as_json):
                click.echo(printable_lines(piece), nl=False)
            return
        if not as_json:
            for piece in log_lines(home, record, batch):
                click.echo(printable_lines(piece), nl=False)
            return
        for entry in home.table.batches(record.job_id):
            if batch in (None, entry.batch_id):
                log = home.log_of(record.job_id, entry.log) if entry.log else ""
                failures = [failure._asdict() for failure in entry.failures]
                click.echo(json.dumps({**asdict(entry), "failures": failures, "log": log}))


def _datasets(home: Home, job: JobRecord, wanted: str | None, *, follow: bool, as_json: bool) -> Iterator[str]:
    """The logs of datasets, piece by piece."""
    from skyburst.cli import datasets
    from skyburst.logs import job_failure

    if follow:
        yield from datasets.follow(home, job.job_id, wanted)
        return
    statuses = list(home.datasets(job))
    for status in statuses if wanted is None else [datasets.find(statuses, wanted, job)]:
        if as_json:
            for line in home.dataset_log(job, status["number"]):
                yield json.dumps({"number": status["number"], "dataset": status["dataset"], **line}) + "\n"
        else:
            yield from datasets.log_text(home, job, status)
    if wanted is None and not as_json:
        yield job_failure(job)
