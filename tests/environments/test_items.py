"""Datasets of a job are checked before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.environments.inputs import LARGEST_CONFIG
from skyburst.environments.items import checked_datasets
from skyburst.errors import InvalidJob

BLUEPRINT = parse_blueprint({"blueprint": 1, "name": "a", "version": "1.0.0", "command": ["sh", "run.sh"]}, "here")


def check(folder: Path, config_file: str) -> object:
    spec = parse_job({"analysis": "a", "items": ["data", {"data": "data", "config_file": config_file}]})
    checked = checked_datasets(spec, BLUEPRINT, folder).items
    assert isinstance(checked, list)
    return checked[1]["config_file"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").write_text("x")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "good.yaml").write_text("a: 1\n")
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "large.yaml", "wb") as file:
        file.truncate(LARGEST_CONFIG + 1)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("configs", "configs is a folder: name the config file itself, or leave it out"),
        ("configs/", "configs is a folder"),
        ("/dev/null", "/dev/null is no regular file"),
        ("pipe", "pipe is no regular file"),
        ("none.yaml", "none.yaml"),
        ("large.yaml", "has 16,777,217 bytes, and 16,777,216 are the most: what is that large is data"),
    ],
)
def test_what_is_no_config_file_is_refused_with_the_dataset_that_names_it(folder: Path, given: str, told: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        check(folder, given)
    assert f"job.items[1].config_file is {given!r}" in str(refused.value)
    assert told in str(refused.value)


def test_a_config_file_is_made_absolute_and_a_url_is_looked_at_later(folder: Path) -> None:
    assert check(folder, "configs/good.yaml") == str(folder.resolve() / "configs" / "good.yaml")
    (folder / "link.yaml").symlink_to(folder / "configs" / "good.yaml")
    assert Path(str(check(folder, "link.yaml"))).read_text() == "a: 1\n"
    assert check(folder, "s3://bucket/none/") == "s3://bucket/none/"
