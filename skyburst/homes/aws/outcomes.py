"""What a job leaves behind beside its result: what is missing and why, items that could not be used, names of files.

It is part of the job's record, which is an item of DynamoDB and holds 400 KB. A longer one is an object, and the record has the
beginning of it.
"""

from __future__ import annotations

from typing import Any

from skyburst.contracts import values
from skyburst.contracts.records import JobRecord
from skyburst.homes.aws.brief import job_prefix
from skyburst.ports import Objects

KEPT_BYTES = 32 * 1024
"""Of an outcome in a record."""
FIRST = 10
"""Ranges of missing batches, and items that could not be used, that a record has of a longer one."""
LONGEST_REASON = 300

Outcome = dict[str, Any]


def keep(objects: Objects, job_id: str, outcome: Outcome) -> Outcome:
    """What a job's record is to have of its outcome; a long one is stored as an object."""
    data = values.encode(outcome)
    if len(data) <= KEPT_BYTES:
        return outcome
    objects.put(_key(job_id), data)
    return {
        **outcome,
        "missing": [[*gap[:-1], gap[-1][:LONGEST_REASON]] for gap in outcome["missing"][:FIRST]],
        "item_errors": [
            {**entry, "error": entry["error"][:LONGEST_REASON]} for entry in outcome["item_errors"][:FIRST]
        ],
        "files": None if outcome["files"] is None else [],
        "checksums": {},
        "cut": True,
    }


def whole(objects: Objects, job: JobRecord) -> Outcome:
    """The outcome that `keep` was given; empty before the job has ended. Raises ObjectNotFound."""
    outcome = job.outcome or {}
    if not outcome.get("cut"):
        return outcome
    stored: Outcome = values.decode(objects.get(_key(job.job_id)))
    if deleted := outcome.get("deleted"):
        stored = {**stored, "deleted": deleted, **({"files": None} if "results" in deleted else {})}
    return stored


def _key(job_id: str) -> str:
    return f"{job_prefix(job_id)}outcome.json"
