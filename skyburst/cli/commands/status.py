"""`skyburst status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from skyburst.cli.options import job_argument, json_flag, on_option, open_job

if TYPE_CHECKING:
    from skyburst.contracts.records import JobRecord
    from skyburst.homes.home import Home

MOST_CHARACTERS = 300


@click.command("status")
@job_argument
@on_option
@json_flag("everything that is known of the job")
def command(job: str, on: str, as_json: bool) -> None:
    """Show where a job is and what it found.

    Exits with 0 whatever the state is; `skyburst result` and `skyburst watch` exit by the job's state.

    \b
    Examples:
      skyburst status last
      skyburst status last --json
    """
    from skyburst.cli.output import echo_json
    from skyburst.documents import job_document

    with open_job(job, on) as (home, record):
        if as_json:
            echo_json(job_document(home, record))
        else:
            click.echo("\n".join(_lines(home, record)))


def _lines(home: Home, job: JobRecord) -> list[str]:
    from skyburst.cli import text
    from skyburst.cli.budgeting import left_lines
    from skyburst.cli.chain import chain_lines
    from skyburst.cli.datasets import table_lines
    from skyburst.cli.ending import result_lines
    from skyburst.cli.follow.snapshot import counts, time_left, troubles
    from skyburst.cli.found import item_error_lines, missing_lines
    from skyburst.cli.placed import fell_back, placed
    from skyburst.client import JobHandle
    from skyburst.environments.reading import is_command
    from skyburst.retention.enforcing import told

    handle = JobHandle(job.job_id, home)
    progress = handle.progress()
    interrupted = handle.interrupted()
    where = "" if home.option else f" in {job.analysis['location']}"  # of a deployment it is a folder of its code
    facts = [
        ("job", job.job_id),
        ("name", job.spec.get("name") or ""),
        ("labels", ", ".join(f"{key}={value}" for key, value in job.spec.get("labels", {}).items())),
        ("state", f"{job.state}: {job.reason}" if job.reason else str(job.state)),
        ("", home.gone if interrupted else ""),
        ("analysis", f"{job.analysis['name']} {job.analysis['version']}{where}"),
        ("runs", placed(job)),
        ("", fell_back(home, job)),
        ("progress", ", ".join([*counts(progress), time_left(progress)]).rstrip(", ")),
        ("", ", ".join(troubles(progress))),
        ("batches", _batches(job.plan) if job.plan else ""),
        ("created", text.moment(job.created_at)),
        ("started", text.moment(job.started_at) if job.started_at else ""),
        ("finished", text.moment(job.finished_at) if job.finished_at else ""),
        ("worked", f"{text.duration(progress.worker_seconds)} over all workers, in {text.counted(job.runs, 'run')}"),
        *chain_lines(home, job),
        *((("" if number else "budget"), line) for number, line in enumerate(left_lines(home, job))),
        *_notified(home, job),
        ("deleted", told(job)),
    ]  # fmt: skip
    lines = [f"{title:<9} {text.shortened(value, MOST_CHARACTERS)}" for title, value in facts if value]
    if job.parameters:
        lines.append("parameters")
        lines += [
            f"  {name} = {text.shortened(json.dumps(value), MOST_CHARACTERS)}" for name, value in job.parameters.items()
        ]
    if is_command(job):
        lines += ["", *table_lines(home.datasets(job), job.job_id, home.option), ""]
    else:
        lines += missing_lines(home, job)
    lines += item_error_lines(home, job, progress.item_errors)
    result = home.result_file(job)
    if result:
        lines += result_lines(job, result, home.result_files(job))
    if interrupted or (job.state.finished and job.state != "SUCCEEDED" and not job.refused):
        lines.append(f"`skyburst resume {job.job_id}{home.option}` runs only what is missing")
    return lines


def _batches(plan: dict[str, Any]) -> str:
    """How large batches are; those of lists that are joined may differ."""
    from skyburst.cli import text

    *fewer, most = sorted({size for _, size in plan.get("joined", ())}) or [plan["batch_size"]]
    return "of " + "".join(f"{size:,} or " for size in fewer) + text.counted(most, "item")


def _notified(home: Home, job: JobRecord) -> list[tuple[str, str]]:
    """Who was told that the job has ended."""
    return [
        ("notified", f"{entry['target']}: {entry['state']}{': ' if entry['reason'] else ''}{entry['reason']}")
        for entry in home.notified(job)
    ]
