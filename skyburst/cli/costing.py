"""Costs and estimates, as people and as programs read them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from skyburst.cli import text
from skyburst.cli.items import items_from
from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.records import JobRecord, Progress
from skyburst.cost.bill import NOT_COUNTED
from skyburst.cost.estimate import Estimate
from skyburst.cost.job_cost import Cost
from skyburst.cost.work import Work
from skyburst.homes.job_items import read_manifest
from skyburst.prices.money import Micros, cell, usd

MEANINGS = {
    "workers": "seconds of functions by their memory",
    "machines": "seconds of environments by their instance types",
    "disks": "of environments",
    "addresses": "public addresses of environments",
    "engine": "planner, watcher, combiner",
    "calls": "of functions",
    "state machine": "state transitions",
    "task table": "reads and writes of DynamoDB",
    "objects": "requests to S3",
}


def specification_of(given: str, items: str | None) -> JobSpec:
    """The job specification of a file, of standard input, or of an analysis alone."""
    path = Path(given).expanduser()
    document: Any
    if given == "-" or (path.is_file() and path.suffix != ".py"):
        where = "standard input" if given == "-" else given
        try:
            document = json.loads(sys.stdin.read() if given == "-" else path.read_text(encoding="utf-8"))
        except OSError as error:
            raise click.BadParameter(f"{where} cannot be read: {error.strerror}", param_hint="JOBSPEC") from error
        except ValueError as error:
            raise click.BadParameter(f"{where} is not JSON: {error}", param_hint="JOBSPEC") from error
        if not isinstance(document, dict):
            raise click.BadParameter(f"{where} is not a JSON object: a job specification is one", param_hint="JOBSPEC")
    else:
        document = {"analysis": given}
    if items is not None:
        document["items"] = items_from(items)
    return parse_job(document)


def items_of(spec: JobSpec, count: int | None) -> int:
    """How many items a job has."""
    if count is not None:
        return count
    match spec.items:
        case list(values) if values:
            return len(values)
        case {"range": [start, end]} if end > start:
            return int(end - start)
        case {"manifest": location}:
            found = read_manifest(location if "://" in location else str(Path(location).expanduser().resolve()))
            if found.count:
                return found.count
    raise click.UsageError(
        "how many items the job has is not known before its analysis lists them: say --count N, or --items"
        if spec.items is None
        else "the job has no items: there is nothing to estimate"
    )


def estimate_lines(analysis: str, found: Estimate) -> list[str]:
    """What a job will cost, by part, and what is not counted."""
    work = found.work
    rows = [["USD", "LOW", "EXPECTED", "MOST"]]
    rows += [
        [part.name, cell(part.low), "-" if part.expected is None else cell(part.expected), cell(part.most)]
        for part in found.parts
    ]
    expected = "-" if found.expected is None else cell(found.expected)
    rows.append(["total", cell(found.low), expected, cell(found.most)])
    lines = [
        f"{analysis}: {text.counted(work.items, 'item')} in {text.counted(work.batches, 'batch', 'batches')}",
        *_where(work),
        "",
        *text.columns(rows, right=frozenset({1, 2, 3})),
        "",
    ]
    if found.earlier:
        many = text.counted(len(found.earlier), "earlier job")
        here = ", with the seconds of this machine" if found.earlier[0].home == "local" else ""
        lines.append(f"expected: as {many} took, the newest {found.earlier[0].job_id}{here}")
    else:
        lines.append("expected: not known, because no job of it has come to its end yet; low: as little as is paid for")
    lines += [
        "most: when every batch takes all the time it has; budgets keep this for the job",
        found.book.said,
        f"not counted: {'; '.join(found.not_counted)}",
    ]
    return lines


def estimate_document(analysis: str, found: Estimate) -> dict[str, Any]:
    """The same for programs; USD."""
    work = found.work
    machines = work.machines
    return {
        "analysis": analysis,
        "currency": "USD",
        "items": work.items,
        "batches": work.batches,
        "in_environments": work.in_machines,
        "why": work.why,
        "instance_type": machines.chosen.name if machines else None,
        "pricing": None if machines is None else "spot" if machines.spot else "on_demand",
        "low": usd(found.low),
        "expected": _usd(found.expected),
        "most": usd(found.most),
        "parts": {
            part.name: {"low": usd(part.low), "expected": _usd(part.expected), "most": usd(part.most)}
            for part in found.parts
        },
        "earlier_jobs": [entry._asdict() for entry in found.earlier],
        "prices": {"date": str(found.book.date), "region": found.book.region, "source": found.book.source},
        "not_counted": list(found.not_counted),
    }


def cost_lines(job: JobRecord, counts: Progress, cost: Cost) -> list[str]:
    """What a job cost, by part."""
    so_far = "" if cost.final else " so far"
    rows = [["USD", "", ""]]
    rows += [[name, cell(amount), MEANINGS[name]] for name, amount in cost.parts.items()]
    rows.append(["total on AWS" if cost.home == "local" else f"total{so_far}", cell(cost.on_aws), ""])
    lines = [f"job {job.job_id} is {job.state}; {_worked(counts)}"]
    if cost.home == "local":
        lines.append(f"cost: 0.00 USD, on this machine{so_far}. On AWS it would have been:")
    return [
        *lines,
        "",
        *text.columns(rows, right=frozenset({1})),
        "",
        *(
            f"note: {text.printable(note)}"
            for note in cost.notes
            if cost.home != "local" or "costs nothing" not in note
        ),
        cost.book.said,
        f"not counted: {'; '.join(NOT_COUNTED)}",
    ]


def _worked(counts: Progress) -> str:
    attempts = counts.done + counts.failed + counts.retries
    batches = text.counted(counts.batches, "batch", "batches")
    return f"{text.duration(counts.worker_seconds)} of workers, {text.counted(attempts, 'attempt')} at {batches}"


def _where(work: Work) -> list[str]:
    if not work.in_machines:
        place = f"functions of {work.memory_mb:,} MiB, {work.batch_s:g} s and {work.attempts} attempts for each batch"
        lines = [f"in {place}: {work.why}"]
        if work.machines is not None:
            lines.append(f"what falls back: {_machines(work)}")
        return lines
    return [f"in {_machines(work)}: {work.why}"]


def _machines(work: Work) -> str:
    machines = work.machines
    assert machines is not None
    minutes = machines.timeout_s / 60
    price = f"{machines.chosen.machine.hour:f} USD an hour"
    spot = f", spot about {machines.chosen.machine.spot_share * 100:.0f} % of it" if machines.spot else ""
    return f"an environment for each batch, on {machines.chosen.name} ({price}{spot}) for {minutes:g} minutes at most"


def _usd(amount: Micros | None) -> float | None:
    return None if amount is None else usd(amount)
