"""Inspecting a library from which items were removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyburst.library import VerifyProgress, inspect_library, remove_items
from tests.library.samples import build, write_items


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Of 103 items; removed are the last three, which had the second prefix, and two others, which are purged."""
    folder = tmp_path / "library"
    build(write_items(tmp_path / "source", 103), folder)
    remove_items(folder, ["item-0100", "item-0101", "item-0102"])
    remove_items(folder, ["item-0000", "item-0001"], purge=True)
    return folder


def test_a_report_counts_the_items_that_are_left(library: Path) -> None:
    report = inspect_library(library)
    assert (report.library.count, report.library.removed_count, len(report.library.purged_numbers)) == (98, 5, 2)
    assert (report.prefixes, report.thumbnails) == (1, 98)
    assert sum(report.metadata["group"].values()) == 98
    assert (report.unfinished, report.problems) == (0, [])


def test_files_that_were_purged_are_not_missing_and_those_that_were_kept_are_verified(library: Path) -> None:
    seen: list[VerifyProgress] = []
    assert inspect_library(library, verify=True, progress=seen.append).problems == []
    assert seen == [VerifyProgress(number, 101) for number in range(1, 102)]
    (library / "images/2/item-0101.item").write_text("damaged")
    (library / "thumbnails/2/item-0102.txt").unlink()
    problems = {problem.key: problem.reason for problem in inspect_library(library, verify=True).problems}
    assert problems.keys() == {"images/2/item-0101.item", "thumbnails/2/item-0102.txt"}
    assert problems["thumbnails/2/item-0102.txt"] == "is missing"


def test_a_manifest_with_a_removed_item_is_named(library: Path) -> None:
    manifests = library / "manifests"
    (manifests / "3/00/00000000.json").write_bytes((manifests / "2/00/00000000.json").read_bytes())
    assert [problem.key for problem in inspect_library(library, verify=True).problems] == [
        "manifests/3/00/00000000.json"
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "is missing"),
        ("[", "is damaged: "),
        ('{"removed": [[5, 5]]}', "is damaged: "),
        ('{"removed": [[0, 2]]}', "is damaged: it does not have all items that were removed"),
    ],
)
def test_a_damaged_copy_of_the_removals_is_named_and_the_next_change_mends_it(
    library: Path, content: str | None, reason: str
) -> None:
    copy = library / "removed.json"
    good = copy.read_bytes()
    copy.unlink() if content is None else copy.write_text(content)
    [problem] = inspect_library(library, verify=True).problems
    assert problem.key == "removed.json"
    assert problem.reason.startswith(reason)
    build(library.parent / "source", library)
    assert copy.read_bytes() == good
