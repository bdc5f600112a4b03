"""The certificate: the record that makes a job reproducible."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from skyburst._version import __version__
from skyburst.blueprints.content import digest_of_reference
from skyburst.contracts.records import JobRecord, Progress
from skyburst.contracts.spans import Part, Span

FORMAT = 2
"""Version of `skyburst/certificates/schema.json`."""
REQUIREMENT = re.compile(r"[\w.-]+")
"""The name at the begin of a requirement."""
COMBINING = (Part.GROUP, Part.STAGE, Part.COMBINE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a certificate says beside a job's record: looked up when the job has ended."""

    result_digest: str | None = None
    """SHA-256 of the result, hexadecimal; None when there is none."""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    """Files that parameters name, with their checksums or versions."""
    datasets: list[dict[str, Any]] = field(default_factory=list)
    """Of an analysis that is a command: each dataset with the checksums of its inputs and results."""
    spans: list[Span] = field(default_factory=list)
    """What the parts of the engine did in the last run."""
    cost: dict[str, Any] | None = None
    """`{"currency", "amount", ...}`; None when it is not known."""
    kinds: list[dict[str, Any]] = field(default_factory=list)
    """`{"type", "spot"}` of the instances that batches ran on which are no datasets."""


def certificate_of(job: JobRecord, counts: Progress, home: str, evidence: Evidence | None = None) -> dict[str, Any]:
    """The record that makes a job reproducible: everything that its answer depends on, and what it took.

    Args:
        job: the record of a job that has ended.
        counts: of its batches.
        home: where it ran.
        evidence: what is not in the record.

    Returns:
        A document as `skyburst/certificates/schema.json` has it.
    """
    evidence = evidence or Evidence()
    outcome = job.outcome or {}
    return {
        "certificate": FORMAT,
        "job": {
            "job_id": job.job_id,
            "state": str(job.state),
            "reason": job.reason,
            "specification": job.spec,
            "runs": job.runs,
        },
        "analysis": {**job.analysis, "blueprint_digest": digest_of_reference(job.analysis)},
        "parameters": job.parameters,
        "config_digest": digest_of(job.parameters),
        "items": {"count": (job.plan or {}).get("items"), "source": job.items, "digest": _digest_of_items(job.items)},
        "inputs": evidence.inputs,
        "datasets": evidence.datasets,
        "plan": job.plan,
        "counts": {
            "batches": counts.batches,
            "done": counts.done,
            "failed": counts.failed,
            "retries": counts.retries,
            "items_done": counts.items_done,
            "item_errors": counts.item_errors,
            "fell_back": outcome.get("environments", {}).get("fell_back", 0),
        },
        "missing": outcome.get("missing", []),
        "environment": environment(home),
        "machines": machines(job, evidence.datasets, evidence.kinds),
        "times": {
            "created": _iso(job.created_at),
            "started": _iso(job.started_at),
            "finished": _iso(job.finished_at),
            "worker_seconds": round(counts.worker_seconds, 3),
            "phases": phases(job, evidence.spans),
        },
        "cost": evidence.cost or {"currency": "USD", "amount": 0.0 if home == "local" else None},
        "result": {
            "sha256": evidence.result_digest,
            "size": outcome.get("size"),
            "files": _files(outcome),
        },
    }


def environment(home: str) -> dict[str, Any]:
    """Where the code runs: the interpreter, the machine, the versions of skyburst and what it depends on, and their digest."""
    packages = {}
    for requirement in importlib.metadata.requires("skyburst") or [] if _installed() else []:
        name = REQUIREMENT.match(requirement)
        if name:
            packages[name[0]] = _version(name[0])
    described = {
        "home": home,
        "skyburst": __version__,
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
    }
    return {**described, "digest": hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()}


def machines(
    job: JobRecord, datasets: Iterable[Mapping[str, Any]], kinds: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The environments that the job asked for, and the instances that it ran on; nothing of a job that ran in functions."""
    needs = {**(job.analysis.get("blueprint", {}).get("environment") or {}), **job.spec.get("environment", {})}
    found = [*(entry.get("instance") for entry in datasets), *kinds]
    instances = {json.dumps(instance, sort_keys=True) for instance in found if instance}
    return {
        "image": needs.get("image"),
        "pricing": needs.get("pricing"),
        "instances": [json.loads(instance) for instance in sorted(instances)],
    }


def phases(job: JobRecord, spans: Iterable[Span]) -> list[dict[str, Any]]:
    """What the last run spent its time on, in order: `planning`, `working`, `combining`, without those that it did not reach."""
    end = job.finished_at
    began = (job.run_began or {}).get("at")
    planned = [span for span in spans if span.part in (Part.PLAN, Part.ITEMS)]
    combined = [span.started_at for span in spans if span.part in COMBINING]
    if end is None:
        return []
    starts = [("planning", min([span.started_at for span in planned], default=job.started_at))]
    starts += [("working", began), ("combining", min(combined, default=None))]
    known = [(name, start) for name, start in starts if start is not None and start <= end]
    ends = [*(start for _, start in known), end][1:]
    return [
        {"phase": name, "started": _iso(start), "seconds": round(max(0.0, until - start), 3)}
        for (name, start), until in zip(known, ends, strict=True)
    ]


def digest_of(document: Any) -> str:
    """SHA-256, hexadecimal, of a JSON document in one way of writing it: keys sorted, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _files(outcome: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Result files with their checksums; a job that an earlier version combined has the names only."""
    names = outcome.get("files")
    if names is None:
        return None
    checksums = outcome.get("checksums", {})
    unknown = [None, None]
    return [dict(zip(("name", "size", "sha256"), (name, *checksums.get(name, unknown)), strict=True)) for name in names]


def _digest_of_items(source: dict[str, Any] | None) -> str | None:
    """The digest of a stored list's content, wherever it lies; of several that of theirs; of a range its bounds'."""
    if source is None:
        return None
    if "joined" in source:
        return digest_of([_digest_of_items(part) for part in source["joined"]])
    stored: str | None = source.get("manifest", {}).get("digest")
    return stored or hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()


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


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
