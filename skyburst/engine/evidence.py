"""Evidence: checksums and versions of what a job read and wrote, looked up for its certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.dataset import STATUS, dataset_prefix
from skyburst.contracts.records import JobRecord
from skyburst.errors import ObjectNotFound, SkyburstError
from skyburst.objects import ObjectStore, open_store

LARGEST_HASHED = 4 << 30
"""Bytes of a file that a parameter names; the checksum of a longer one would keep the job from ending."""
MOST_DATASETS = 10_000
"""Datasets that a certificate lists."""
DATASET_FIELDS = (
    "dataset", "data", "state", "reason", "attempt", "exit_code", "started_at", "finished_at", "seconds", "instance", "image",
    "config", "config_digest", "inputs", "files", "refused",
)  # fmt: skip
LIBRARY = "library.json"
AT_ONCE = 32


def inputs_of(job: JobRecord) -> list[dict[str, Any]]:
    """The files that parameters name.

    Returns:
        Of each `{"parameter", "location", "kind", "size", "sha256", "version", "reason"}`: `kind` is `file`, `library` or
        `folder`; `version` is what the store of a URL says (`etag`, `version`); `reason` says why there is no checksum.
    """
    return [{"parameter": name, **look_at(location, job.created_at)} for name, location in parameter_files(job)]


def parameter_files(job: JobRecord) -> Iterator[tuple[str, str]]:
    """Names of parameters that are paths, and the paths or URLs that they have."""
    declared = job.analysis.get("blueprint", {}).get("parameters") or {}
    for name, entry in declared.items():
        given = job.parameters.get(name)
        if entry.get("format") == "path" and given is not None:
            for location in given if isinstance(given, list) else [given]:
                if isinstance(location, str):
                    yield name, location


def look_at(location: str, created_at: float | None = None) -> dict[str, Any]:
    """What a path or URL holds now, without what failed: a job has ended, and its certificate says what could not be read.

    Args:
        location: the path or URL.
        created_at: a file of this machine that was changed after it, in seconds since the epoch, may not be what was read.
    """
    nothing = {"location": location, "kind": "file", "size": None, "sha256": None, "version": None, "reason": None}
    try:
        found = _of_url(location) if "://" in location else _of_path(Path(location), created_at)
    except (SkyburstError, OSError) as error:
        return {**nothing, "reason": str(error)[:300]}
    return {**nothing, **found}


def datasets_of(objects: ObjectStore, prefix: str, job: JobRecord) -> list[dict[str, Any]]:
    """The datasets of an analysis that is a command, as their own status documents say; those that never began are left out.

    Args:
        objects: where the job's objects are.
        prefix: key prefix of the job's objects.
        job: its record.
    """
    if not job.analysis.get("blueprint", {}).get("command") or job.plan is None:
        return []
    numbers = range(min(job.plan["items"], MOST_DATASETS))
    with ThreadPoolExecutor(AT_ONCE if objects.at_once > 1 else 1, "datasets") as pool:
        found = list(pool.map(lambda number: status_of(objects, prefix, number), numbers))
    return [
        {"number": number, **{name: status[name] for name in DATASET_FIELDS if name in status}}
        for number, status in zip(numbers, found, strict=True)
        if status is not None
    ]


def status_of(objects: ObjectStore, prefix: str, number: int) -> dict[str, Any] | None:
    """The status document of a dataset; None before it begins, and where its container wrote something else in its place."""
    try:
        document = values.decode(objects.get(dataset_prefix(prefix, number) + STATUS))
    except (ObjectNotFound, ValueError):  # whatever stands there, its job ends, and is settled
        return None
    return document if isinstance(document, dict) else None


def _of_path(path: Path, created_at: float | None) -> dict[str, Any]:
    if path.is_dir():
        library = path / LIBRARY
        if not library.is_file():
            return {"kind": "folder", "reason": "it is a folder"}
        return {"kind": "library", "size": library.stat().st_size, "sha256": _sha256(library)}
    about = path.stat()
    if not path.is_file():
        return {"reason": "it is a pipe, a socket or a device"}
    if about.st_size > LARGEST_HASHED:
        return {"size": about.st_size, "reason": f"it is longer than {LARGEST_HASHED:,} bytes"}
    if created_at is not None and about.st_mtime > created_at:
        return {"size": about.st_size, "reason": "it was changed after the job was created"}
    return {"size": about.st_size, "sha256": _sha256(path)}


def _of_url(location: str) -> dict[str, Any]:
    if not location.startswith("s3://"):
        return {"reason": "only files of this machine and of S3 are looked at"}
    folder, _, name = location.rstrip("/").rpartition("/")
    try:
        return _version_of(open_store(folder), name)
    except ObjectNotFound:
        return {"kind": "library", **_version_of(open_store(location), LIBRARY)}


def _version_of(store: ObjectStore, name: str) -> dict[str, Any]:
    found = store.version(name)
    return {
        "size": found.size,
        "version": {"etag": found.etag, "version": found.version},
        "reason": "the store tells its version",
    }


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
