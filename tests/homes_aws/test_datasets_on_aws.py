"""Datasets of jobs on AWS: uploaded from this machine, and at URLs for a deployment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.contracts.job import parse_job
from skyburst.errors import InvalidJob
from skyburst.homes.aws.datasets import check_urls, uploaded_datasets


def blueprint(**more: Any) -> Blueprint:
    document = {"blueprint": 1, "name": "a", "version": "1.0.0", "command": ["sh", "run.sh"], **more}
    return parse_blueprint(document, "here")


def test_files_and_folders_of_this_machine_are_uploaded_and_urls_stay(tmp_path: Path) -> None:
    for name in ("one.bin", "config.yaml", "folder/two.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1" if name != "config.yaml" else b"{}")
    items = ["one.bin", {"data": ["folder/", "s3://b/three.bin"], "config_file": "config.yaml", "name": "both"}]
    asked: list[tuple[str, str]] = []

    def upload(where: str, location: str) -> str:
        if "://" in location:
            return location
        asked.append((where, location))
        return f"s3://bucket/uploads/{Path(location).name}"

    spec = uploaded_datasets(parse_job({"analysis": "a", "items": items}), blueprint(), tmp_path, upload)
    both = {
        "data": ["s3://bucket/uploads/folder/", "s3://b/three.bin"],
        "config_file": "s3://bucket/uploads/config.yaml",
        "name": "both",
    }
    assert spec.items == ["s3://bucket/uploads/one.bin", both]
    root = tmp_path.resolve()
    assert asked == [
        ("job.items[0]", f"{root}/one.bin"),
        ("job.items[1].data", f"{root}/folder/"),
        ("job.items[1].config_file", f"{root}/config.yaml"),
    ]
    assert check_urls(spec, blueprint()).items == spec.items


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["/data/one.bin"], "job.items[0] has '/data/one.bin': a job on AWS reads from URLs such as s3://bucket/key"),
        ([{"data": "s3://b/k", "config_file": "c.yaml"}], "job.items[0] has 'c.yaml'"),
        (["s3://b/k", {"dat": 1}], "job.items[1].dat: a dataset has no such field"),
        ([{"data": "s3://b/k", "config": {"nonsense": 1}}], "nonsense"),
    ],
)
def test_what_a_deployment_cannot_read_is_refused_before_anything_starts(items: list[Any], said: str) -> None:
    with pytest.raises(InvalidJob, match=re.escape(said)):
        check_urls(parse_job({"analysis": "a", "items": items}), blueprint())
