"""Inspecting libraries: what is in them, and which files are damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from skyburst.errors import InvalidLibrary
from skyburst.library import VerifyProgress, inspect_library
from tests.library.samples import build, write_item, write_items


@pytest.fixture
def library(tmp_path: Path) -> Path:
    source = write_items(tmp_path / "source", 120)
    write_item(source / "item-9999.item", group="plain")
    build(source, tmp_path / "library", name="flies")
    return tmp_path / "library"


def flip(path: Path, position: int = -3) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_report_says_what_is_in_a_library(library: Path) -> None:
    report = inspect_library(library)
    described = report.library
    assert (described.name, described.version, described.count, described.analysis) == ("flies", 1, 121, "plain")
    assert described.size == (10, 20)
    assert described.size_bytes == sum(path.stat().st_size for path in (library / "images").rglob("*.item"))
    assert (report.prefixes, described.manifest.chunks, report.thumbnails) == (2, 2, 120)
    # Names, of which each item has its own, are not counted.
    assert report.metadata == {"group": {"a": 40, "b": 40, "c": 40, "plain": 1}}
    assert (report.unfinished, report.verified, report.problems) == (0, False, [])


def test_a_sound_library_verifies(library: Path) -> None:
    seen: list[VerifyProgress] = []
    report = inspect_library(library, verify=True, progress=seen.append)
    assert report.verified
    assert report.problems == []
    assert seen == [VerifyProgress(number, 121) for number in range(1, 122)]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("images/1/item-0050.item", "is damaged: its SHA-256 is"),
        ("thumbnails/2/item-0110.txt", "is damaged: its SHA-256 is"),
        ("manifests/1/00/00000000.json", "is missing or damaged|holds items that the library does not have"),
        ("manifests/1/01/00000001.json", "is missing or damaged|holds items that the library does not have"),
    ],
)
@pytest.mark.parametrize("damage", ["flipped bit", "missing", "cut short", "empty", "longer"])
def test_each_damaged_or_missing_file_is_named(library: Path, key: str, reason: str, damage: str) -> None:
    path = library / key
    match damage:
        case "flipped bit":
            flip(path, len(path.read_bytes()) // 2)
        case "missing":
            path.unlink()
            reason = "is missing"
        case "cut short":
            path.write_bytes(path.read_bytes()[:-2])
            reason = "is damaged: it has|is missing or damaged"
        case "empty":
            path.write_bytes(b"")
            reason = "is damaged: it has 0 bytes|is missing or damaged"
        case "longer":
            path.write_bytes(path.read_bytes() + b"x")
            reason = "is damaged: it has|is missing or damaged"
    (library / "images/2/item-0101.item").unlink()
    problems = {problem.key: problem.reason for problem in inspect_library(library, verify=True).problems}
    assert problems.pop("images/2/item-0101.item") == "is missing"
    assert list(problems) == [key]
    assert any(part in problems[key] for part in reason.split("|")), problems


def test_a_manifest_that_was_reordered_is_named(library: Path) -> None:
    path = library / "manifests/1/00/00000000.json"
    items = json.loads(path.read_text())
    path.write_text(json.dumps(items[::-1]))
    [problem] = inspect_library(library, verify=True).problems
    assert problem == ("manifests/1", "was changed since it was written")


def test_a_changed_description_is_named(library: Path) -> None:
    path = library / "library.json"
    path.write_text(path.read_text().replace('"flies"', '"bees"'))
    [problem] = inspect_library(library, verify=True).problems
    assert problem == ("library.json", "was changed since it was written")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: flip(path, 5_000), "is damaged: its SHA-256 is"),
        (lambda path: path.write_bytes(path.read_bytes()[:5_000]), "is damaged: it has 5000 bytes"),
    ],
)
def test_a_damaged_journal_is_named_and_the_rest_is_still_verified(
    library: Path, damage: Callable[[Path], object], reason: str
) -> None:
    damage(library / "items.jsonl")
    (library / "images/1/item-0000.item").unlink()
    flip(library / "manifests/1/01/00000001.json", 0)
    problems = {problem.key: problem.reason for problem in inspect_library(library, verify=True).problems}
    assert problems["items.jsonl"].startswith(reason)
    assert "manifests/1/01/00000001.json" in problems
    if reason != "is missing":
        assert problems["images/1/item-0000.item"] == "is missing"


def test_a_damaged_journal_is_seen_without_verifying(library: Path) -> None:
    (library / "items.jsonl").write_bytes((library / "items.jsonl").read_bytes()[:5_000])
    [problem] = inspect_library(library).problems
    assert problem.key == "items.jsonl"
    assert "of 121 items can be read" in problem.reason
    (library / "items.jsonl").unlink()
    assert inspect_library(library).problems == [("items.jsonl", "is missing")]


def test_items_of_an_unfinished_addition_are_counted_apart(library: Path, tmp_path: Path) -> None:
    shutil.copy(library / "library.json", tmp_path / "old.json")
    build(write_items(tmp_path / "more", 7, start=500), library)
    shutil.copy(tmp_path / "old.json", library / "library.json")
    report = inspect_library(library, verify=True)
    assert (report.library.count, report.unfinished, report.problems) == (121, 7, [])


def test_what_is_no_complete_library_is_not_inspected(library: Path, tmp_path: Path) -> None:
    (library / "library.json").unlink()
    with pytest.raises(InvalidLibrary, match="is unfinished: its build was interrupted"):
        inspect_library(library)
    with pytest.raises(InvalidLibrary, match="is not a library"):
        inspect_library(tmp_path / "source")
