"""The items of a job specification, made a source that workers can read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from skyburst.contracts import values
from skyburst.contracts.job import JobSpec
from skyburst.contracts.parameters import existing
from skyburst.contracts.records import JobRecord
from skyburst.engine.plan import MOST_CHILDREN, ONE_MANAGER, Plan, make_plan
from skyburst.errors import InvalidItems, InvalidJob, ObjectNotFound
from skyburst.manifest import Joined, Manifest, NumberRange, parse_source, write_manifest
from skyburst.objects import ObjectStore, open_store

MOST_INLINE_ITEMS = 1_000
MOST_INLINE_BYTES = 64 * 1024
"""A longer list, in items or as JSON, is stored once, under its digest, and job specifications refer to it."""
INDEX = "manifest.json"


def store_items(
    spec: JobSpec, objects: ObjectStore, job_prefix: str, folder: Path
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Make the items of a job readable for workers.

    Args:
        spec: the job specification.
        objects: of the home.
        job_prefix: key prefix of the job's objects.
        folder: that relative paths start from.

    Returns:
        The specification to keep, and the source of the items; None for the source when the analysis lists them.

    Raises:
        InvalidJob: when there are none.
    """
    document = spec.document()
    if spec.items is None:
        return document, None
    if isinstance(spec.items, list):
        if not spec.items:
            raise InvalidJob("job.items is []: expected at least one item")
        if not is_long(spec.items):
            return document, write_manifest(objects, objects.location, f"{job_prefix}manifest", spec.items).document()
        location = f"{objects.location}/{store_long(spec.items, objects)}"
    elif "range" in spec.items:
        numbers = NumberRange(*spec.items["range"])
        if not numbers.count:
            raise InvalidJob(f"job.items.range is {spec.items['range']}: expected at least one number, [start, end)")
        return document, numbers.document()
    else:
        named = spec.items["manifest"]
        location = manifest_location(named, folder)
    document["items"] = {"manifest": location}
    manifest = read_manifest(location)
    if not manifest.count:
        raise InvalidJob(f"job.items.manifest is {location!r}: it has no items, and a job takes at least one")
    return document, manifest.document()


def plan_job(job: JobRecord, *, most_children: int = MOST_CHILDREN, one_manager: int = ONE_MANAGER) -> Plan:
    """Plan a job whose items are listed.

    Args:
        job: its record.
        most_children: of one manager in the tree.
        one_manager: batches, at most, that need no tree.
    """
    assert job.items is not None
    source = parse_source(job.items)
    joined: list[tuple[int, int | None]] = []
    if isinstance(source, Joined):
        given: int | None = job.spec.get("batch_size")
        joined = [(part.count, given or size) for part, size in zip(source.parts, source.batch_sizes, strict=True)]
    return make_plan(source.count, job.batch_size, joined=joined, most_children=most_children, one_manager=one_manager)


def manifest_location(named: str, folder: Path) -> str:
    """The path or URL of stored items, by what a job specification has. Raises InvalidJob for a path with nothing there."""
    return named if "://" in named else str(existing("job.items.manifest", named, folder))


def is_long(items: list[Any]) -> bool:
    """Whether a list is too long to stay in its job specification."""
    if len(items) > MOST_INLINE_ITEMS:
        return True
    size = 0
    for number, item in enumerate(items):
        size += len(values.encode(item, f"items[{number}]"))
        if size > MOST_INLINE_BYTES:
            return True
    return False


def store_long(items: list[Any], objects: ObjectStore) -> str:
    """Store a list under its digest; the same list is stored once, and the same job keeps the same specification."""
    digest = hashlib.sha256()
    for number, item in enumerate(items):
        digest.update(values.encode(item, f"items[{number}]") + b"\n")
    prefix = f"items/{digest.hexdigest()[:32]}"
    try:
        objects.get(f"{prefix}/{INDEX}")
    except ObjectNotFound:
        manifest = write_manifest(objects, objects.location, prefix, items)
        objects.put(f"{prefix}/{INDEX}", values.encode(manifest.document()))
    return prefix


def read_manifest(location: str) -> Manifest:
    """The manifest of a library, or of a folder with a `manifest.json`.

    Raises:
        InvalidItems: when there is none.
    """
    store = open_store(location)
    try:
        source = parse_source(values.decode(store.get(INDEX)))
    except ObjectNotFound:
        from skyburst.library import open_library

        return open_library(location).manifest
    if not isinstance(source, Manifest):
        raise InvalidItems(f"{location}/{INDEX} does not describe a manifest")
    return source
