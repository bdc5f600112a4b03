"""From a submit file to a job: everything that can be known before anything starts is checked here."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from skyburst.contracts.blueprint import Blueprint, EnvironmentSection
from skyburst.contracts.job import JobSpec, parse_job
from skyburst.contracts.parameters import resolve
from skyburst.engine.compute import choose
from skyburst.errors import Invalid, InvalidSubmission, ObjectNotFound, SkyburstError
from skyburst.folders import is_junk
from skyburst.objects import ObjectStore, locate, open_store
from skyburst.submissions import config_file, layout
from skyburst.submissions.config_file import Config, ensemble_configs, read_config
from skyburst.submissions.locations import NOT_READ, check_locations
from skyburst.submissions.record import Dataset
from skyburst.submissions.submit_file import Place, SubmitFile

SYSTEM_GB = 8
"""GB of a disk that are not for data: a disk of the blueprint's size holds datasets that are smaller by this."""
NEED_NOT_SUCCEED = 100
"""Percent: datasets have nothing to do with each other, and each is run whatever becomes of the others."""


class Offer(NamedTuple):
    """An analysis that submissions run."""

    analysis: str
    """What job specifications call it: a name, or the path of its folder."""
    blueprint: Blueprint
    version: str
    """Digest of its code, for the certificate."""


def _bucket(name: str) -> ObjectStore:
    return open_store(f"s3://{name}")


@dataclass
class Bucket:
    """The bucket of an analysis: a bucket of S3, or a folder that is like one."""

    name: str
    objects: ObjectStore
    offer: Offer
    others: frozenset[str] = frozenset()
    """Names of the buckets of other analyses: in each, groups have their own keys only."""
    closed: frozenset[str] = frozenset()
    """Names of those of them that the functions of this analysis may not read."""
    open_bucket: Callable[[str], ObjectStore] = field(default=_bucket)
    """Opens a bucket that a submit file names."""

    def store(self, place: Place) -> ObjectStore:
        """The store of a place."""
        return self.objects if place.bucket in (None, self.name) else self.open_bucket(str(place.bucket))

    def belongs(self, place: Place, group: str) -> bool:
        """Whether a group may name a place: in buckets that groups share, only what is its own."""
        return not self.shares(place) or place.key.startswith(f"{group}/") or place.key == group

    def shares(self, place: Place) -> bool:
        """Whether a place is in a bucket that groups share."""
        return place.bucket in (None, self.name) or place.bucket in self.others

    def path(self, place: Place) -> Path | None:
        """Where a place of a bucket that is a folder is on this machine."""
        location = self.store(place).location
        return None if "://" in location else Path(location, place.key)


class Checked(NamedTuple):
    """A submission that can be run."""

    spec: JobSpec
    datasets: list[Dataset]
    left_out: list[str]
    """Hidden files that were named as datasets."""
    config: Config
    made: list[tuple[Place, bytes]]
    """Configs of an ensemble, which are to be stored before the job starts."""


def existing(bucket: Bucket, group: str, file: SubmitFile) -> tuple[list[Place], list[str]]:
    """The datasets of a submission, each of which is there, and the hidden files that are left out.

    Raises:
        InvalidSubmission: naming what is not there, or not the group's.
    """
    kept = [place for place in file.datasets if not layout.is_hidden(place.key)]
    left_out = [str(place) for place in file.datasets if layout.is_hidden(place.key)]
    if not kept:
        raise InvalidSubmission(f"dataname has hidden files only, such as {left_out[0]}: name a dataset")
    for place in kept:
        _check_read(bucket, group, "dataname", place)
        _check_path(bucket, group, "dataname", place)
        if not _is_there(bucket, place):
            raise InvalidSubmission(
                f"S3 Bucket does not contain {place}: dataname has to be the full key of a file or a folder"
            )
    return kept, left_out


def accept(bucket: Bucket, group: str, file: SubmitFile, name: str, identity: str) -> Checked:
    """Check a submission and make a job specification of it.

    Args:
        bucket: of the analysis.
        group: whose submission it is.
        file: what was submitted.
        name: of the job's folder.
        identity: of the submission; a job of the same one is the same job.

    Raises:
        InvalidSubmission: naming the field, its value and what was expected.
    """
    data, left_out = existing(bucket, group, file)
    config = _config(bucket, group, file.config)
    blueprint = bucket.offer.blueprint
    parameters = config.parameters(blueprint.parameters)
    try:
        if blueprint.parameters is not None:
            resolved = resolve(blueprint.parameters, parameters, _folder(bucket))
            folder = None if "://" in bucket.objects.location else _folder(bucket)
            shared = bucket.others | {bucket.name}
            check_locations(
                blueprint.parameters, resolved, parameters.keys(), group, shared=shared, folder=folder, closed=bucket.closed
            )  # fmt: skip
        made: list[tuple[Place, bytes]] = []
        if config.ensemble is not None:
            data, made = _ensemble(bucket, group, file, config, data, name)
        configs = [place for place, _ in made] or [file.config] * len(data)
        names = layout.status_names([place.key for place in data])
        items = [
            {
                "data": location_of(bucket, place),
                "name": dataset,
                "config_file": location_of(bucket, config_place),
            }
            for place, dataset, config_place in zip(data, names, configs, strict=True)
        ]
        spec = parse_job({
            "analysis": bucket.offer.analysis,
            "items": items,
            "batch_size": 1,
            "max_parallelism": min(len(items), _environment(blueprint).max_concurrent),
            "tolerated_failure_percent": NEED_NOT_SUCCEED,
            "parameters": parameters,
            "environment": _wishes(file, config, blueprint),
            "group": group,
            "user": file.user,
            "name": name[:200],
            "labels": {"submission": name, "bucket": bucket.name, "group": group},
            "idempotency_key": f"submission-{identity}",
            **file.choices,
        })  # fmt: skip
    except InvalidSubmission:
        raise
    except Invalid as error:
        raise InvalidSubmission(f"config file {file.config}: {error}") from error
    environments = layout.environment_ids(identity, len(items))
    datasets = [
        Dataset(dataname=str(place), name=dataset, config=str(config_place), environment=environment)
        for place, dataset, config_place, environment in zip(data, names, configs, environments, strict=True)
    ]
    return Checked(spec, datasets, left_out, config, made)


def location_of(bucket: Bucket, place: Place) -> str:
    """Path or URL of a place."""
    return locate(bucket.store(place).location, place.key)


def results_of(bucket: Bucket, group: str, file: SubmitFile) -> str | None:
    """URL of the folder that gets the results, when it is another one than the group's. Raises InvalidSubmission."""
    if file.results is None:
        return None
    _check_own(bucket, group, "resultpath", file.results)
    if bucket.shares(file.results) and layout.is_for_submissions(file.results.key):
        raise InvalidSubmission(
            f"resultpath is {file.results}: results there could be taken for submissions, and be run again and again"
        )
    return str(file.results)


def _config(bucket: Bucket, group: str, place: Place) -> Config:
    _check_read(bucket, group, "configname", place)
    _check_path(bucket, group, "configname", place)
    try:
        found = bucket.store(place).beginning(place.key, config_file.MOST_BYTES + 1)
    except ObjectNotFound as error:
        raise InvalidSubmission(
            f"S3 Bucket does not contain {place}: configname has to be the full key of a config file"
        ) from error
    except SkyburstError as error:
        raise InvalidSubmission(f"configname is {place}, which cannot be read: {error}") from error
    return read_config(found.data, str(place))


def _ensemble(
    bucket: Bucket, group: str, file: SubmitFile, config: Config, data: list[Place], name: str
) -> tuple[list[Place], list[tuple[Place, bytes]]]:
    """The dataset once for each config, and the configs with where each is to be stored: beside the one they are made of."""
    if len(data) != 1:
        raise InvalidSubmission(
            f"dataname has {len(data)} datasets, and the config has ensemble_size: expected one dataset for an ensemble"
        )
    own = file.config.bucket in (None, bucket.name)
    folder = file.config.key.rpartition("/")[0] if own else f"{group}/{layout.CONFIGS}"
    made = [(Place(None, f"{folder}/{file_name}"), content) for file_name, content in ensemble_configs(config, name)]
    return data * len(made), made


def _wishes(file: SubmitFile, config: Config, blueprint: Blueprint) -> dict[str, Any]:
    """What the job has otherwise than the blueprint says; nothing for one that runs in functions, which have no such choice."""
    wishes: dict[str, Any] = {}
    if not choose(blueprint).environment:
        return wishes
    if file.instance_type is not None:
        wishes["instance_type"] = file.instance_type
    if config.duration_min is not None:
        wishes["timeout_min"] = config.duration_min
    needed_gb = min(config_file.MOST_GB, (config.dataset_gb or 0) + SYSTEM_GB)
    if needed_gb > _environment(blueprint).disk_gb:
        wishes["disk_gb"] = needed_gb
    return wishes


def _environment(blueprint: Blueprint) -> EnvironmentSection:
    return blueprint.environment or EnvironmentSection()


def _is_there(bucket: Bucket, place: Place) -> bool:
    """Whether there is an object of this key, or a folder: objects below it. A key that merely begins so is neither."""
    try:
        store = bucket.store(place)
        try:
            store.size(place.key)
            return True
        except ObjectNotFound:
            below = (entry.key.removeprefix(f"{place.key}/") for entry in store.list(f"{place.key}/"))
            return any(name and not is_junk(name) for name in below)
    except SkyburstError as error:
        raise InvalidSubmission(f"dataname has {place}, which cannot be read: {error}") from error


def _check_read(bucket: Bucket, group: str, name: str, place: Place) -> None:
    """Refuse what is not the group's, and what the functions of the analysis may not read."""
    _check_own(bucket, group, name, place)
    if place.bucket in bucket.closed:
        raise InvalidSubmission(f"{name} is {place}, {NOT_READ}")


def _check_own(bucket: Bucket, group: str, name: str, place: Place) -> None:
    if not bucket.belongs(place, group):
        raise InvalidSubmission(
            f"{name} is {place}: group {group!r} has the keys that start with {group}/ in this bucket, and no others"
        )


def _check_path(bucket: Bucket, group: str, name: str, place: Place) -> None:
    """Refuse, of a bucket that is a folder, what only looks like an object of the group.

    What runs here may read more than who submitted it: a link must not lead to another group's data. A pipe would be waited for.
    """
    path = bucket.path(place)
    if path is None:
        return
    if bucket.shares(place) and not stays_within(path, Path(bucket.store(place).location, group)):
        raise InvalidSubmission(
            f"{name} is {place}, a link that leads out of the folder of group {group!r}: put the file or folder itself there"
        )
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InvalidSubmission(f"{name} is {place}, which is no file and no folder: name one that holds data")


def stays_within(path: Path, folder: Path) -> bool:
    """Whether a path, its links followed, is in a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _folder(bucket: Bucket) -> Path:
    """What relative paths in a config start from."""
    location = bucket.objects.location
    return Path("/") if "://" in location else Path(location)
