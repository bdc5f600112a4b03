"""The message about a job that has ended: a document for programs, with a short text for people in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from skyburst.contracts.records import JobRecord, Progress

LONGEST_REASON = 1_000
EVENT = "job.ended"


def message_of(
    job: JobRecord, counts: Progress, home: str, *, result: str | None, certificate: str | None,
    cost: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What is told of a job that has ended. No parameters, no items, no secrets.

    Args:
        job: its record.
        counts: of its batches.
        home: where it ran.
        result: location of its result; None when there is none.
        certificate: location of its certificate.
        cost: `{"currency", "amount"}`, if it is known.
    """
    seconds = None if job.finished_at is None else round(job.finished_at - job.created_at, 3)
    document: dict[str, Any] = {
        "event": EVENT,
        "job": job.job_id,
        "name": job.spec.get("name"),
        "analysis": job.analysis["name"],
        "version": job.analysis.get("version"),
        "home": home,
        "group": job.spec.get("group"),
        "user": job.spec.get("user"),
        "labels": job.spec.get("labels", {}),
        "follows": (job.spec.get("follows") or {}).get("job"),
        "run": job.runs,
        "state": str(job.state),
        "reason": job.reason[:LONGEST_REASON],
        "batches": {"all": counts.batches, "done": counts.done, "failed": counts.failed},
        "items": {"all": counts.items, "done": counts.items_done, "errors": counts.item_errors},
        "created": _iso(job.created_at),
        "finished": _iso(job.finished_at),
        "seconds": seconds,
        "cost": cost,
        "result": result,
        "certificate": certificate,
    }
    return {**document, "text": text_of(document)}


def subject_of(message: dict[str, Any]) -> str:
    """One line of at most a hundred characters, which a subject of SNS may have."""
    line = f"Skyburst: {message['name'] or message['job']} is {message['state']}"
    printable = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in line)
    return printable if len(printable) <= 100 else f"{printable[:97]}..."


def text_of(document: dict[str, Any]) -> str:
    """The message for people, of some lines."""
    named = f" ({document['name']})" if document["name"] else ""
    batches, items = document["batches"], document["items"]
    lines = [
        f"Job {document['job']}{named} of analysis {document['analysis']} is {document['state']}: {document['reason']}"
    ]
    lines.append(
        f"{batches['done']:,} of {batches['all']:,} batches are done, {batches['failed']:,} failed; "
        f"{items['done']:,} items are done, {items['errors']:,} could not be used."
    )
    if document["seconds"] is not None:
        lines.append(f"It took {document['seconds']:,.0f} s.")
    if document["cost"] and document["cost"].get("amount") is not None:
        lines.append(f"It cost {document['cost']['amount']:.4f} {document['cost']['currency']}.")
    if document["result"]:
        lines.append(f"Result: {document['result']}")
    if document["certificate"]:
        lines.append(f"Certificate: {document['certificate']}")
    return "\n".join(lines) + "\n"


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
