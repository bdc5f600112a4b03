"""`skyburst timeline`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home
    from skyburst.timeline.stages import Timeline


@click.command("timeline")
@job_argument
@on_option
@click.option(
    "--output",
    metavar="FOLDER",
    type=click.Path(file_okay=False),
    default=".",
    show_default="this folder",
    help="Write the page and the picture there.",
)
@click.option(
    "--burst-compute", "burst", is_flag=True, help="Also write the JSON that burst-compute's timeline.html shows."
)
@json_flag("the numbers, and write nothing,")
def command(job: str, output: str, burst: bool, on: str, as_json: bool) -> None:
    """Show what a job spent its time on.

    Prints how long each stage of the last run took: managers, workers (queued, cold start, running), watcher, combiner,
    second stage.
    Writes JOB-timeline.html, a page with every batch and manager as a bar, stragglers marked, and JOB-timeline.svg, the
    same as a picture. Needs the extra `timeline`, but for --json: pip install "skyburst[timeline]".

    \b
    Examples:
      skyburst timeline last
      skyburst timeline last --on aws --output timelines
      skyburst timeline last --json
    """
    from skyburst.cli.output import echo_json
    from skyburst.timeline.numbers import numbers_of

    with open_job(job, on) as (home, record):
        timeline = _timeline(home, record)
    if as_json:
        echo_json({"job_id": record.job_id, "stages": [entry._asdict() for entry in numbers_of(timeline)]})
        return
    click.echo("\n".join(_lines(timeline)))
    for path in _write(timeline, Path(output), burst=burst):
        click.echo(str(path))


def _timeline(home: Home, job: JobRecord) -> Timeline:
    from skyburst.timeline.stages import timeline_of

    return timeline_of(job, home.name, home.table.batches(job.job_id), home.spans(job), now=time.time())


def _lines(timeline: Timeline) -> list[str]:
    from skyburst.cli import text
    from skyburst.timeline.numbers import numbers_of
    from skyburst.timeline.page import facts

    rows = [["STAGE", "NUMBER", "MEAN", "MEDIAN", "STD", "MIN", "MAX"]]
    rows += [
        [entry.stage, f"{entry.number:,}", *(f"{value:,.3f} s" for value in entry[2:])]
        for entry in numbers_of(timeline)
    ]
    lines = [text.printable(fact) for fact in facts(timeline)]
    return [*lines, "", *text.columns(rows, right=frozenset(range(1, 7))), ""]


def _write(timeline: Timeline, folder: Path, *, burst: bool) -> list[Path]:
    """Write the page and the picture. Raises StorageError when they cannot be written."""
    from skyburst.cli.output import write_file
    from skyburst.timeline.burst import burst_timeline
    from skyburst.timeline.chart import chart
    from skyburst.timeline.drawing import picture
    from skyburst.timeline.page import page

    files = {".html": page(timeline).encode(), ".svg": picture(chart(timeline), "svg")}
    if burst:
        files[".json"] = json.dumps(burst_timeline(timeline), indent=2).encode()
    return [write_file(folder / f"{timeline.job.job_id}-timeline{end}", data) for end, data in files.items()]
