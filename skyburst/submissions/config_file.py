"""The config of a submission: parameters of the analysis, with what it says of the machine and of ensembles. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from skyburst.contracts import values
from skyburst.contracts.parameters import Declared, check_given
from skyburst.errors import InvalidJob, InvalidSubmission
from skyburst.submissions.json_documents import read_json, read_yaml

MOST_BYTES = 1 << 20
DURATION, DATASET_SIZE = "__duration__", "__dataset_size__"
LONGEST_MIN = 20_160
"""Minutes: 14 days."""
MOST_GB = 16_384
ENSEMBLE_SIZE, MODE, JOB_NUMBER = "ensemble_size", "mode", "jobnb"
MOST_IN_ENSEMBLE = 1_000
READERS: dict[str, Callable[[bytes, int], Any]] = {".json": read_json, ".yaml": read_yaml, ".yml": read_yaml}


class Config(NamedTuple):
    """What a config says."""

    document: dict[str, Any]
    """All of it, as JSON."""
    duration_min: float | None
    """Minutes that each dataset is expected to take at most."""
    dataset_gb: int | None
    """GB of disk that each dataset needs."""
    ensemble: int | None
    """Configs to be made of it, each with its number; None when it is none of an ensemble to be trained."""

    def parameters(self, declared: Declared | None) -> dict[str, Any]:
        """What is for the analysis: all but what is for the machine, and for ensembles unless the analysis declares it."""
        own = {DURATION, DATASET_SIZE}
        if declared is not None and self.ensemble is not None:
            own |= {ENSEMBLE_SIZE, MODE, JOB_NUMBER} - declared.keys()
        return {name: value for name, value in self.document.items() if name not in own}


def check_config(data: bytes, name: str, declared: Declared, most: int = MOST_BYTES) -> None:
    """Check a config file that a command gets, wherever it is named: that its parameters are declared ones, with such values.

    One in a format that submissions do not have is not looked into: it is the command's own.

    Args:
        data: its bytes.
        name: of the file, whose end says what it is.
        declared: parameters of the analysis.
        most: bytes that it may have.

    Raises:
        Invalid: naming the file, the field, its value and what was expected.
    """
    if PurePosixPath(name).suffix not in READERS:
        return
    try:
        check_given(declared, read_config(data, name, most).parameters(declared))
    except InvalidJob as error:
        raise InvalidJob(f"config file {name}: {error}") from error


def read_config(data: bytes, name: str, most: int = MOST_BYTES) -> Config:
    """Check a config.

    Args:
        data: its bytes.
        name: its key, whose end says what it is.
        most: bytes that it may have.

    Raises:
        InvalidSubmission: naming the file, the field, its value and what was expected.
    """
    end = PurePosixPath(name).suffix
    if end not in READERS:
        raise InvalidSubmission(f"configname is {name!r}: expected the name of a .json, .yaml or .yml file")
    try:
        document = READERS[end](data, most)
    except InvalidSubmission as error:
        raise InvalidSubmission(f"config file {name} {error}") from error
    if document is None and end != ".json":  # YAML without a line but comments
        document = {}
    if not isinstance(document, dict):
        raise InvalidSubmission(
            f"config file {name} is {json.dumps(document)[:100]}: expected parameters by name, such as `threshold: 0.5`"
        )
    try:
        return Config(document, _duration(document), _dataset_gb(document), _ensemble(document))
    except InvalidSubmission as error:
        raise InvalidSubmission(f"config file {name}: {error}") from error


def ensemble_configs(config: Config, job_name: str) -> list[tuple[str, bytes]]:
    """Name and content of each config of an ensemble; their numbers start at 1."""
    return [
        (f"{job_name}inst{number}config.json", values.encode({**config.document, JOB_NUMBER: number}))
        for number in range(1, (config.ensemble or 0) + 1)
    ]


def _duration(document: Mapping[str, Any]) -> float | None:
    given = document.get(DURATION)
    if given is None:
        return None
    if not _is_number(given) or not 0 < given <= LONGEST_MIN:
        raise InvalidSubmission(
            f"{DURATION} is {json.dumps(given)[:100]}: expected the minutes that a dataset takes at most, more than 0, "
            f"{LONGEST_MIN:,} at most"
        )
    return float(given)


def _dataset_gb(document: Mapping[str, Any]) -> int | None:
    given = document.get(DATASET_SIZE)
    if given is None:
        return None
    if not _is_number(given) or not 0 <= given <= MOST_GB:
        raise InvalidSubmission(
            f"{DATASET_SIZE} is {json.dumps(given)[:100]}: expected the GB of a dataset, from 0, {MOST_GB:,} at most"
        )
    rounded: int = math.ceil(given)
    return rounded


def _ensemble(document: Mapping[str, Any]) -> int | None:
    given: Any = document.get(ENSEMBLE_SIZE)
    if given is None or document.get(MODE) == "predict":
        return None
    if document.get(MODE) not in (None, "train"):
        raise InvalidSubmission(
            f'{MODE} is {json.dumps(document[MODE])[:100]}: expected "train" or "predict", as there is {ENSEMBLE_SIZE}'
        )
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= MOST_IN_ENSEMBLE:
        raise InvalidSubmission(
            f"{ENSEMBLE_SIZE} is {json.dumps(given)[:100]}: expected a whole number from 1 to {MOST_IN_ENSEMBLE:,}"
        )
    return int(given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
