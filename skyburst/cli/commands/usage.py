"""`skyburst usage`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag, on_option, open_home

if TYPE_CHECKING:
    from skyburst.usage.jobs import Wanted
    from skyburst.usage.summary import Sum

BY = ["analysis", "group", "user", "state", "month", "day", "job"]
Command = TypeVar("Command", bound=Callable[..., Any])


def _day(_ctx: click.Context, _param: click.Parameter, given: str | None) -> float | None:
    """A day, or a time, of this machine's zone, in seconds since the epoch."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{given!r} is no day: expected one such as 2026-11-21, or 2026-11-21T14:00"
        ) from error


def filters(command: Command) -> Command:
    """Add the options that say which jobs are asked for."""
    for option in (
        click.option("--until", callback=_day, metavar="DAY", help="Only jobs created before this day or time."),
        click.option("--since", callback=_day, metavar="DAY", help="Only jobs created on this day or later."),
        click.option("--analysis", shell_complete=analysis_names, metavar="NAME", help="Only of this analysis."),
        click.option("--user", metavar="NAME", help="Only of this user; - for jobs that name none."),
        click.option("--group", metavar="NAME", help="Only of this group; - for jobs that name none."),
    ):
        command = option(command)
    return command


@click.group("usage", invoke_without_command=True)
@click.option("--by", type=click.Choice(BY), default="analysis", show_default=True, help="What to sum by.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the sums as CSV.")
@filters
@on_option
@json_flag("the sums")
@click.pass_context
def command(ctx: click.Context, /, by: str, as_csv: bool, on: str, as_json: bool, **given: Any) -> None:
    """Show who ran what, how parallel, how long and for how much.

    One line for each analysis, group, user, state, day, month or job: jobs, items, the time of all workers, the time that
    jobs took, how many workers were busy at a time on average, and the cost as the certificates have it and budgets count
    it: of jobs on this machine what they would have cost on AWS.

    \b
    Examples:
      skyburst usage --by user --since 2026-11-01
      skyburst usage --group lab --by job --csv > november.csv
      skyburst usage parallelism --analysis my-analysis --output figures
    """
    from skyburst.cli.budgeting import LOCAL
    from skyburst.cli.output import echo_json
    from skyburst.usage.gathering import used
    from skyburst.usage.summary import summed, table_as_csv

    if ctx.invoked_subcommand is not None:
        return
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways to print it: give one of them")
    with open_home(on) as home:
        sums = summed(used(home, _wanted(given), time.time()), by)
        name = home.name
    if as_json:
        echo_json([entry.document() for entry in sums])
    elif as_csv:
        click.echo(table_as_csv({by: entry.name, **_rest(entry)} for entry in sums[:-1]), nl=False)
    else:
        click.echo("\n".join([*_table(sums, by), *(["", LOCAL] if name == "local" else [])]))


@command.command("parallelism")
@click.option(
    "--output", metavar="FOLDER", type=click.Path(file_okay=False), default=".", show_default="this folder",
    help="Write the picture there.",
)  # fmt: skip
@filters
@on_option
@json_flag("the numbers, and write nothing,")
def parallelism(output: str, on: str, as_json: bool, **given: Any) -> None:
    """Draw how many workers ran at a time, over time, and for how long how many.

    Writes parallelism.svg. Needs the extra `timeline`, but for --json: pip install "skyburst[timeline]".

    \b
    Examples:
      skyburst usage parallelism --since 2026-11-21 --output figures
      skyburst usage parallelism --user ada --json
    """
    from skyburst.cli import text
    from skyburst.cli.output import echo_json, write_file
    from skyburst.timeline.drawing import picture
    from skyburst.usage.figure import figure
    from skyburst.usage.gathering import ran
    from skyburst.usage.parallelism import histogram, mean, peak, steps

    with open_home(on) as home:
        found = steps(ran(home, _wanted(given), time.time()))
        where = home.where
    if as_json:
        bins = [one._asdict() for one in histogram(found)]
        echo_json(
            {"peak": peak(found), "mean": round(mean(found), 3), "bins": bins, "steps": [list(one) for one in found]}
        )
        return
    if not found:
        click.echo("no such batches have run: there is nothing to draw", err=True)
        return
    rows = [["RUNNING", "FOR"]]
    rows += [[f"{one.least}-{one.most}", text.duration(one.seconds)] for one in histogram(found)]
    click.echo(
        "\n".join([f"at most {peak(found):,} at a time, {mean(found):,.1f} on average", "", *text.columns(rows), ""])
    )
    drawn = picture(
        figure(found, "How many workers ran at a time", f"of {_said(given) or 'all jobs'} in {where}"), "svg"
    )
    click.echo(str(write_file(Path(output) / "parallelism.svg", drawn)))


@command.command("export")
@click.option(
    "--neurocaas", "folder", metavar="FOLDER", type=click.Path(file_okay=False), required=True,
    help="Write the activity records and the parallelism file of NeuroCAAS there.",
)  # fmt: skip
@filters
@on_option
def export(folder: str, on: str, **given: Any) -> None:
    """Write the activity as NeuroCAAS keeps it, for programs that read it.

    Writes FOLDER/logs/GROUP/INSTANCE.json for each batch that ran, and FOLDER/ANALYSIS_GROUP_DATE_parallel_logs.json.

    \b
    Examples:
      skyburst usage export --neurocaas activity --since 2026-11-01
    """
    from skyburst.cli.output import write_file
    from skyburst.usage.gathering import activity
    from skyburst.usage.neurocaas import group_of, parallelism_file

    records: dict[tuple[str, str], list[dict[str, Any]]] = {}
    written = 0
    with open_home(on) as home:
        for job, found in activity(home, _wanted(given)):
            group = group_of(job)
            for record in found:
                path = Path(folder) / "logs" / group / f"{record['instance-id']}.json"
                write_file(path, json.dumps(record).encode())
            written += len(found)
            records.setdefault((job.analysis["name"], group), []).extend(found)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    for (analysis, group), found in records.items():
        content = json.dumps(parallelism_file(found), indent=1).encode()
        click.echo(str(write_file(Path(folder) / f"{analysis}_{group}_{day}_parallel_logs.json", content)))
    click.echo(f"{written:,} records in {Path(folder) / 'logs'}", err=True)


def _wanted(given: dict[str, Any]) -> Wanted:
    from skyburst.cli import text
    from skyburst.usage.jobs import Wanted

    wanted = Wanted(**given)
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise click.UsageError(
            f"--until is {text.moment(wanted.until)}, and --since is {text.moment(wanted.since)}: give a later --until"
        )
    return wanted


def _said(given: dict[str, Any]) -> str:
    return ", ".join(f"{name} {given[name]}" for name in ("group", "user", "analysis") if given[name] is not None)


def _rest(entry: Sum) -> dict[str, Any]:
    document = entry.document()
    del document["name"]
    return document


def _table(sums: list[Sum], by: str) -> list[str]:
    from skyburst.cli import text

    rows = [[by.upper(), "JOBS", "SUCCEEDED", "ITEMS", "WORKERS", "TOOK", "PARALLEL", "USD"]]
    for entry in sums:
        unknown = f" (+{entry.unknown_cost} unknown)" if entry.unknown_cost else ""
        rows.append([
            text.shortened(entry.name, 60), f"{entry.jobs:,}", f"{entry.succeeded:,}", f"{entry.items:,}",
            text.duration(entry.worker_seconds), text.duration(entry.elapsed_seconds), f"{entry.parallelism:,.1f}",
            f"{entry.on_aws:,.4f}{unknown}",
        ])  # fmt: skip
    return text.columns(rows, right=frozenset(range(1, 8)))
