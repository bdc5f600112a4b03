"""The items of a job of an analysis that is a command, checked before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from skyburst.contracts.blueprint import Blueprint
from skyburst.contracts.dataset import Dataset, parse_dataset
from skyburst.contracts.job import JobSpec
from skyburst.contracts.parameters import Declared, existing, resolve
from skyburst.environments.inputs import LARGEST_CONFIG
from skyburst.errors import Invalid, InvalidItems, InvalidJob, StorageError
from skyburst.objects import ONLY_HTTPS
from skyburst.reading import read_location


def checked_datasets(spec: JobSpec, blueprint: Blueprint, folder: Path) -> JobSpec:
    """The specification with its datasets as workers can use them: paths absolute, and configs checked.

    Args:
        spec: of a job.
        blueprint: of its analysis; when that is no command, the specification stays as it is.
        folder: that relative paths start from.

    Raises:
        InvalidJob: naming the dataset, its value and what was expected.
    """
    if blueprint.command is None:
        return spec
    if spec.batch_size not in (None, 1):
        raise InvalidJob(
            f"job.batch_size is {spec.batch_size}: analysis {blueprint.name!r} is a command, which runs one dataset at a time; "
            "leave it out"
        )
    if isinstance(spec.items, dict) and "range" in spec.items:
        raise InvalidJob(
            f"job.items is a range of numbers: the items of analysis {blueprint.name!r}, which is a command, are datasets: paths "
            'or URLs, or {"data": ..., "name": ...}'
        )
    if not isinstance(spec.items, list):
        return spec
    seen: dict[str, Any] = {}
    items = []
    for number, item in enumerate(spec.items):
        try:
            dataset = parse_dataset(item, number)
        except InvalidItems as error:
            raise InvalidJob(f"job.{error}") from error
        checked = _as_item(dataset, item, _checked_config(dataset, spec, blueprint, folder, seen), folder)
        if dataset.config_file is not None and blueprint.parameters is not None:
            _check_config_file(f"job.items[{number}].config_file", checked["config_file"], blueprint.parameters, seen)
        items.append(checked)
    return msgspec.structs.replace(spec, items=items)


def _as_item(dataset: Dataset, item: Any, config: dict[str, Any], folder: Path) -> Any:
    where = f"job.items[{dataset.number}]"
    data = [_absolute(f"{where}.data", location, folder) for location in dataset.data]
    if isinstance(item, str):
        return data[0]
    changed: dict[str, Any] = {**item, "data": data}
    if config:
        changed["config"] = config
    if dataset.config_file is not None:
        changed["config_file"] = _config_file(f"{where}.config_file", dataset.config_file, folder)
    return changed


def _config_file(where: str, location: str, folder: Path) -> str:
    """The same of a config file. Of this machine it has to be one, of a size that a config has; a URL is looked at later."""
    found = _absolute(where, location, folder)
    if "://" in location:
        return found
    path = Path(found)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is no regular file"
        raise InvalidJob(f"{where} is {location!r}: {path} {what}: name the config file itself, or leave it out")
    if (size := path.stat().st_size) > LARGEST_CONFIG:
        raise InvalidJob(
            f"{where} is {location!r}: {path} has {size:,} bytes, and {LARGEST_CONFIG:,} are the most: what is that large is data"
        )
    return found


def _check_config_file(where: str, location: str, declared: Declared, seen: dict[str, Any]) -> None:
    """Refuse what a submission with this config would be refused for; a URL is looked at later, where it may be read."""
    if "://" in location or location in seen:
        return
    from skyburst.submissions.config_file import check_config

    seen[location] = None
    path = Path(location)
    try:
        check_config(read_location(location), path.name, declared, LARGEST_CONFIG)
    except Invalid as error:
        raise InvalidJob(f"{where}: {error}") from error
    except OSError as error:
        raise StorageError(f"{where} is {location!r}, which cannot be read: {error.strerror}") from error


def _checked_config(
    dataset: Dataset, spec: JobSpec, blueprint: Blueprint, folder: Path, seen: dict[str, Any]
) -> dict[str, Any]:
    """The parameters of a dataset of its own as the blueprint wants them; those of a thousand equal ones are looked at once."""
    if not dataset.config or blueprint.parameters is None:
        return dataset.config
    key = repr(sorted(dataset.config.items()))
    if key not in seen:
        try:
            resolved = resolve(blueprint.parameters, {**spec.parameters, **dataset.config}, folder)
        except InvalidJob as error:
            raise InvalidJob(f"job.items[{dataset.number}].config: {error}") from error
        seen[key] = {name: resolved[name] for name in dataset.config}
    checked: dict[str, Any] = seen[key]
    return checked


def _absolute(where: str, location: str, folder: Path) -> str:
    if location.startswith("http://"):
        raise InvalidJob(f"{where} is {location!r}: {ONLY_HTTPS}")
    if "://" in location:
        return location
    path = existing(where, location, folder)
    return f"{path}/" if location.endswith("/") and path.is_dir() else str(path)
