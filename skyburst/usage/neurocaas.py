"""Activity as NeuroCAAS keeps it: a record of each instance, and the file that its parallelism figure is drawn from.

Source of the formats: the monitoring logs of NeuroCAAS' job manager, and `monitor visualize-parallelism` of its contrib package.
A batch stands for an instance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from skyburst.contracts.records import BatchRecord, JobRecord
from skyburst.manifest import manifests_of
from skyburst.usage.jobs import NOBODY

TIME = "%Y-%m-%dT%H:%M:%SZ"
NO_GROUP = "nogroup"
"""Folder of the records of jobs that name no group."""
Record = dict[str, Any]


def activity_of(
    job: JobRecord, batches: Iterable[BatchRecord], home: str, bucket: str, statuses: Mapping[int, Record],
) -> Iterator[Record]:  # fmt: skip
    """The record of each batch of a job that ran.

    Args:
        job: its record.
        batches: of which something was recorded.
        home: where the job ran.
        bucket: with its objects; empty at home `local`.
        statuses: of an analysis that is a command: status documents of datasets by number.
    """
    data = data_of(job, statuses)
    for batch in batches:
        if batch.started_at is None:
            continue
        told = statuses.get(batch.batch_id, {}).get("instance") or (batch.delivery.machine if batch.delivery else None)
        instance = _instance(told, home)
        end = None if batch.seconds is None else batch.started_at + batch.seconds
        yield {
            "instance-id": _id_of(job.job_id, batch.batch_id),  # several may run on one machine, and each has a file
            "instance-type": instance["type"],
            "spot": bool(instance.get("spot", False)),
            "price": instance.get("price"),
            "databucket": bucket,
            "datapath": data,
            "configpath": f"jobs/{job.job_id}/certificate.json",
            "jobpath": f"{group_of(job)}/results/{job.job_id}",
            "start": moment(batch.started_at),
            "end": moment(end),
        }


def parallelism_file(records: Iterable[Record]) -> dict[str, Record]:
    """Records by job, with durations, the last start and the first end; jobs of which nothing has ended are left out."""
    jobs: dict[str, list[Record]] = {}
    for record in records:
        jobs.setdefault(record["jobpath"], []).append(record)
    return {
        path: {
            "instances": instances,
            "durations": {record["instance-id"]: _duration(record) for record in instances},
            "laststart": max(record["start"] for record in instances),
            "firstend": min(record["end"] for record in instances if record["end"]),
        }
        for path, instances in jobs.items()
        if any(record["end"] for record in instances)
    }


def group_of(job: JobRecord) -> str:
    """The group of a job, as a name of a folder."""
    given: str = job.spec.get("group") or NO_GROUP
    return given if given != NOBODY else NO_GROUP


def data_of(job: JobRecord, statuses: Mapping[int, Record]) -> list[str]:
    """Where the data of a job are: the locations of its datasets, or its items as they were given, else the list of its items."""
    found = [location for number in sorted(statuses) for location in _listed(statuses[number].get("data"))]
    given = job.spec.get("items")
    if not found and isinstance(given, list):
        found = [one for item in given for one in _listed(item.get("data") if isinstance(item, dict) else item)]
    if found or job.items is None:
        return found or [""]
    lists = [f"{manifest.location}/{manifest.prefix}" for manifest in manifests_of(job.items)]
    return lists or [str(job.items["range"])]


def moment(seconds: float | None) -> str | None:
    """A time, to the second, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(TIME)


def _instance(told: Any, home: str) -> Record:
    """What ran a batch: `{"type", "spot", "price"}`, as far as it is known, from a type or from such a document."""
    kind = "local" if home == "local" else "lambda"
    if isinstance(told, dict):
        return {**told, "type": told.get("type") or told.get("instance_type") or kind}
    return {"type": told if isinstance(told, str) and told else kind}


def _listed(data: Any) -> list[str]:
    return [str(one) for one in data] if isinstance(data, list) else [str(data)] if data else []


def _id_of(job_id: str, batch_id: int) -> str:
    """The id of the instance that a batch stands for."""
    return "i-" + hashlib.sha256(f"{job_id}/{batch_id}".encode()).hexdigest()[:17]


def _duration(record: Record) -> float | None:
    if not (record["start"] and record["end"]):
        return None
    begin, end = (datetime.strptime(record[name], TIME).replace(tzinfo=UTC) for name in ("start", "end"))
    return (end - begin).total_seconds()
