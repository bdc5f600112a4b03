"""Datasets of a job are checked before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.environments.inputs import LARGEST_CONFIG
from skyburst.environments.items import checked_datasets
from skyburst.errors import InvalidJob

ANY = {"blueprint": 1, "name": "a", "version": "1.0.0", "command": ["sh", "run.sh"], "parameters": "any"}
BLUEPRINT = parse_blueprint(ANY, "here")
DECLARING = parse_blueprint({**ANY, "parameters": {"depth": {"type": "integer", "required": True}}}, "here")


def check(folder: Path, config_file: str, blueprint: Blueprint = BLUEPRINT) -> object:
    spec = parse_job({"analysis": "a", "items": ["data", {"data": "data", "config_file": config_file}]})
    checked = checked_datasets(spec, blueprint, folder).items
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("depht: 3\n", "parameters.depht: there is no such parameter; did you mean 'depth'?"),
        ("depth: deep\n", 'parameters.depth is "deep"'),
        ("{}\n", "parameters.depth is missing"),
        ("- 3\n", "expected parameters by name"),
        ("depth: [\n", "is not YAML"),
        ("depth: 3\n__duration__: never\n", "__duration__"),
    ],
)
def test_the_parameters_of_a_config_file_are_checked_with_item_file_and_field(
    folder: Path, text: str, told: str
) -> None:
    (folder / "c.yaml").write_text(text)
    with pytest.raises(InvalidJob) as refused:
        check(folder, "c.yaml", DECLARING)
    assert str(refused.value).startswith("job.items[1].config_file: ")
    assert "c.yaml" in str(refused.value)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("good.yml", "depth: 3\n"),
        ("good.json", '{"depth": 3, "__duration__": 10}'),
        ("one-of-three.json", '{"depth": 3, "ensemble_size": 3, "jobnb": 1}'),
        ("own.ini", "[depth]\nis = deep\n"),
    ],
)
def test_a_config_file_that_a_submission_may_have_or_that_only_the_command_reads_is_taken(
    folder: Path, name: str, text: str
) -> None:
    (folder / name).write_text(text)
    assert check(folder, name, DECLARING) == str(folder.resolve() / name)


def test_data_that_would_be_read_unencrypted_is_refused_with_the_remedy(folder: Path) -> None:
    with pytest.raises(
        InvalidJob, match=r"job\.items\[1\]\.config_file is 'http://.*s3:// and https:// only: give its"
    ):
        check(folder, "http://example.org/c.yaml")
