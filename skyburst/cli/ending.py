"""What is told when a job has ended: progress to standard error, results to standard output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from skyburst.cli import found, text
from skyburst.cli.datasets import copied_line
from skyburst.cli.exits import OF_STATES, ExitCode
from skyburst.cli.output import STANDARD_OUTPUT, check_target, copy_files, write_copy
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.environments.reading import is_command
from skyburst.homes.datasets import files_by_dataset
from skyburst.homes.home import Home, Readable, StoredFile

MOST_FILES = 12
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the result is to go."""

    json_file: str | None = None
    """File that gets the result's JSON; `-` is standard output."""
    output: str | None = None
    """Folder that gets copies of the result and its files."""
    quiet: bool = False

    def check(self) -> None:
        """Refuse, before anything runs, what could not be written later."""
        check_target("--json", self.json_file)
        if self.output and Path(self.output).expanduser().is_file():
            raise click.BadParameter(f"{self.output} is a file: name a folder", param_hint="--output")


def ending_code(job: JobRecord) -> ExitCode:
    """What a command that ran, watched or showed a job exits with."""
    return ExitCode.INVALID if job.refused else OF_STATES[job.state]


def show_ending(home: Home, job: JobRecord, wanted: Wanted) -> ExitCode:
    """Tell how a job ended and where its result is, and write it where it is wanted.

    Raises:
        StorageError: when the result cannot be written there.
    """
    if not wanted.quiet:
        _say(_told(home, job))
    elif job.state is not JobState.SUCCEEDED:
        _say([f"skyburst: job {job.job_id} is {job.state}: {text.shortened(job.reason, 1_000)}"])
    result = home.result_file(job)
    of_datasets = files_by_dataset(home, job) if wanted.output and is_command(job) else {}
    if result is None:
        if wanted.output and of_datasets:
            _copy_datasets(of_datasets, Path(wanted.output).expanduser())
        return ending_code(job)
    shown: Readable = result
    files = dict(home.result_files(job))
    if wanted.output:
        folder = Path(wanted.output).expanduser()
        others = set(_names(folder)) - {"result.json", *files, *of_datasets}
        if others:
            _say([f"note: {folder} has {text.counted(len(others), 'other file')}, not of this job: {_some(others)}"])
        shown, *copies = map(StoredFile, copy_files({"result.json": result, **files}, folder))
        files = dict(zip(files, copies, strict=True))
        if of_datasets:
            _copy_datasets(of_datasets, folder)
    if wanted.json_file:
        write_copy(result, wanted.json_file)
    taken = wanted.json_file == STANDARD_OUTPUT
    if wanted.quiet and not taken:
        click.echo(shown.location)
    elif not wanted.quiet:
        _say(result_lines(job, shown, files), err=taken)
        _say([f"`skyburst result {job.job_id}{home.option}` shows this again"])
    return ending_code(job)


def _copy_datasets(files: Mapping[str, Readable], folder: Path) -> None:
    """Copy the results of datasets, each into a folder of its name; also of those that failed."""
    copy_files(files, folder)
    _say([copied_line(files, sum(file.size for file in files.values()), folder)])


def result_lines(job: JobRecord, result: Readable, files: Mapping[str, Readable]) -> list[str]:
    """What the analysis says of the result, or the result itself when it is short, and the places of its files."""
    said = found.summary_lines(job) or [found.short_value(result)]
    lines = [f"{'        ' if number else 'result  '}{line}" for number, line in enumerate(said) if line]
    lines.append(f"{'        ' if lines else 'result  '}{result.location} ({text.size(result.size)})")
    shown = list(files.values())[:MOST_FILES]
    lines += [
        f"{'files ' if not number else '      '}  {file.location} ({text.size(file.size)})"
        for number, file in enumerate(shown)
    ]
    if len(files) > len(shown):
        lines.append(f"        ... and {len(files) - len(shown):,} more in {_folder_of(*next(iter(files.items())))}")
    return lines


def _told(home: Home, job: JobRecord) -> list[str]:
    counts = home.table.progress(job.job_id)
    headline = f"{job.state}: {text.shortened(job.reason.removeprefix('cancelled: '), 1_000)}"
    if job.runs == 1 and job.started_at and job.finished_at and counts.items_done:
        seconds = job.finished_at - job.started_at
        headline += f"; {text.counted(counts.items_done, 'item')} in {text.duration(seconds)}"
        headline += f" ({text.rate(counts.items_done / seconds)})" if seconds > 0 else ""
    lines = [headline]
    lines += found.missing_lines(home, job)
    lines += found.item_error_lines(home, job, counts.item_errors)
    if job.refused:
        return lines
    if job.state in (JobState.FAILED, JobState.PARTIAL):
        lines += found.traceback_lines(home, job)
        lines.append(f"`skyburst logs {job.job_id}{home.option}` has everything that was written")
    if job.state is not JobState.SUCCEEDED:
        lines.append(f"`skyburst resume {job.job_id}{home.option}` runs only what is missing")
    return lines


def _say(lines: Iterable[str], *, err: bool = True) -> None:
    for line in lines:
        click.echo(line, err=err)


def _folder_of(name: str, file: Readable) -> str:
    """Where all result files are: their names may have folders in them."""
    return file.location.removesuffix(name).rstrip("/")


def _names(folder: Path) -> Iterator[str]:
    """Files in a folder and below, by their names from there."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(map(text.printable, ordered[:MOST_NAMED])) + (", ..." if len(ordered) > MOST_NAMED else "")
