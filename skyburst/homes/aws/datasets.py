"""The datasets of a job at home `aws`: what is on this machine is uploaded, and what a deployment is given has to be at URLs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from skyburst.contracts.blueprint import Blueprint
from skyburst.contracts.dataset import parse_dataset
from skyburst.contracts.job import JobSpec
from skyburst.environments.items import checked_datasets
from skyburst.errors import InvalidItems, InvalidJob

Upload = Callable[[str, str], str]
"""From what names a file or folder, such as `job.items[0].data`, and its path or URL, to its URL."""


def uploaded_datasets(spec: JobSpec, blueprint: Blueprint, folder: Path, upload: Upload) -> JobSpec:
    """The specification with the data and the config files of its datasets at URLs; of no command, as it is.

    Args:
        spec: of a job.
        blueprint: of its analysis.
        folder: that relative paths start from.
        upload: uploads one file or folder.

    Raises:
        InvalidJob: naming the dataset, its value and what was expected.
    """
    spec = checked_datasets(spec, blueprint, folder)
    if blueprint.command is None or not isinstance(spec.items, list):
        return spec
    return msgspec.structs.replace(spec, items=[_uploaded(item, n, upload) for n, item in enumerate(spec.items)])


def check_urls(spec: JobSpec, blueprint: Blueprint) -> JobSpec:
    """The specification with its datasets checked, which a deployment reads from URLs only.

    Raises:
        InvalidJob: naming the dataset, its value and what was expected.
    """
    if blueprint.command is not None and isinstance(spec.items, list):
        for number, item in enumerate(spec.items):
            try:
                dataset = parse_dataset(item, number)
            except InvalidItems as error:
                raise InvalidJob(f"job.{error}") from error
            for location in (*dataset.data, *([dataset.config_file] if dataset.config_file else [])):
                if "://" not in location:
                    raise InvalidJob(
                        f"job.items[{number}] has {location!r}: a job on AWS reads from URLs such as s3://bucket/key; "
                        "`skyburst run --on aws` uploads files itself"
                    )
    return checked_datasets(spec, blueprint, Path("/"))


def _uploaded(item: Any, number: int, upload: Upload) -> Any:
    where = f"job.items[{number}]"
    if isinstance(item, str):
        return _one(where, item, upload)
    changed = dict(item)
    if data := changed.get("data"):
        data = [data] if isinstance(data, str) else data
        changed["data"] = [_one(f"{where}.data", entry, upload) for entry in data]
    if config_file := changed.get("config_file"):
        changed["config_file"] = _one(f"{where}.config_file", config_file, upload)
    return changed


def _one(where: str, location: str, upload: Upload) -> str:
    """A `/` at the end, which says that the files of a folder are the data, and not the folder, stays."""
    url = upload(where, location)
    return f"{url}/" if location.endswith("/") and not url.endswith("/") else url
