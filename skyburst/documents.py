"""Jobs and analyses as JSON documents, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from skyburst.budgets.documents import paid_document
from skyburst.client import JobHandle
from skyburst.contracts.parameters import schema
from skyburst.contracts.records import JobRecord, Missing
from skyburst.environments.reading import is_command
from skyburst.errors import JobNotFound
from skyburst.finding import Found
from skyburst.homes.home import Home
from skyburst.retention.enforcing import deleted_of


def job_line(home: Home, job: JobRecord) -> dict[str, Any]:
    """What a list of jobs has of one."""
    handle = JobHandle(job.job_id, home)
    progress = handle.progress()
    return {
        "job_id": job.job_id,
        "name": job.spec.get("name"),
        "labels": job.spec.get("labels", {}),
        "analysis": job.analysis["name"],
        "state": job.state,
        "reason": job.reason,
        "interrupted": not job.state.finished and handle.interrupted(),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "deleted": deleted_of(job),
        "progress": {**asdict(progress), "fraction": progress.fraction},
    }


def job_lines(home: Home, jobs: Iterable[JobRecord]) -> Iterator[dict[str, Any]]:
    """The same of some, without those that somebody deleted since they were listed."""
    for job in jobs:
        with suppress(JobNotFound):
            yield job_line(home, job)


def job_document(home: Home, job: JobRecord) -> dict[str, Any]:
    """Everything that is known of a job but its result and its batches."""
    result = home.result_file(job)
    outcome = home.outcome(job)
    return {
        **job_line(home, job),
        "analysis": {key: job.analysis[key] for key in ("name", "version", "location", "digest")},
        "specification": job.spec,
        "parameters": job.parameters,
        "plan": job.plan,
        "runs": job.runs,
        "paid": paid_document(home, job),
        "missing": [Missing(*entry)._asdict() for entry in outcome.get("missing", [])],
        "item_errors": outcome.get("item_errors", []),
        "datasets": list(home.datasets(job)) if is_command(job) else None,
        "result": result.location if result else None,
        "next": home.following(job),
        "notified": home.notified(job),
        "files": {name: file.location for name, file in home.result_files(job).items()},
    }


def analysis_document(found: Found) -> dict[str, Any]:
    """An analysis: its blueprint, where it is, and the JSON Schema of its parameters."""
    declared = found.blueprint.parameters
    return {
        "name": found.blueprint.name,
        "version": found.blueprint.version,
        "title": found.blueprint.title,
        "description": found.blueprint.description,
        "origin": found.origin,
        "location": str(found.location),
        "code": str(found.code),
        "lists_items": bool(found.blueprint.items),
        "schema": None if declared is None else schema(declared),
        "blueprint": found.blueprint.document(),
    }
