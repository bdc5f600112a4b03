"""Finish: what a job leaves behind when it has ended."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from skyburst._version import __version__
from skyburst.contracts.records import BatchRecord, JobRecord, Missing, Progress, Stored
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine import watch
from skyburst.engine.plan import Plan
from skyburst.ports import TaskTable

CERTIFICATE_FORMAT = 1
MOST_ITEM_ERRORS = 1_000
"""Item errors that a job keeps word by word; all are counted."""


def snapshot(table: TaskTable, job_id: str, plan: Plan) -> tuple[Progress, dict[str, Any]]:
    """What is done, what is missing from the result and which items could not be used, read in bounded memory.

    The counts are of the same look as the missing batches: a worker may still record what it found.
    """
    counts = table.progress(job_id)
    item_errors: list[dict[str, Any]] = []
    if counts.done == plan.batches and not counts.item_errors:
        return counts, {"missing": [], "item_errors": item_errors, "files": None}
    seen = replace(counts, done=0, failed=0, running=0, items_done=0, item_errors=0)

    def counting() -> Iterator[BatchRecord]:
        for batch in table.batches(job_id):
            seen.item_errors += sum(entry.get("count", 1) for entry in batch.item_errors)
            if len(item_errors) < MOST_ITEM_ERRORS:
                item_errors.extend(batch.item_errors)
            if batch.state is BatchState.DONE:
                seen.done += 1
                seen.items_done += batch.items
            seen.failed += batch.state is BatchState.FAILED
            seen.running += batch.state is BatchState.RUNNING
            yield batch

    gaps = [list(gap) for gap in watch.missing(plan, counting())]
    return seen, {"missing": gaps, "item_errors": item_errors[:MOST_ITEM_ERRORS], "files": None}


def without(stored: Iterator[Stored], missing: Sequence[Missing]) -> Iterator[Stored]:
    """Partial results without those of batches that a snapshot calls missing: they came after it. Both are in order."""
    gaps = iter(missing)
    gap = next(gaps, None)
    for partial in stored:
        while gap is not None and gap.last < partial.batch_id:
            gap = next(gaps, None)
        if gap is None or partial.batch_id < gap.first:
            yield partial


def conclude(
    plan: Plan, counts: Progress, outcome: dict[str, Any], *, tolerated_percent: float, cancelled: bool, timed_out: bool
) -> tuple[JobState, str]:
    """How a job whose batches have ended ends, and why in one sentence, before its results are combined."""
    state, reason = watch.final_state(
        batches=plan.batches, done=counts.done, failed=counts.failed, tolerated_percent=tolerated_percent,
        cancelled=cancelled, timed_out=timed_out,
    )  # fmt: skip
    if counts.item_errors and state is JobState.SUCCEEDED:
        state, reason = watch.with_item_errors(counts.item_errors, plan.items, reason)
    if state is JobState.FAILED and outcome["missing"]:
        reason += f"; {_first_failure(outcome['missing'])}"
    return state, reason


def _first_failure(missing: list[list[Any]]) -> str:
    """The reason of the first batch that failed, rather than of those that were never sent."""
    for entry in missing:
        gap = Missing(*entry)
        if gap.reason != watch.NOT_SENT:
            return f"batch {gap.first}, items {gap.start}-{gap.end - 1}: {gap.reason}"
    return watch.NOT_SENT


def certificate_of(job: JobRecord, counts: Progress, home: str, *, result_digest: str | None = None) -> dict[str, Any]:
    """The record that makes a job reproducible: everything that its answer depends on, and what it took."""
    return {
        "certificate": CERTIFICATE_FORMAT,
        "job": {
            "job_id": job.job_id,
            "state": job.state,
            "reason": job.reason,
            "specification": job.spec,
            "runs": job.runs,
        },
        "analysis": job.analysis,
        "parameters": job.parameters,
        "items": {"count": (job.plan or {}).get("items"), "source": job.items, "digest": _digest_of_items(job.items)},
        "plan": job.plan,
        "counts": {
            "batches": counts.batches,
            "done": counts.done,
            "failed": counts.failed,
            "retries": counts.retries,
            "items_done": counts.items_done,
            "item_errors": counts.item_errors,
        },
        "missing": (job.outcome or {}).get("missing", []),
        "environment": environment(home),
        "times": {
            "created": _iso(job.created_at),
            "started": _iso(job.started_at),
            "finished": _iso(job.finished_at),
            "worker_seconds": round(counts.worker_seconds, 3),
        },
        "cost": {"currency": "USD", "amount": 0.0 if home == "local" else None},
        "result": {"sha256": result_digest, "files": (job.outcome or {}).get("files")},
    }


def environment(home: str) -> dict[str, Any]:
    """Where the code runs: the interpreter, the machine, the versions of skyburst and what it depends on, and their digest."""
    packages = {}
    for requirement in importlib.metadata.requires("skyburst") or [] if _installed() else []:
        name = requirement.split(";")[0].split("[")[0].strip("<>=!~. 0123456789,")
        packages[name] = _version(name)
    described = {
        "home": home,
        "skyburst": __version__,
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
    }
    return {**described, "digest": _digest(described)}


def _installed() -> bool:
    try:
        importlib.metadata.distribution("skyburst")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _digest_of_items(source: dict[str, Any] | None) -> str | None:
    """The digest of a stored list's content, wherever it lies; of a range its bounds'."""
    if source is None:
        return None
    stored: str | None = source.get("manifest", {}).get("digest")
    return stored or _digest(source)


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
