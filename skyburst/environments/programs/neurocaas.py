"""The names that NeuroCAAS gives to the data, config and results of a dataset, and where these are in an environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING or __package__:
    from skyburst.environments.programs import env
else:  # run as a file, beside the others
    import env

REGISTRATION = ".registration.json"
"""Beside the config file: what a script registered, and where it had things copied to."""
NO_GROUP = "local"
LOGS = "logs"
PROCESSED = "process_results"


class Names(NamedTuple):
    """What NeuroCAAS calls things."""

    bucket: str
    """The one that the data is in; else the name of the analysis, as its buckets were called."""
    group: str
    dataname: str
    """The name of the data's first file or folder."""
    inputpath: str
    """Its key."""
    configname: str
    configpath: str
    """Its key."""
    resultdir: str
    """`results/job__ANALYSIS_JOB`, relative to the group."""

    @property
    def processdir(self) -> str:
        """Where results go, relative to the group."""
        return f"{self.resultdir}/{PROCESSED}"

    @property
    def result_url(self) -> str:
        """URL of the folder of the job."""
        return f"s3://{self.bucket}/{self.group}/{self.resultdir}"


def names_of(about: dict[str, Any], config: Path, job: str) -> Names:
    """The names, from what the engine left beside the config file. Pure."""
    data = about["data"][0] if about["data"] else ""
    bucket, key = _bucket_and_key(data)
    _, config_key = _bucket_and_key(about["config_file"] or "")
    before = key.partition("/inputs/")[0] if "/inputs/" in key else ""
    group = about["group"] or before or NO_GROUP
    name = data.rstrip("/").rpartition("/")[2]
    return Names(
        bucket or about["analysis"],
        group,
        name,
        key or f"{group}/inputs/{name}",
        config.name,
        config_key or f"{group}/configs/{config.name}",
        f"results/job__{about['analysis']}_{job}",
    )


def these_names() -> Names:
    """The names in this environment."""
    config = Path(env.variable("SKYBURST_CONFIG"))
    beside = config.parent / env.ABOUT
    if not beside.is_file():
        raise env.Unusable(f"there is no {beside}: this works in environments of skyburst")
    return names_of(json.loads(beside.read_text(encoding="utf-8")), config, env.variable("SKYBURST_JOB"))


def place_of(url: str, names: Names) -> Path | None:
    """Where what a URL names is in this environment: the data, the config, or a place among results or logs."""
    places = (
        (f"s3://{names.bucket}/{names.inputpath}", Path(env.variable("SKYBURST_INPUTS")) / names.dataname),
        (f"s3://{names.bucket}/{names.configpath}", Path(env.variable("SKYBURST_CONFIG"))),
        (f"{names.result_url}/{LOGS}", Path(env.variable("SKYBURST_LOGS"))),
        (f"{names.result_url}/{PROCESSED}", Path(env.variable("SKYBURST_RESULTS"))),
        (names.result_url, Path(env.variable("SKYBURST_RESULTS"))),
    )
    for start, place in places:
        below = url[len(start) :].strip("/")
        if url.startswith(start) and (len(url) == len(start) or url[len(start)] == "/"):
            if ".." in below.split("/"):
                raise env.Unusable(f"{url} leads out of {start}")
            return place / below if below else place
    return None


def registered() -> dict[str, Any]:
    """What was registered so far."""
    path = _registration()
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def register(kind: str, **fields: Any) -> None:
    """Note something."""
    found = registered()
    found[kind] = {**found.get(kind, {}), **fields}
    path = _registration()
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(json.dumps(found), encoding="utf-8")
    new.replace(path)


def _registration() -> Path:
    return Path(env.variable("SKYBURST_CONFIG")).parent / REGISTRATION


def _bucket_and_key(location: str) -> tuple[str, str]:
    if not location.startswith("s3://"):
        return "", ""
    bucket, _, key = location[len("s3://") :].rstrip("/").partition("/")
    return bucket, key
