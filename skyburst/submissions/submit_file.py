"""The submit file: what is to be run, as a user uploads it. Pure."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any, NamedTuple

from skyburst.contracts.job import check_choices
from skyburst.contracts.refusals import INSTANCE_TYPE
from skyburst.errors import Invalid
from skyburst.objects import check_key
from skyburst.submissions.json_documents import read_json

MOST_BYTES = 1 << 20
MOST_DATASETS = 10_000
LONGEST_TIMESTAMP = 128
LONGEST_USER = 200
CHOICES = ("keep", "notify")
"""Fields that are those of job specifications, in the same words."""
FIELDS = ("dataname", "configname", "timestamp", "instance_type", "resultpath", "user", *CHOICES)
IGNORED = frozenset({"exitcode"})
"""Fields that clients of NeuroCAAS write and nothing reads."""
S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/(?P<key>.*))?\Z", re.DOTALL)


class Place(NamedTuple):
    """Where an object or a folder of objects is."""

    bucket: str | None
    """None: the bucket of the analysis, where the submit file is."""
    key: str
    """Without a slash at its end; empty for the whole bucket."""

    def __str__(self) -> str:
        return self.key if self.bucket is None else f"s3://{self.bucket}/{self.key}".rstrip("/")


class SubmitFile(NamedTuple):
    """What is to be run."""

    datasets: tuple[Place, ...]
    """At least one. Each is run by itself."""
    config: Place
    timestamp: str
    """Chosen by the client; with the bucket it names the folder of the results."""
    instance_type: str | None
    """EC2 instance type instead of the blueprint's."""
    results: Place | None
    """Folder of another bucket that gets the results."""
    choices: dict[str, Any]
    """Those fields of the job specification that the submit file has: `keep`, `notify`."""
    user: str | None = None
    """Whose submission it is, when it says so."""


class Read(NamedTuple):
    """What was found in a submit file."""

    file: SubmitFile | None
    """None when there are problems."""
    timestamp: str | None
    """Also of a file with problems, if that is none of them."""
    problems: list[str]
    """What is missing or wrong, a sentence each."""
    notes: list[str]
    """What is ignored, a sentence each."""


def read_submit_file(data: bytes) -> Read:
    """Check the bytes of a submit file; each problem names its field, the value and what was expected."""
    try:
        document = read_json(data, MOST_BYTES)
    except Invalid as error:
        return Read(None, None, [f"Submit file {error}"], [])
    if not isinstance(document, dict):
        return Read(None, None, [f"Submit file is {_shown(document)}: expected an object with {', '.join(FIELDS)}"], [])
    problems: list[str] = []
    datasets = _datasets(document, problems)
    config = _place(document, "configname", problems)
    timestamp = _timestamp(document, problems)
    instance_type = _instance_type(document, problems)
    results = _results(document, problems)
    choices = _choices(document, problems)
    user = _user(document, problems)
    notes = [_unknown(name) for name in document if name not in FIELDS and name not in IGNORED]
    if problems or config is None or timestamp is None:
        return Read(None, timestamp, problems, notes)
    file = SubmitFile(datasets, config, timestamp, instance_type, results, choices, user)
    return Read(file, timestamp, problems, notes)


def place_of(text: str) -> Place:
    """The place that a key or an `s3://` URL names.

    Raises:
        Invalid: when it is neither; the message says what it is.
    """
    bucket, key = None, text
    if "://" in text:
        found = S3.match(text)
        if found is None:
            raise Invalid("it is no URL such as s3://bucket/key")
        bucket, key = found["bucket"], found["key"] or ""
    key = key.removesuffix("/")
    if key or bucket is None:
        check_key(key)
    return Place(bucket, key)


def _datasets(document: dict[str, Any], problems: list[str]) -> tuple[Place, ...]:
    if "dataname" not in document:
        problems.append(_missing("dataname"))
        return ()
    given = document["dataname"]
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        problems.append(f"dataname is {_shown(given)}: expected the key of a dataset, or a list of them")
        return ()
    if len(names) > MOST_DATASETS:
        problems.append(f"dataname has {len(names):,} datasets: expected {MOST_DATASETS:,} at most")
        return ()
    places = []
    for number, name in enumerate(names):
        field = "dataname" if names is not given else f"dataname[{number}]"
        place = _checked(field, name, problems)
        if place is not None:
            places.append(place)
    return tuple(places)


def _place(document: dict[str, Any], field: str, problems: list[str]) -> Place | None:
    if field not in document:
        problems.append(_missing(field))
        return None
    if not isinstance(document[field], str):
        problems.append(f"{field} is {_shown(document[field])}: expected the key of a file, as text")
        return None
    return _checked(field, document[field], problems)


def _checked(field: str, text: str, problems: list[str]) -> Place | None:
    try:
        place = place_of(text)
    except Invalid as error:
        problems.append(f"{field} is {_shown(text)}: expected a key of this bucket, such as GROUP/inputs/NAME, or a URL "
                        f"such as s3://bucket/key: {error}")  # fmt: skip
        return None
    if not place.key:
        problems.append(f"{field} is {_shown(text)}: expected a key in the bucket too, such as s3://bucket/key")
        return None
    return place


def _timestamp(document: dict[str, Any], problems: list[str]) -> str | None:
    if "timestamp" not in document:
        problems.append(_missing("timestamp"))
        return None
    given = document["timestamp"]
    text = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    reason = "text, or a whole number"
    if isinstance(text, str):
        if text and len(text) <= LONGEST_TIMESTAMP and "/" not in text:
            try:
                check_key(text)
                return text
            except Invalid as error:
                reason = f"text that can name a folder: {error}"
        else:
            reason = f"text of 1 to {LONGEST_TIMESTAMP} characters, without '/': it names the folder of the results"
    problems.append(f"timestamp is {_shown(given)}: expected {reason}")
    return None


def _instance_type(document: dict[str, Any], problems: list[str]) -> str | None:
    given = document.get("instance_type")
    if given is None or (isinstance(given, str) and re.match(INSTANCE_TYPE, given)):
        return given
    problems.append(f"instance_type is {_shown(given)}: expected an EC2 instance type, such as m5.4xlarge")
    return None


def _results(document: dict[str, Any], problems: list[str]) -> Place | None:
    given = document.get("resultpath")
    if given is None:
        return None
    if isinstance(given, str) and given.startswith("s3://"):
        try:
            return place_of(given)
        except Invalid as error:
            problems.append(f"resultpath is {_shown(given)}: {error}")
            return None
    problems.append(f"resultpath is {_shown(given)}: expected a URL such as s3://bucket/prefix")
    return None


def _user(document: dict[str, Any], problems: list[str]) -> str | None:
    given = document.get("user")
    if given is None or (isinstance(given, str) and 0 < len(given) <= LONGEST_USER):
        return given
    problems.append(f"user is {_shown(given)}: expected the name of a user, text of 1 to {LONGEST_USER} characters")
    return None


def _choices(document: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """What a job specification says in the same words; null is as good as nothing."""
    choices = {}
    for name in CHOICES:
        if document.get(name) is None:
            continue
        try:
            check_choices({name: document[name]})
        except Invalid as error:
            problems.append(str(error))
        else:
            choices[name] = document[name]
    return choices


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the fields are {', '.join(FIELDS)}"
    return f"field {name[:80]!r} of the submit file is not known and is ignored; {hint}"


def _missing(field: str) -> str:
    return f"Submit file does not contain field {field!r}, needed to analyze data."


def _shown(value: Any) -> str:
    return json.dumps(value)[:200]
