"""Where everything of a submission is: the keys in an analysis' bucket, which is a bucket of S3 or a folder. Pure.

{group}/inputs/...                        data
{group}/configs/...                       configs
{group}/submissions/*submit.json          what starts a job
{group}/results/job__{bucket}_{timestamp}/       of what follows it: job__{analysis}_{timestamp}
    logs/certificate.txt                  how the job came about, and how each dataset is
    logs/DATASET_NAME:{name}_STATUS.txt   one for each dataset
    process_results/...                   outputs, the config, update.txt, end.txt
logs/active/{environment}.json            environments that run or are to run, one for each dataset
logs/{group}/{environment}.json           those that have ended
logs/submissions/{group}/{job name}.json  the engine's own record
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from skyburst.contracts.blueprint import OWN
from skyburst.contracts.refusals import GROUP

SUFFIX = "submit.json"
INPUTS, CONFIGS, SUBMISSIONS, RESULTS, LOGS = "inputs", "configs", "submissions", "results", "logs"
GROUP_FOLDERS = (INPUTS, CONFIGS, SUBMISSIONS, RESULTS)
ACTIVE = f"{LOGS}/active"
RECORDS = f"{LOGS}/{SUBMISSIONS}"
RESERVED = frozenset({"active", "debug_direct", LOGS, SUBMISSIONS, *OWN})
"""What no group can be called: there would be no telling its folders from the bucket's own, or from those of the deployment."""
END, UPDATE = "end.txt", "update.txt"
END_TEXT = b"end of analysis marker"
UPDATE_TEXT = b"update results."
"""The first line, and the only one unless something follows."""
UNNAMEABLE = re.compile(r"[/\\\x00-\x1f\x7f]")
LONGEST_FOLLOWING = 150
"""Bytes: the names of files have 255 at most."""
ENVIRONMENT_DIGITS = 17
"""As many as ids of instances have."""


class JobFolder(NamedTuple):
    """The folder of a job's logs and results."""

    prefix: str
    """Key of the folder, without a slash at its end."""

    @property
    def certificate(self) -> str:
        """Key of the certificate."""
        return f"{self.prefix}/{LOGS}/certificate.txt"

    def status(self, name: str) -> str:
        """Key of the status of a dataset, by its name."""
        return f"{self.prefix}/{LOGS}/DATASET_NAME:{name}_STATUS.txt"

    def log(self, dataset: str, name: str) -> str:
        """Key of a log that the command of a dataset wrote itself."""
        return f"{self.prefix}/{LOGS}/DATASET_NAME:{dataset}_LOGS/{name}"

    def result(self, name: str) -> str:
        """Key of an output."""
        return f"{self.prefix}/process_results/{name}"

    @property
    def end(self) -> str:
        """Key of the object that says that nothing more happens."""
        return self.result(END)

    @property
    def update(self) -> str:
        """Key of the object that each dataset that has ended writes anew."""
        return self.result(UPDATE)


def update_text(refused: Iterable[tuple[str, Sequence[str]]]) -> bytes:
    """Content of `update.txt`: what clients know, and below it what was not delivered so far.

    Args:
        refused: names of datasets, each with what of it was not delivered and why.
    """
    lines = [f"not delivered: {name}: {' '.join(said.splitlines())}" for name, entries in refused for said in entries]
    return b"\n".join([UPDATE_TEXT, *(line.encode() for line in lines)])


def group_of(key: str) -> str | None:
    """The group whose submission a key is; None when it is no submission."""
    group, _, rest = key.partition("/")
    if not rest.startswith(f"{SUBMISSIONS}/") or not rest.endswith(SUFFIX):
        return None
    hidden = any(part.startswith(".") for part in rest.split("/"))  # of synchronizing and copying programs
    return None if hidden or not is_group(group) else group


def is_for_submissions(key: str) -> bool:
    """Whether what is below a key, or has it, may be taken for a submission of a group."""
    return key.split("/")[1:2] == [SUBMISSIONS]


def is_group(name: str) -> bool:
    """Whether a group can be called so."""
    return bool(re.match(GROUP, name)) and name not in RESERVED


def job_name(bucket: str, timestamp: str, number: int = 1) -> str:
    """Name of the folder of a job's results.

    Args:
        bucket: name of the analysis' bucket.
        timestamp: of the submit file, or `upload_timestamp`.
        number: 2 and up when others of the same timestamp have the names before.
    """
    return f"job__{bucket}_{timestamp}" + (f"_{number}" if number > 1 else "")


def upload_timestamp(uploaded_at: float) -> str:
    """Timestamp of a submission that has none, from when it was uploaded, in seconds since the epoch."""
    return datetime.fromtimestamp(uploaded_at, UTC).strftime("%Y%m%d_%H%M%S")


def following_config(name: str, key: str) -> str:
    """Name of the config of a job that follows a submission, by the submission's folder and the key of what follows."""
    return f"{name}next{key}config.json"


def following_timestamp(timestamp: str, dataset: str | None) -> str:
    """Timestamp of a job that follows a submission, or one dataset of it, as it is part of the name of a folder."""
    if dataset is None or timestamp.endswith(f"_{dataset}"):
        return timestamp
    cut = f"{timestamp}_{dataset}".encode(errors="replace")[:LONGEST_FOLLOWING].decode(errors="ignore")
    return UNNAMEABLE.sub("_", cut)


def record_key(group: str, name: str) -> str:
    """Key of the record of a submission, by the name of its job."""
    return f"{RECORDS}/{group}/{name}.json"


def status_names(keys: Sequence[str]) -> list[str]:
    """Names of datasets from their keys, no two of them the same.

    The first dataset of a base name has that name. The others of it have `-2`, `-3` and so on behind it, with the numbers left
    out that would make it the name of another dataset.
    """
    bases = [PurePosixPath(key).name for key in keys]
    taken = set(bases)
    seen: set[str] = set()
    last: dict[str, int] = {}
    names = []
    for base in bases:
        name = base
        if base in seen:
            number = last.get(base, 1) + 1
            while (name := f"{base}-{number}") in taken:
                number += 1
            last[base] = number
            taken.add(name)
        seen.add(base)
        names.append(name)
    return names


def is_hidden(key: str) -> bool:
    """Whether a file is one that systems leave behind, such as .DS_Store: its name starts with a dot."""
    return PurePosixPath(key).name.startswith(".")


def environment_ids(identity: str, datasets: int) -> Iterator[str]:
    """An id for the environment of each dataset of a submission, in the form that ids of instances have."""
    for number in range(datasets):
        digest = hashlib.sha256(f"{identity}/{number}".encode()).hexdigest()
        yield f"i-{digest[:ENVIRONMENT_DIGITS]}"
