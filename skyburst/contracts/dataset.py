"""Datasets: the items of an analysis that is a command, what its command finds around it, and what it leaves.

Everything that has a name in the contract of an environment has it here, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from skyburst.errors import InvalidItems

FIELDS = ("data", "name", "config", "config_file")
UNNAMEABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff/\\\\]")
LONGEST_NAME = 200

INPUTS = "SKYBURST_INPUTS"
"""Folder of the data."""
CONFIG = "SKYBURST_CONFIG"
"""The config file."""
RESULTS = "SKYBURST_RESULTS"
"""Folder of which everything is delivered."""
LOGS = "SKYBURST_LOGS"
"""Folder for logs of the command's own, which are delivered beside the results."""
ANALYSIS = "SKYBURST_ANALYSIS"
"""The analysis' folder."""
JOB = "SKYBURST_JOB"
DATASET = "SKYBURST_DATASET"
"""The dataset's name."""
NUMBER = "SKYBURST_DATASET_NUMBER"
ATTEMPT = "SKYBURST_ATTEMPT"
VCPUS = "SKYBURST_VCPUS"
MEMORY_MB = "SKYBURST_MEMORY_MB"
GPUS = "SKYBURST_GPUS"
TIMEOUT_S = "SKYBURST_TIMEOUT_S"
BIN = "SKYBURST_BIN"
"""Folder of the programs that are on the command's PATH."""

MESSAGES = ".messages.jsonl"
"""In the folder of logs: what the command says to the engine, objects of JSON, one a line, `{"log": text}` or
`{"progress": fraction}`."""
ABOUT = ".about.json"
"""Beside the config file, for helpers: `{"values", "data", "config_file", "group", "analysis"}`, the config's values as JSON
whatever its format is, or null when they cannot be read."""
CONFIG_NAME = "config.json"
"""Name of the config file when it is made of parameters."""

FOLDER = "datasets/"
STATUS = "status.json"
LOG = "log.jsonl"
DELIVERED = "results/"
DELIVERED_LOGS = "logs/"
ALL = "datasets.json"
"""Result file with all that is known of each dataset."""
TABLE = "datasets.csv"
"""Result file with a line for each dataset."""


class DatasetState(StrEnum):
    """Where a dataset is in its life."""

    PENDING = "PENDING"
    """Its environment was not started yet, or it waits for another attempt."""
    RUNNING = "RUNNING"
    """Its data is fetched, its command runs, or its results are delivered."""
    SUCCEEDED = "SUCCEEDED"
    """Its command ended with exit code 0 and its results are delivered."""
    FAILED = "FAILED"
    """Its command ended otherwise, or could not be run."""
    TIMED_OUT = "TIMED_OUT"
    """It was ended because its time was over."""
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    """It was ended because its processes took more memory than it has."""
    CANCELLED = "CANCELLED"
    """It was ended because its job was."""

    @property
    def finished(self) -> bool:
        """True when nothing more happens to it unless the job is resumed."""
        return self not in (DatasetState.PENDING, DatasetState.RUNNING)


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset of a job."""

    number: int
    """From 0, in the order of the items."""
    name: str
    """For people, and for the folder that its results are copied to."""
    data: tuple[str, ...]
    """Paths or URLs of its files and folders. Of a folder that ends with `/`, the files themselves are put among the inputs,
    else the folder."""
    config: dict[str, Any] = field(default_factory=dict)
    """Parameters that differ from those of the job."""
    config_file: str | None = None
    """Path or URL of the config file that is handed over byte for byte; then parameters are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the environments of a job are and have: from the blueprint, the job's wishes and the machine."""

    command: list[str]
    folder: str
    """The folder of the analysis' code, where the command's files are."""
    timeout_s: float
    """Seconds until one attempt is ended, from when its data is fetched on."""
    memory_mb: int
    """MiB that all its processes may have together."""
    vcpus: int = 1
    gpus: list[str] = field(default_factory=list)
    """The GPUs that it may see, as CUDA_VISIBLE_DEVICES names them."""
    gpus_wanted: int = 0
    """GPUs that the blueprint asks for, which may be more than there are."""
    image: str | None = None
    """Container image; None where the command runs as it is, as it does where the machine itself runs that image."""
    variables: dict[str, str] = field(default_factory=dict)
    instance: str | dict[str, Any] | None = None
    """Type of the machine, if it has one, or `{"type", "id", "zone", "spot"}`."""
    machine: str | None = None
    """What it runs in and on, in words, where that was made for it; None where it is the machine of whoever runs it."""
    analysis: str = ""
    """Name of the analysis."""
    group: str | None = None
    """Who pays."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Setup:
        """What `document` described."""
        return cls(**document)


def parse_dataset(item: Any, number: int) -> Dataset:
    """An item of an analysis that is a command.

    Args:
        item: a path or URL, or `{"data": text or list of texts, "name"?, "config"?: object, "config_file"?: path or URL}`.
        number: of the item in its job.

    Raises:
        InvalidItems: naming the item, the field and what was expected.
    """
    where = f"items[{number}]"
    if isinstance(item, str):
        item = {"data": item}
    if not isinstance(item, dict):
        raise InvalidItems(
            f"{where} is {_short(item)}: expected a dataset, which is the path or URL of its data, or "
            '{"data": path, URL or list of them, "name": text, "config": {parameters}, "config_file": path or URL}'
        )
    for key in item:
        if key not in FIELDS:
            raise InvalidItems(
                f"{where}.{key}: a dataset has no such field; its fields are {', '.join(FIELDS)}, and parameters that differ "
                "for it are in its config"
            )
    data = _data(item.get("data", []), where)
    config, config_file = item.get("config", {}), item.get("config_file")
    if not isinstance(config, dict):
        raise InvalidItems(f"{where}.config is {_short(config)}: expected an object of parameters by name")
    if config_file is not None and (not isinstance(config_file, str) or not config_file):
        raise InvalidItems(f"{where}.config_file is {_short(config_file)}: expected the path or URL of a config file")
    if config and config_file:
        raise InvalidItems(
            f"{where} has both a config and a config_file: a config file is handed over as it is, so keep one"
        )
    return Dataset(number, _name(item.get("name"), data, where), data, config, config_file)


def not_delivered(status: Mapping[str, Any]) -> list[str]:
    """What of a dataset was not delivered and why, for people: a sentence each.

    Args:
        status: as its environment told it.
    """
    return [
        f"{entry.get('folder', 'results')}/{entry['name']}: {entry['reason']}" for entry in status.get("refused") or []
    ]


def dataset_prefix(prefix: str, number: int) -> str:
    """Start of the keys of what one dataset leaves, from the key prefix of its job."""
    return f"{prefix}{FOLDER}{number:08d}/"


def base_name(location: str) -> str:
    """The last part of a path or URL: without what a query adds to it."""
    path = location.partition("://")[2].partition("?")[0] if "://" in location else location
    return path.rstrip("/").rpartition("/")[2]


def _data(given: Any, where: str) -> tuple[str, ...]:
    data = [given] if isinstance(given, str) else given
    if not isinstance(data, list) or not all(isinstance(entry, str) for entry in data):
        raise InvalidItems(f"{where}.data is {_short(given)}: expected a path or URL, or a list of them")
    for entry in data:
        if not entry or "\0" in entry:
            raise InvalidItems(f"{where}.data has {entry!r}: expected a path or URL")
    names = [base_name(entry) for entry in data]
    apart = [name for entry, name in zip(data, names, strict=True) if not entry.endswith("/")]
    for entry, name in zip(data, names, strict=True):
        if name in ("", ".", ".."):
            raise InvalidItems(
                f"{where}.data has {entry!r}, which has no name of its own: give the path of a file or folder"
            )
        if apart.count(name) > 1:
            raise InvalidItems(
                f"{where}.data has {apart.count(name)} files or folders with the name {name!r}, which would be in one place: "
                "rename one, or give the folder that they are in"
            )
    return tuple(data)


def _name(given: Any, data: tuple[str, ...], where: str) -> str:
    if given is None:
        if not data:
            raise InvalidItems(f"{where} has neither data nor a name: give one of them")
        given = UNNAMEABLE.sub("_", base_name(data[0]))[:LONGEST_NAME]
    fits = isinstance(given, str) and 0 < len(given) <= LONGEST_NAME and not UNNAMEABLE.search(given)
    if not fits or given in (".", ".."):
        raise InvalidItems(
            f"{where}.name is {_short(given)}: expected text without / and control characters, at most {LONGEST_NAME} characters"
        )
    return str(given)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}..."
