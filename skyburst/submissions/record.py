"""The engine's own record of a submission: all that is needed to go on with it, wherever what worked on it was ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import count
from typing import Any

import msgspec

from skyburst.errors import ObjectNotFound, StorageError, SubmissionNotFound
from skyburst.objects import ObjectStore
from skyburst.submissions import layout
from skyburst.submissions.certificate_text import Line

MOST_NUMBERED = 100
"""Submissions of one timestamp whose folders are told apart by numbers; each number that is taken costs two requests."""
DIGITS = 16
"""Of the digest that tells the others apart."""


class SubmissionState(StrEnum):
    """Where a submission is in its life."""

    RECEIVED = "RECEIVED"
    """It has its folder; it is being checked."""
    REFUSED = "REFUSED"
    """It cannot be run, and its certificate says why."""
    QUEUED = "QUEUED"
    """It is right, and waits for room."""
    STARTED = "STARTED"
    """It has a job."""
    ENDED = "ENDED"
    """Its job has ended, and everything is delivered."""

    @property
    def over(self) -> bool:
        """True when nothing more happens."""
        return self in (SubmissionState.REFUSED, SubmissionState.ENDED)


class Dataset(msgspec.Struct, kw_only=True):
    """One dataset of a submission, which is one item of its job, under the same number."""

    dataname: str
    """What the submit file calls it."""
    name: str
    """What its status is called by; no other dataset has it."""
    config: str
    """What its config is called: a key, or a URL."""
    environment: str
    """Id of its environment in the certificate and in records of activity."""
    outputs: dict[str, str] = {}
    """Keys under process_results by the names that its command gave them, from when it ended."""
    over: bool = False
    """Whether it has ended and its outputs are delivered."""
    refused: list[str] = []
    """What of it was not delivered and why, from when it ended."""
    status: str = "INITIALIZING"
    last: str = ""
    """Its last line of output, when it is over."""
    cpu: str | None = None
    at: float = 0.0
    """When its status was that, seconds since the epoch."""


class Followed(msgspec.Struct, kw_only=True):
    """What follows a submission, as `[[next]]` of its blueprint says."""

    analysis: str
    dataset: str | None = None
    """Name of the dataset that it follows; None when it follows all of them."""
    job: str | None = None
    """Id of the job that was started; None when none could be."""
    name: str | None = None
    """Of the job's folder, beside that of the submission."""
    reason: str = ""
    """Why no job could be started."""

    @property
    def text(self) -> str:
        """A sentence for the submitter."""
        of = f" dataset {self.dataset}" if self.dataset is not None else ""
        if self.job is None:
            return f"{self.analysis} does not follow{of}: {self.reason}"
        return f"{self.analysis} follows{of}: job {self.job}, results in {self.name}"


class Record(msgspec.Struct, kw_only=True):
    """What is known of a submission, or of a job that follows one."""

    identity: str
    """Digest of what was submitted: the same twice is one submission."""
    bucket: str
    """Name of the analysis' bucket."""
    analysis: str
    group: str
    key: str
    """Of the submit file."""
    uploaded_at: float
    """Seconds since the epoch, as all times."""
    name: str
    """Of its job's folder."""
    timestamp: str
    received_at: float
    content: bytes = b""
    """Of the submit file, until it is checked: clients put the next one over it."""
    state: SubmissionState = SubmissionState.RECEIVED
    reason: str = ""
    """Why it is in this state, one sentence."""
    results: str | None = None
    """URL of the folder in another bucket that gets the results, when the submit file names one."""
    lines: list[Line] = []
    """The setup log."""
    specification: dict[str, Any] | None = None
    """Of the job, once it is checked."""
    datasets: list[Dataset] = []
    job_id: str | None = None
    instance_type: str | None = None
    spot: bool = False
    price: float | None = None
    """USD an hour for each environment, when it is known."""
    ended_at: float | None = None
    outcome: str = ""
    """State of the job when it ended."""
    run: int | None = None
    """Number of the job's run that was looked at last."""
    resumed_at: float | None = None
    """When it was seen that its job had been resumed after the end."""
    resumed_run: int | None = None
    """Number of the run whose beginning was told, when that is how it was seen."""
    follows: str = ""
    """Name of the submission that it follows; empty for one that was uploaded."""
    followed: dict[str, Followed] = {}
    """What follows it, by the keys that the job's own objects have for it."""
    trouble: str = ""
    """Why it could not be looked at the last time; empty when it could."""

    @property
    def folder(self) -> layout.JobFolder:
        """The folder in the group's own results."""
        return layout.JobFolder(f"{self.group}/{layout.RESULTS}/{self.name}")

    @property
    def jobpath(self) -> str:
        """Key or URL of the folder that gets the results."""
        return self.folder.prefix if self.results is None else f"{self.results}/{self.name}"

    def log(self, text: str, now: float) -> None:
        """Add a line to the setup log."""
        self.lines.append(Line(text, max(0.0, now - self.received_at)))


def identity_of(bucket: str, group: str, timestamp: str, data: bytes) -> str:
    """Digest of what was submitted.

    Args:
        bucket: name of the analysis' bucket.
        group: who submitted it.
        timestamp: that of the submit file, or of its upload when it has none.
        data: content of the submit file.
    """
    digest = hashlib.sha256()
    for part in (bucket.encode(), group.encode(), timestamp.encode(errors="surrogatepass"), data):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


class Records:
    """The records of the submissions of a bucket, which are objects in it."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def claim(self, record: Record) -> Record:
        """Take a name that no other submission has, and store the record under it; or find the same submission's record.

        A submission that was refused, and that is uploaded once more as it was, is another one: what it lacked may be there now.

        Args:
            record: as it was received, with the timestamp; its name is set here.

        Returns:
            The record as it is stored.
        """
        names = self._names(record)
        while True:
            record.name = next(names)
            if self._objects.put_new(layout.record_key(record.group, record.name), msgspec.json.encode(record)):
                return record
            found = self.get(record.group, record.name)
            again = found.state is SubmissionState.REFUSED and record.uploaded_at > found.uploaded_at
            if found.identity == record.identity and not again:
                return found

    def _names(self, record: Record) -> Iterator[str]:
        """Names that a submission may have, in the order in which they are tried; they do not end.

        After the numbers come digests of what was submitted, which only the same has that was refused before.
        """
        start = record.analysis if record.follows else record.bucket
        for number in range(1, MOST_NUMBERED + 1):
            yield layout.job_name(start, record.timestamp, number)
        for attempt in count(1):
            digest = hashlib.sha256(f"{record.identity}/{attempt}".encode()).hexdigest()[:DIGITS]
            yield f"{layout.job_name(start, record.timestamp)}_{digest}"

    def put(self, record: Record) -> None:
        """Store a record over the one before."""
        self._objects.put(layout.record_key(record.group, record.name), msgspec.json.encode(record))

    def get(self, group: str, name: str) -> Record:
        """The record of the name of a job's folder. Raises SubmissionNotFound."""
        try:
            return self._read(layout.record_key(group, name))
        except ObjectNotFound as error:
            raise SubmissionNotFound(
                f"there is no submission {name!r} of group {group!r} in {self._objects.location}"
            ) from error

    def all(self, group: str | None = None) -> Iterator[Record]:
        """Records of all submissions, or of those of a group, oldest first."""
        prefix = f"{layout.RECORDS}/{group}/" if group else f"{layout.RECORDS}/"
        keys = [entry.key for entry in self._objects.list(prefix) if entry.key.endswith(".json")]
        with ThreadPoolExecutor(max(1, self._objects.at_once), "records") as pool:
            found = list(pool.map(self._read, keys))
        yield from sorted(found, key=lambda record: (record.received_at, record.name))

    def _read(self, key: str) -> Record:
        """Raises ObjectNotFound, and StorageError when what is there is no record."""
        data = self._objects.get(key)
        try:
            return msgspec.json.decode(data, type=Record)
        except msgspec.DecodeError as error:
            raise StorageError(
                f"{key} in {self._objects.location} is no record of a submission any more: {error}; remove it, and submit again"
            ) from error
