"""A removal that is killed at any point leaves the old version or the new one, whole."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skyburst.library import inspect_library, numbered_items, open_library, purge_removed, remove_items
from tests.library.samples import build, files_of, write_items
from tests.library.test_interruption import build_until_killed, lines_of_a_build

REPOSITORY = Path(__file__).resolve().parents[2]
ITEMS = 12
GONE = ["item-0003", "item-0007", "item-0008"]


def run_program(folder: Path, purge: str, *last_line: int, ids: list[str] = GONE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.library.remove_program",
            str(folder),
            ",".join(ids),
            purge,
            *map(str, last_line),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
    )


def lines_of_a_removal(folder: Path, purge: str) -> int:
    ran = run_program(folder, purge)
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


@pytest.mark.parametrize("purge", ["keep", "purge"])
def test_a_removal_killed_anywhere_leaves_one_version_whole_and_can_be_repeated(tmp_path: Path, purge: str) -> None:
    source = write_items(tmp_path / "source", ITEMS)
    build(source, tmp_path / "before")
    before = {each.item.id for each in numbered_items(open_library(tmp_path / "before"))}
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path / "before", whole)
    total = lines_of_a_removal(whole, purge)
    points = random.Random(purge)
    seen = set()
    for number, line in enumerate(
        [*sorted(points.randrange(1, total) for _ in range(10)), *range(total - 150, total, 18)]
    ):
        folder = tmp_path / f"library-{number}"
        shutil.copytree(tmp_path / "before", folder)
        assert run_program(folder, purge, line).returncode == -signal.SIGKILL
        library = open_library(folder)
        seen.add(library.version)
        expected = before if library.version == 1 else before.difference(GONE)
        assert {each.item.id for each in numbered_items(library) if not each.removed} == expected
        report = inspect_library(folder, verify=True)
        assert (report.problems, report.unfinished) == ([], 0), f"killed at line {line} of {total}"
        if library.version == 1:
            remove_items(folder, GONE, purge=purge == "purge")
        elif purge == "purge":
            purge_removed(folder)
        assert files_of(folder) == files_of(whole), f"killed at line {line} of {total}"
        assert inspect_library(folder, verify=True).problems == []
    assert seen == {1, 2}


def test_after_a_removal_that_was_killed_a_build_goes_on_from_the_version_that_there_is(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", ITEMS)
    more = write_items(tmp_path / "more", 3, start=ITEMS)
    build(source, tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "whole")
    total = lines_of_a_removal(tmp_path / "whole", "keep")
    points = random.Random(5)
    for number, line in enumerate(sorted(points.randrange(1, total) for _ in range(6))):
        folder = tmp_path / f"library-{number}"
        shutil.copytree(tmp_path / "before", folder)
        assert run_program(folder, "keep", line).returncode == -signal.SIGKILL
        kept = open_library(folder)
        built = build(more, folder).library
        assert (built.version, built.count, built.removed) == (kept.version + 1, kept.count + 3, kept.removed)
        assert (folder / "removed.json").exists() == bool(kept.removed)
        assert inspect_library(folder, verify=True).problems == []


def test_a_build_that_was_killed_stays_unfinished_through_a_removal_and_is_finished_after_it(tmp_path: Path) -> None:
    first = write_items(tmp_path / "first", ITEMS)
    more = write_items(tmp_path / "more", ITEMS, start=ITEMS)
    folder = tmp_path / "library"
    build(first, folder)
    shutil.copytree(folder, tmp_path / "counted")
    build_until_killed(more, folder, lines_of_a_build(more, tmp_path / "counted") // 2)
    stored = inspect_library(folder).unfinished
    assert 0 < stored < ITEMS
    removed = remove_items(folder, GONE).library
    assert (removed.version, removed.count, removed.numbers) == (2, ITEMS - 3, ITEMS)
    assert inspect_library(folder, verify=True).unfinished == stored
    finished = build(more, folder)
    assert (finished.already_there, finished.library.version) == (stored, 3)
    assert (finished.library.count, finished.library.removed) == (2 * ITEMS - 3, removed.removed)
    assert inspect_library(folder, verify=True).problems == []


def test_files_that_an_interrupted_purge_left_are_deleted_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    build(write_items(tmp_path / "source", ITEMS), folder)
    kept = (folder / "images/1/item-0007.item").read_bytes()
    remove_items(folder, GONE, purge=True)
    (folder / "images/1/item-0007.item").write_bytes(kept)
    assert inspect_library(folder, verify=True).problems == []
    summary = purge_removed(folder)
    assert (summary.purged, summary.freed_bytes, summary.library.version) == (1, len(kept), 2)
    assert not (folder / "images/1/item-0007.item").exists()
