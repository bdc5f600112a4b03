"""`library index`: a job that builds the index of a library, run as `run` runs jobs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import skyburst
from skyburst.library import open_library, write_index
from skyburst.objects import open_store
from tests.cli.conftest import Program
from tests.cli.terminal import CTRL_C, Terminal
from tests.conftest import REPOSITORY
from tests.waiting import PATIENCE_S

ANALYSES = REPOSITORY / "tests" / "indexing"
INDEX = {"index/0.txt": b"0.txt 1.txt", "index/1.txt": b"2.txt 3.txt", "index/2.txt": b"4.txt"}


@pytest.fixture
def library(program: Program, project: Path) -> Path:
    """A library of five notes; the analyses that describe and index it are in the project."""
    shutil.copytree(ANALYSES, project / "analyses", ignore=shutil.ignore_patterns("__pycache__"))
    texts = project / "texts"
    texts.mkdir()
    for number in range(5):
        (texts / f"{number}.txt").write_text("ab" * (number + 1))
    assert program("library", "build", texts, "lib", "--analysis", "notes", "-q").code == 0
    return project / "lib"


def index_of(location: Path | str) -> dict[str, bytes]:
    """Files of the index."""
    folder = skyburst.open_folder(location)
    return {file.name: folder.read(file.name) for file in folder.files() if file.name.startswith("index/")}


def names(index: dict[str, bytes]) -> list[str]:
    """Names of all items in an index."""
    return sorted(name for data in index.values() for name in data.decode().split())


def test_the_index_of_a_library_is_built_by_the_analysis_that_the_blueprint_names(
    program: Program, library: Path
) -> None:
    ended = program("library", "index", "lib")
    assert ended.code == 0, ended.err
    assert "SUCCEEDED: all 3 batches are done; 5 items in " in ended.err
    assert "5 items in 3 batches" in ended.err
    assert "result  5\n" in ended.out
    assert "shows this again" in ended.err
    index = index_of(library)
    assert list(index) == list(INDEX)
    assert [len(data.split()) for data in index.values()] == [2, 2, 1]
    assert names(index) == [f"{number}.txt" for number in range(5)]
    job = json.loads(program("status", "last", "--json").out)
    assert job["analysis"]["name"] == "notes-index"
    assert job["parameters"] == {"library": str(library), "nap": 0, "upper": False}
    assert job["plan"]["batch_size"] == 2, "as its items say"
    assert program("library", "inspect", "lib", "--verify").code == 0
    assert "the result is the same as before" in program("rerun", "last").err
    assert index_of(library) == index


def test_options_are_those_of_run(program: Program, library: Path, project: Path) -> None:
    ended = program("library", "index", library, "--set", "upper=true", "--quiet", "--json", "-", "--timeout", "60")
    assert (ended.code, ended.out, ended.err) == (0, "5\n", "")
    assert names(index_of(library))[0] == "0.TXT"
    assert json.loads(program("status", "last", "--json").out)["specification"]["timeout_s"] == 60
    ended = program("library", "index", "lib", "--detach")
    job = skyburst.JobHandle(ended.out.strip())
    assert job.wait(PATIENCE_S) == "SUCCEEDED"
    ended = program("library", "index", "lib", "--detach", "--json", "out.json")
    assert ended.code == 2
    assert "--detach returns before there is a result" in ended.err


def test_whose_libraries_it_is_one_of_can_be_said(program: Program, library: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(library.parent / "analyses", elsewhere)
    ended = program("library", "index", "lib")
    assert ended.code == 6
    assert "the analysis that described the library " in ended.err
    assert "--analysis names another one" in ended.err
    assert program("library", "index", "lib", "--analysis", elsewhere / "notes").code == 0, "its index is beside it"
    assert list(index_of(library)) == list(INDEX)
    ended = program("library", "index", "lib", "--analysis", "typed")
    assert ended.code == 2
    assert "analysis 'typed' has no [library] index in its blueprint" in ended.err


def test_an_index_analysis_that_is_not_there_is_named(program: Program, library: Path) -> None:
    shutil.rmtree(library.parent / "analyses" / "notes_index")
    ended = program("library", "index", "lib")
    assert ended.code == 6
    assert "there is no analysis 'notes-index'" in ended.err


def test_what_is_no_library_and_what_is_given_twice_is_refused(program: Program, library: Path) -> None:
    ended = program("library", "index", "texts")
    assert ended.code == 2
    assert "texts is not a library" in ended.err
    ended = program("library", "index", "lib", "--set", "library=other")
    assert ended.code == 2
    assert "the library is the argument LIBRARY" in ended.err
    ended = program("library", "index", "lib", "--set", "nope=1")
    assert ended.code == 2
    assert "nope" in ended.err
    assert json.loads(program("jobs", "--json").out) == []


def test_a_library_of_this_machine_is_not_indexed_on_aws(program: Program, library: Path) -> None:
    ended = program("library", "index", "lib", "--on", "aws")
    assert ended.code == 2
    assert ended.err == (
        "skyburst: the library lib is on this machine, and on AWS the index would be made in a copy of it: index it here, "
        "`skyburst library index lib --on local`, or give the s3:// URL of a library\n"
    )


@pytest.mark.parametrize("end", ["", "/"])
def test_a_library_behind_a_url_is_indexed_there(program: Program, library: Path, bucket: str, end: str) -> None:
    objects = open_store(bucket)
    for file in skyburst.open_folder(library).files():
        objects.put(f"libraries/notes/{file.name}", Path(file.location))
    ended = program("library", "index", f"{bucket}/libraries/notes{end}")
    assert ended.code == 0, ended.err
    assert program("library", "index", library).code == 0
    assert index_of(f"{bucket}/libraries/notes") == index_of(library)


def test_ctrl_c_ends_it_and_resume_goes_on(program: Program, library: Path, project: Path) -> None:
    with Terminal("library", "index", "lib", "--set", "nap=1", folder=project, SKYBURST_WORKERS="1") as terminal:
        terminal.until("1 of 3 batches")
        terminal.press(CTRL_C)
        assert terminal.ended() == 5
    assert len(index_of(library)) < 3
    assert program("resume", "last").code == 0
    assert list(index_of(library)) == list(INDEX)


def index_row(program: Program, *arguments: str) -> str:
    """What `library inspect` shows of the index."""
    (line,) = (line for line in program("library", "inspect", *arguments).out.splitlines() if line.startswith("index "))
    return line.removeprefix("index").strip()


def test_inspect_shows_the_index_and_what_changes_the_library_says_when_it_is_out_of_date(
    program: Program, library: Path
) -> None:
    assert index_row(program, "lib") == "none"
    assert json.loads(program("library", "inspect", "lib", "--json").out)["index"] is None
    assert "its index" not in program("library", "build", "texts", "lib", "--analysis", "notes").out
    write_index(open_library(library), size_bytes=2_000, properties={"threshold": 20, "parts": 3}, content={})
    assert index_row(program, "lib") == "version 1, 2.0 kB, threshold 20, parts 3"
    ended = program("library", "build", "texts", "lib", "--analysis", "notes", "--json")
    fits = {"version": 1, "size_bytes": 2_000, "properties": {"threshold": 20, "parts": 3}, "up_to_date": True}
    assert json.loads(ended.out)["index"] == fits
    assert "its index" not in program("library", "build", "texts", "lib", "--analysis", "notes").out

    remedy = "out of date: `skyburst library index lib` brings it up to date"
    ended = program("library", "remove", "lib", "0", "--yes")
    assert ended.out.splitlines()[-1] == f"its index is of version 1, {remedy}"
    assert index_row(program, "lib") == f"version 1, 2.0 kB, threshold 20, parts 3; {remedy}"
    inspected = program("library", "inspect", "lib", "--json")
    assert (inspected.code, json.loads(inspected.out)["index"]) == (0, {**fits, "up_to_date": False})
    assert json.loads(program("library", "remove", "lib", "1", "--yes", "--json").out)["index"]["up_to_date"] is False
    built = program("library", "build", "texts", "lib", "--analysis", "notes")
    assert built.out.splitlines()[-1] == f"its index is of version 1, {remedy}"


def test_an_index_that_is_damaged_is_a_problem_and_no_mistake_of_a_change(program: Program, library: Path) -> None:
    (library / "index").mkdir()
    (library / "index" / "index.json").write_text("{")
    ended = program("library", "inspect", "lib")
    assert ended.code == 1
    assert "problem: index/index.json: " in ended.out
    assert index_row(program, "lib") == "damaged"
    ended = program("library", "remove", "lib", "0", "--yes")
    assert ended.code == 0
    assert "is damaged" in ended.out.splitlines()[-1]
    assert "builds it again" in ended.out.splitlines()[-1]
    assert (
        "is damaged" in json.loads(program("library", "remove", "lib", "1", "--yes", "--json").out)["index"]["problem"]
    )
