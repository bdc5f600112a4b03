"""The activity of environments: who ran what, where, how long and for how much, one record for each dataset. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from skyburst.submissions.record import Dataset, Record
from skyburst.submissions.status_text import moment

Price = Callable[[str], float | None]
"""USD an hour of an instance type, when it is known."""


def unknown_price(_: str) -> float | None:
    """No price is known."""
    return None


class Environment(NamedTuple):
    """What does not change of the record of an environment."""

    id: str
    instance_type: str | None
    spot: bool
    price: float | None
    """USD an hour; None when it is not known."""
    bucket: str
    datapath: str
    """What the submit file calls its dataset."""
    configpath: str
    """What the submit file calls its config; in an ensemble, the one made for it."""
    jobpath: str
    """Folder of the job's results."""


def environment_of(submission: Record, dataset: Dataset) -> Environment:
    """The environment of a dataset of a submission."""
    return Environment(
        dataset.environment, submission.instance_type, submission.spot, submission.price, submission.bucket,
        dataset.dataname, dataset.config, submission.jobpath,
    )  # fmt: skip


def placed(environment: Environment, status: Mapping[str, Any], price: Price) -> Environment:
    """The environment with the machine that its dataset had, as far as the status document of that says which.

    Args:
        environment: as its submission would have it.
        status: of the dataset: `instance` is `{"type", "id", "zone", "spot"}`, or the type alone.
        price: USD an hour of a type.
    """
    given = status.get("instance")
    kind, spot = (given.get("type"), given.get("spot")) if isinstance(given, dict) else (given, None)
    if isinstance(kind, str) and kind != environment.instance_type:
        environment = environment._replace(instance_type=kind, price=price(kind))
    return environment._replace(spot=spot) if isinstance(spot, bool) else environment


def record(environment: Environment, start: float | str | None, end: float | str | None) -> bytes:
    """The record of an environment, with when it started and ended, seconds since the epoch or ISO 8601, if it did."""
    document = {
        "instance-id": environment.id,
        "instance-type": environment.instance_type,
        "spot": environment.spot,
        "price": environment.price,
        "databucket": environment.bucket,
        "datapath": [environment.datapath],  # a list, as clients take the first of them
        "configpath": environment.configpath,
        "jobpath": environment.jobpath,
        "start": moment(start),
        "end": moment(end),
    }
    return json.dumps(document, indent=2).encode()


def parallelism(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How the environments of each job overlapped, from their records: by the folders of the jobs' results."""
    report: dict[str, Any] = {}
    for found in records:
        report.setdefault(found["jobpath"], {"instances": [], "durations": {}})["instances"].append(dict(found))
    for job in report.values():
        instances = job["instances"]
        job["durations"] = {entry["instance-id"]: _seconds(entry["start"], entry["end"]) for entry in instances}
        job["laststart"] = max((entry["start"] for entry in instances if entry["start"]), default=None)
        job["firstend"] = min((entry["end"] for entry in instances if entry["end"]), default=None)
    return report


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
