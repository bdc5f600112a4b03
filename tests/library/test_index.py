"""What a library knows of its index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skyburst.errors import InvalidLibrary, NotJson
from skyburst.library import inspect_library, open_library, read_index, remove_items, write_index
from tests.library.samples import build, write_items


@pytest.fixture
def library(tmp_path: Path) -> Path:
    build(write_items(tmp_path / "source", 3), tmp_path / "library")
    return tmp_path / "library"


def index(library: Path) -> None:
    write_index(open_library(library), size_bytes=70, properties={"threshold": 20}, content={"parts": ["a"]})


def test_an_index_is_of_the_version_that_it_was_written_for(library: Path) -> None:
    assert read_index(library) is None
    index(library)
    found = read_index(library)
    assert found is not None
    assert (found.size_bytes, found.properties, found.content) == (70, {"threshold": 20}, {"parts": ["a"]})
    assert found.fits(open_library(library))
    changed = remove_items(library, ["item-0001"]).library
    assert not found.fits(changed)
    assert found.library_version == changed.version - 1
    index(library)
    again = read_index(library)
    assert again is not None
    assert again.fits(changed)


def test_an_index_of_another_library_does_not_fit(library: Path, tmp_path: Path) -> None:
    index(library)
    found = read_index(library)
    other = build(write_items(tmp_path / "others", 3, start=5), tmp_path / "other").library
    assert found is not None
    assert found.library_version == other.version
    assert not found.fits(other)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"sha256": 1}', b"\xff"])
def test_what_is_damaged_is_named_and_is_a_problem_of_the_library(library: Path, data: bytes) -> None:
    index(library)
    (library / "index" / "index.json").write_bytes(data)
    with pytest.raises(
        InvalidLibrary, match=r"index/index\.json .*is damaged .*`skyburst library index .*builds it again"
    ):
        read_index(library)
    report = inspect_library(library, verify=True)
    assert report.index is None
    assert [problem.key for problem in report.problems] == ["index/index.json"]


def test_what_was_changed_by_hand_is_damaged(library: Path) -> None:
    index(library)
    path = library / "index" / "index.json"
    path.write_bytes(path.read_bytes().replace(b'"size_bytes": 70', b'"size_bytes": 71'))
    with pytest.raises(InvalidLibrary, match="it does not have the checksum that it was written with"):
        read_index(library)


def test_another_format_is_named(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skyburst.library.index.FORMAT", 2)
    index(library)
    with pytest.raises(InvalidLibrary, match="has the format 1, and this version of skyburst reads 2"):
        read_index(library)


def test_what_json_cannot_hold_is_refused_and_the_index_is_the_one_it_was(library: Path) -> None:
    index(library)
    before = (library / "index" / "index.json").read_bytes()
    for wrong in ({"a": float("nan")}, {"a": object()}, {1: "a"}):
        with pytest.raises(NotJson):
            write_index(open_library(library), size_bytes=0, properties=wrong, content={})
    assert (library / "index" / "index.json").read_bytes() == before
    assert json.loads(before)["library_version"] == 1
