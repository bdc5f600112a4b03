"""`skyburst library index --on aws` against a deployment: its job writes into the library, with the rights of its functions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skyburst.folders import open_folder
from skyburst.homes.aws.home import AwsHome
from tests.homes_aws.outside.conftest import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def library(run: Run, tmp_path: Path) -> Path:
    """A library of three notes on this machine."""
    (tmp_path / "texts").mkdir()
    for number in range(3):
        (tmp_path / "texts" / f"{number}.txt").write_text("ab" * (number + 1))
    ended = run("library", "build", "texts", "lib", "--analysis", "notes", "-q")
    assert ended.returncode == 0, ended.stderr
    return tmp_path / "lib"


def copied(library: Path, home: AwsHome, under: str) -> str:
    """The URL of a copy of the library in the deployment's bucket."""
    for file in open_folder(library).files():
        home.objects.put(f"{under}/{file.name}", Path(file.location))
    return f"{home.objects.location}/{under}"


def test_a_library_in_the_bucket_is_indexed_there_as_it_is_here(run: Run, home: AwsHome, library: Path) -> None:
    url = copied(library, home, "libraries/notes")
    there = run("library", "index", url, "--on", "aws")
    assert there.returncode == 0, there.stderr
    assert "3 items in 2 batches" in there.stderr, "as the items say"
    assert "is not what is deployed" not in there.stderr
    assert there.stdout.startswith("result  3\n")
    assert json.loads(run("status", "last", "--on", "aws", "--json").stdout)["plan"]["batch_size"] == 2
    here = run("library", "index", "lib", "--on", "local")
    assert here.returncode == 0, here.stderr
    made = {name: open_folder(url).read(name) for name in ("index/0.txt", "index/1.txt")}
    assert made == {name: open_folder(library).read(name) for name in made}


def test_a_library_where_its_analysis_may_not_write_is_not_indexed(run: Run, home: AwsHome, library: Path) -> None:
    url = copied(library, home, "elsewhere/notes")
    ended = run("library", "index", url, "--on", "aws")
    assert ended.returncode == 1, ended.stderr
    assert "object 'notes/index/" in ended.stderr
