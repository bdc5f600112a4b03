"""`skyburst submissions`: init, watch, list, show."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag, quiet_option

if TYPE_CHECKING:
    from skyburst.submissions.record import Record
    from skyburst.submissions.watching import Told

TURN_S = 1.0


@click.group("submissions", invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run what is put into a folder, as NeuroCAAS does for uploads.

    \b
    Examples:
      skyburst submissions init shared --analysis my-analysis --group mylab
      skyburst submissions watch shared
      skyburst submissions list shared
      skyburst submissions show shared job__my-analysis_1700000000
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


folder_argument = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


@command.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--analysis", required=True, shell_complete=analysis_names, metavar="NAME", help="What is run there.")
@click.option("--group", required=True, metavar="GROUP", help="Whose folders they are.")
def init(folder: Path, analysis: str, group: str) -> None:
    """Make the folders of a group in FOLDER: inputs, configs, submissions and results.

    \b
    Examples:
      skyburst submissions init shared --analysis my-analysis --group mylab
    """
    from skyburst.submissions.watching import make_folders

    made = make_folders(folder, analysis, group)
    click.echo(
        f"{made}: put data into inputs, a config into configs, then a file whose name ends in submit.json into submissions"
    )


@command.command("watch")
@folder_argument
@click.option(
    "--analysis", "analyses", multiple=True, shell_complete=analysis_names, metavar="NAME",
    help="Only this one; may be given again.",
)  # fmt: skip
@click.option(
    "--at-once", type=click.IntRange(min=1), metavar="N",
    help="Datasets that run at once on this machine; else one a processor.",
)  # fmt: skip
@click.option("--once", is_flag=True, help="End when all that is there has ended.")
@quiet_option
def watch(folder: Path, analyses: tuple[str, ...], at_once: int | None, once: bool, quiet: bool) -> None:
    """Run what is submitted in FOLDER/ANALYSIS/GROUP/submissions, until Ctrl-C.

    Each file there whose name ends in submit.json becomes a job here. What does not fit yet waits. Jobs go on when this
    program ends, and it goes on with all of them when it is started again.

    \b
    Examples:
      skyburst submissions watch shared
      skyburst submissions watch shared --analysis my-analysis --at-once 2
      skyburst submissions watch shared --once
    """
    from skyburst.homes.local.home import LocalHome
    from skyburst.homes.local.interrupts import Interrupts
    from skyburst.people import gate_of
    from skyburst.submissions.gate import Gates
    from skyburst.submissions.watching import Watcher

    home = LocalHome()
    tell = _say_nothing if quiet else _say
    gate = Gates(gate_of(home.folder))
    most = at_once or home.workers(memory_mb=1)
    watcher = Watcher(folder, home, time.time, tell, frozenset(analyses), gate, at_once=most)
    try:
        with watcher.lock(), Interrupts() as interrupts:
            if not quiet:
                click.echo(f"watching {folder}; Ctrl-C stops watching, and jobs go on", err=True)
            open_ones = 0
            while not interrupts.requested:
                open_ones = watcher.turn()
                if once and not open_ones:
                    return
                time.sleep(TURN_S)
            if open_ones and not quiet:
                rest = f"{open_ones:,} not over: `skyburst submissions watch {folder}` goes on"
                click.echo(f"no longer watching; {rest}", err=True)
    finally:
        home.close()


@command.command("list")
@click.argument("folder", metavar="FOLDER")
@click.option("--group", metavar="GROUP", help="Only of this group.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="So many at most."
)
@json_flag("the submissions")
def list_(folder: str, group: str | None, limit: int, as_json: bool) -> None:
    """List submissions, newest first.

    FOLDER is a watched folder, the folder of one analysis in it, or the bucket of an analysis, such as s3://BUCKET.

    \b
    Examples:
      skyburst submissions list shared
      skyburst submissions list s3://my-bucket --group mylab --json
    """
    from skyburst.cli import text
    from skyburst.cli.output import echo_json

    found = sorted(
        (record for records in _records(folder) for record in records.all(group)),
        key=lambda record: record.received_at, reverse=True,
    )[:limit]  # fmt: skip
    if as_json:
        echo_json([_line(record) for record in found])
    elif not found:
        click.echo(f"no submissions in {folder}", err=True)
    else:
        rows = [["SUBMISSION", "GROUP", "STATE", "DATASETS", "DONE", "RECEIVED", "JOB"]]
        for record in found:
            done = sum(dataset.over for dataset in record.datasets)
            state = f"{record.state} ({record.outcome})" if record.outcome else str(record.state)
            rows.append([
                text.printable(record.name), record.group, state, f"{len(record.datasets):,}", f"{done:,}",
                text.moment(record.received_at), record.job_id or "-",
            ])  # fmt: skip
        click.echo("\n".join(text.columns(rows, right=frozenset({3, 4}))))


@command.command("show")
@click.argument("folder", metavar="FOLDER")
@click.argument("submission", metavar="SUBMISSION")
@click.option("--group", metavar="GROUP", help="Whose it is, when several have one of that name.")
@json_flag("the submission")
def show(folder: str, submission: str, group: str | None, as_json: bool) -> None:
    """Show a submission: its state, its datasets, and its certificate.

    SUBMISSION is the name of its folder in results, such as job__my-analysis_1700000000.

    \b
    Examples:
      skyburst submissions show shared job__my-analysis_1700000000
    """
    from skyburst.cli import text
    from skyburst.cli.output import echo_json
    from skyburst.errors import SubmissionNotFound
    from skyburst.submissions.certificate_text import render
    from skyburst.submissions.receiving import dataset_lines

    found = [
        record for records in _records(folder) for record in records.all(group) if record.name == submission
    ]  # fmt: skip
    if not found:
        raise SubmissionNotFound(
            f"there is no submission {submission!r} in {folder}: `skyburst submissions list {folder}` lists them"
        )
    if len(found) > 1:
        groups = ", ".join(record.group for record in found)
        raise SubmissionNotFound(
            f"{len(found)} submissions are called {submission!r}, of {groups}: say which with --group"
        )
    record = found[0]
    if as_json:
        echo_json(_line(record) | {"lines": [line.text for line in record.lines]})
        return
    click.echo(
        f"{text.printable(record.name)} of {record.group} is {record.state}"
        + (f": {record.reason}" if record.reason else "")
    )
    if record.follows:
        click.echo(f"follows {text.printable(record.follows)}")
    if record.job_id:
        click.echo(f"job {record.job_id}: `skyburst status {record.job_id}`")
    click.echo(text.printable_lines(render(record.lines, dataset_lines(record)).decode()))


def _records(folder: str) -> list[Any]:
    """The records of a bucket, of a folder that is like one, or of all such folders in one."""
    from skyburst.objects import open_store
    from skyburst.submissions.layout import LOGS
    from skyburst.submissions.record import Records

    path = Path(folder).expanduser()
    if "://" in folder or (path / LOGS).is_dir() or not path.is_dir():
        return [Records(open_store(folder))]
    return [Records(open_store(below)) for below in sorted(path.iterdir()) if (below / LOGS).is_dir()]


def _line(record: Record) -> dict[str, Any]:
    import msgspec

    kept = msgspec.to_builtins(record)
    return {
        name: value for name, value in kept.items() if name not in ("content", "lines", "identity", "specification")
    }


def _say(told: Told) -> None:
    from skyburst.cli import text

    state = f" {told.state}" if told.state else ""
    click.echo(
        f"{time.strftime('%H:%M:%S')} {text.printable(told.submission)}{state}: {text.printable(told.text)}", err=True
    )


def _say_nothing(_: Told) -> None:
    return
