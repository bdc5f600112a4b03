"""Submissions that are not over, and the data that they read: while they have no job, nobody else knows that it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from skyburst.errors import InvalidItems
from skyburst.objects import ObjectStore, locate, open_store
from skyburst.retention.policy import named_locations
from skyburst.submissions import layout
from skyburst.submissions.record import Records, SubmissionState, identity_of
from skyburst.submissions.submit_file import MOST_BYTES, Place, read_submit_file


class Waiting(NamedTuple):
    """A submission that is not over."""

    text: str
    """What it is, for people."""
    locations: set[str]
    """What it names."""


class WaitingSubmissions:
    """Looks for submissions that are not over, once for each bucket and group: it is for one look at what is due."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Waiting]] = {}

    def of(self, location: str, group: str) -> list[Waiting]:
        """The submissions of a group to a bucket, which may be a folder, that are not over.

        Raises:
            StorageError: when they cannot be read.
        """
        key = location, group
        if key not in self._found:
            try:
                self._found[key] = list(_waiting(open_store(location), group))
            except InvalidItems:  # the folder is gone, with what was in it
                self._found[key] = []
        return self._found[key]


def _waiting(bucket: ObjectStore, group: str) -> Iterator[Waiting]:
    """Those that are uploaded and not yet received, and those that are received and not over.

    The files are read before the records: one that is received meanwhile is found among these.
    """
    files = list(_submit_files(bucket, group))
    known = set()
    for record in Records(bucket).all(group):
        known.add(record.identity)
        if record.state.over:
            continue
        if record.state is SubmissionState.RECEIVED:
            locations = _named(bucket, record.content)
        else:
            locations = {_from(bucket, location) for location in named_locations([record.specification])}
        yield Waiting(f"submission {record.name}, which is not over,", locations)
    name = _name_of(bucket)
    for key, data in files:
        timestamp = read_submit_file(data).timestamp  # one without is refused: it needs nothing
        if timestamp is not None and identity_of(name, group, timestamp, data) not in known:
            yield Waiting(f"{key}, which is not yet received,", _named(bucket, data))


def _submit_files(bucket: ObjectStore, group: str) -> Iterable[tuple[str, bytes]]:
    found = [
        entry.key
        for entry in bucket.list(f"{group}/{layout.SUBMISSIONS}/")
        if layout.group_of(entry.key) == group and entry.size <= MOST_BYTES
    ]
    with ThreadPoolExecutor(max(1, bucket.at_once), "look") as pool:
        return list(zip(found, pool.map(bucket.get, found), strict=True))


def _named(bucket: ObjectStore, data: bytes) -> set[str]:
    """Locations that a submit file names."""
    file = read_submit_file(data).file
    return {_location(bucket, place) for place in (*file.datasets, file.config)} if file else set()


def _location(bucket: ObjectStore, place: Place) -> str:
    is_folder = "://" not in bucket.location  # which may be named like a bucket, too
    own = place.bucket is None or (is_folder and place.bucket == _name_of(bucket))
    return locate(bucket.location if own else f"s3://{place.bucket}", place.key)


def _from(bucket: ObjectStore, location: str) -> str:
    """A location that a specification names: paths of parameters may start from a folder that is a bucket."""
    if "://" in location or "://" in bucket.location:
        return location
    return os.path.normpath(Path(bucket.location, location))


def _name_of(bucket: ObjectStore) -> str:
    """What records of submissions call a bucket: by its name, or that of the folder."""
    location = bucket.location
    return urlsplit(location).netloc if "://" in location else location.rstrip("/").rpartition("/")[2]
