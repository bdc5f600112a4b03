"""What a job left: its result, its files, what is missing from it and why, as paths and lines."""

from __future__ import annotations

from skyburst.cli import text
from skyburst.contracts.records import JobRecord, Missing
from skyburst.contracts.states import BatchState
from skyburst.homes.home import Home, Readable
from skyburst.logs import item_name

MOST_SHOWN = 3
MOST_TRACEBACK_LINES = 25
MOST_VALUE_BYTES = 300
MOST_CHARACTERS = 300


def summary_lines(job: JobRecord) -> list[str]:
    """What the analysis says of the result in a few lines."""
    return [text.shortened(line, MOST_CHARACTERS) for line in (job.outcome or {}).get("summary", [])]


def short_value(result: Readable) -> str:
    """The result itself when it is short; empty when it is not."""
    if result.size > MOST_VALUE_BYTES:
        return ""
    with result.open() as file:
        return text.shortened(file.read().decode("ascii"), MOST_VALUE_BYTES)


def missing_lines(home: Home, job: JobRecord) -> list[str]:
    """What is missing from the result and why, the first few."""
    gaps = [Missing(*entry) for entry in home.outcome(job).get("missing", [])]
    lines = [f"missing: {_where(gap)}: {text.shortened(gap.reason, MOST_CHARACTERS)}" for gap in gaps]
    return _first(lines, f"`skyburst logs {job.job_id}{home.option}` has all failures")


def item_error_lines(home: Home, job: JobRecord, count: int) -> list[str]:
    """Items that could not be used and why, the first few of so many."""
    if not count:
        return []
    errors = [entry for entry in (job.outcome or {}).get("item_errors", []) if entry["item"] is not None]
    shown = [
        f"  {text.shortened(item_name(entry['item']), 80)}: {text.shortened(entry['error'], MOST_CHARACTERS)}"
        for entry in errors[:MOST_SHOWN]
    ]
    more = []
    if count > len(shown):
        more = [f"  ... and {count - len(shown):,} more: `skyburst logs {job.job_id}{home.option}`"]
    return [f"{text.counted(count, 'item')} could not be used:", *shown, *more]


def traceback_lines(home: Home, job: JobRecord) -> list[str]:
    """The end of the traceback that a developer wants to see first: the combiner's, or that of the first failed batch."""
    failure = (job.outcome or {}).get("failure")
    trace = failure[2] if failure else ""
    if not failure:
        batch = next(home.table.batches(job.job_id, [BatchState.FAILED]), None)
        trace = batch.failures[-1].traceback if batch and batch.failures else ""
    lines = text.printable_lines(trace).rstrip().splitlines()
    left_out = len(lines) - MOST_TRACEBACK_LINES
    return [f"... {left_out} lines before", *lines[left_out:]] if left_out > 0 else lines


def _where(gap: Missing) -> str:
    batches = f"batch {gap.first:,}" if gap.first == gap.last else f"batches {gap.first:,}-{gap.last:,}"
    items = f"item {gap.start:,}" if gap.end - gap.start == 1 else f"items {gap.start:,}-{gap.end - 1:,}"
    return f"{batches} ({items})"


def _first(lines: list[str], all_of_them: str) -> list[str]:
    if len(lines) <= MOST_SHOWN:
        return lines
    return [*lines[:MOST_SHOWN], f"... and {len(lines) - MOST_SHOWN:,} more gaps: {all_of_them}"]
