"""`skyburst jobs`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.completing import analysis_names
from skyburst.cli.options import json_flag, on_option, open_home

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord

STATES = ["PENDING", "RUNNING", "COMBINING", "SUCCEEDED", "PARTIAL", "FAILED", "TIMED_OUT", "CANCELLED"]


@click.command("jobs")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="So many at most."
)
@click.option(
    "--state",
    multiple=True,
    type=click.Choice(STATES, case_sensitive=False),
    help="Only in this state; may be given again.",
)
@click.option("--analysis", shell_complete=analysis_names, metavar="NAME", help="Only of this analysis.")
@click.option("--label", multiple=True, metavar="NAME=VALUE", help="Only with this label; may be given again.")
@on_option
@json_flag("the jobs")
def command(
    limit: int, state: tuple[str, ...], analysis: str | None, label: tuple[str, ...], on: str, as_json: bool
) -> None:
    """List jobs, newest first.

    \b
    Examples:
      skyburst jobs
      skyburst jobs --state FAILED --state PARTIAL --limit 100
      skyburst jobs --label project=optic-lobe --json
    """
    from skyburst.cli.output import echo_json
    from skyburst.cli.setting import has_labels
    from skyburst.documents import job_lines

    def wanted(job: JobRecord) -> bool:
        return (
            (not state or job.state in state)
            and (analysis is None or job.analysis["name"] == analysis)
            and has_labels(job.spec.get("labels", {}), label)
        )

    with open_home(on) as home:
        matching = (job for job in home.table.jobs() if wanted(job))
        lines = list(job_lines(home, islice(matching, limit)))
        more = next(matching, None) is not None
        if as_json:
            echo_json(lines)
        elif not lines:
            click.echo("no such jobs" if state or analysis or label else f"no jobs in {home.where}", err=True)
        else:
            click.echo("\n".join(_table(lines)))
            if more:
                click.echo("there are more: `skyburst jobs --limit N`", err=True)


def _table(lines: list[dict[str, Any]]) -> list[str]:
    from skyburst.cli import text

    rows = [["JOB", "STATE", "DONE", "ITEMS", "CREATED", "NAME"]]
    for line in lines:
        progress = line["progress"]
        done = progress["done"] / progress["batches"] if progress["batches"] else float(line["state"] == "SUCCEEDED")
        rows.append([
            line["job_id"],
            f"{line['state']}{' (interrupted)' if line['interrupted'] else ''}{_deleted(line)}",
            f"{int(100 * done)} %",
            f"{progress['items']:,}",
            text.moment(line["created_at"]),
            text.shortened(line["name"] or "", 40),
        ])  # fmt: skip
    return text.columns(rows, right=frozenset({2, 3}))


def _deleted(line: dict[str, Any]) -> str:
    """When the results were deleted, if they were."""
    from skyburst.cli import text

    entry = line["deleted"].get("results")
    return f" (results deleted on {text.moment(entry['at'])[:10]})" if entry else ""
