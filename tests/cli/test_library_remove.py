"""`library remove`."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from skyburst.library import open_library
from skyburst.library.lock import only_writer
from tests.cli.conftest import Program
from tests.cli.terminal import Terminal, skyburst
from tests.cli.test_completion import complete
from tests.library.samples import build, write_items


@pytest.fixture
def library(project: Path) -> Path:
    """Of 20 items."""
    build(write_items(project / "items", 20), project / "lib", name="flies")
    return project / "lib"


def test_items_are_removed_and_the_library_is_inspected(program: Program, library: Path) -> None:
    ended = program("library", "remove", "lib", "item-0003", "item-0004", "--yes")
    assert ended.code == 0
    assert f"library flies in {library}: 18 items, version 2\n2 removed, 2 in all, in " in ended.out
    assert ended.err == ""
    again = json.loads(program("library", "remove", "lib", "item-0005", "-y", "--json").out)
    assert (again["version"], again["count"], again["removed_count"], again["purged"]) == (3, 17, 3, 0)
    assert again["removed"] == [{"number": 5, "id": "item-0005"}]
    shown = program("library", "inspect", "lib", "--verify")
    assert shown.code == 0
    assert re.search(r"^items +17, ", shown.out, re.MULTILINE)
    assert re.search(r"^removed +3$", shown.out, re.MULTILINE)
    report = json.loads(program("library", "inspect", "lib", "--json").out)
    assert (report["count"], report["removed"], report["purged"]) == (17, 3, 0)


def test_purging_says_what_is_lost(program: Program, library: Path) -> None:
    ended = program("library", "remove", "lib", "item-0003", "--purge", "--yes")
    assert "deleted the files of 1 item, " in ended.out
    assert "versions of the library that have them can no longer be run" in ended.out
    assert not (library / "images" / "1" / "item-0003.item").exists()
    shown = program("library", "inspect", "lib").out
    assert re.search(r"^removed +1, the files of 1 deleted$", shown, re.MULTILINE)
    program("library", "remove", "lib", "item-0004", "--yes")
    assert json.loads(program("library", "remove", "lib", "--purge-removed", "--yes", "--json").out)["purged"] == 1
    assert not (library / "images" / "1" / "item-0004.item").exists()
    nothing = program("library", "remove", "lib", "--purge-removed", "--yes")
    assert nothing.out.endswith("deleted the files of 0 items, 0 B\n")


def test_ids_come_from_a_file_or_from_standard_input(
    program: Program, library: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "ids.txt").write_bytes(b"\xef\xbb\xbfitem-0001\r\n\nitem-0002")
    assert program("library", "remove", "lib", "item-0003", "--from", "ids.txt", "--yes").code == 0
    assert open_library(library).removed_numbers == {1, 2, 3}
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"item-0004\n"), isatty=lambda: True))
    assert program("library", "remove", "lib", "--from", "-").code == 2
    assert program("library", "remove", "lib", "--from", "-", "--yes").code == 0
    assert open_library(library).removed_numbers == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read: No such file"), (b"\xff", "is not UTF-8"), (b" \n", "has no ids")]
)
def test_a_file_without_ids_is_refused(
    program: Program, library: Path, project: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (project / "ids.txt").write_bytes(content)
    ended = program("library", "remove", "lib", "--from", "ids.txt", "--yes")
    assert ended.code == 2
    assert reason in ended.err
    assert open_library(library).version == 1


def test_unknown_ids_are_named_in_one_line_and_nothing_is_removed(program: Program, library: Path) -> None:
    ended = program("library", "remove", "lib", "item-0001", *(f"x{number}" for number in range(12)), "--yes")
    assert ended.code == 6
    named = ", ".join(f"'x{number}'" for number in range(10))
    assert ended.err.endswith(f"the library {library} has no item {named} and 2 more\n")
    assert open_library(library).version == 1


def test_what_cannot_be_removed_is_refused(program: Program, library: Path) -> None:
    everything = [f"item-{number:04d}" for number in range(20)]
    assert "these are all items" in program("library", "remove", "lib", *everything, "--yes").err
    for arguments in (
        ["lib"],
        ["lib", "--purge"],
        ["lib", "item-0001", "--purge-removed"],
        ["items", "a"],
        ["nowhere", "a"],
        ["s3://bucket/lib", "a"],
        ["lib", *everything],
    ):
        assert program("library", "remove", *arguments, "--yes").code == 2
    assert program("library", "remove", "lib", "item-0001").err.startswith("skyburst: give --yes to remove without")
    with only_writer(library, again=""):
        assert program("library", "remove", "lib", "item-0001", "--yes").code == 7
    assert open_library(library).version == 1


def test_remove_asks_first(project: Path, library: Path) -> None:
    with Terminal("library", "remove", "lib", "item-0003", "--purge", folder=project) as terminal:
        terminal.until(
            r"  item-0003\r?\ntheir files will be deleted: versions .*\r?\n.*remove 1 item of 20 from flies\?"
        )
        terminal.press(b"n\n")
        assert terminal.ended() == 130
    assert open_library(library).version == 1
    with Terminal("library", "remove", "lib", "no-such-item", folder=project) as terminal:
        assert terminal.ended() == 6
    with Terminal("library", "remove", "lib", "item-0003", folder=project) as terminal:
        terminal.until(r"\[y/N\]")
        terminal.press(b"y\n")
        terminal.until("1 removed, 1 in all")
        assert terminal.ended() == 0
    with Terminal("library", "remove", "lib", "--purge-removed", folder=project) as terminal:
        terminal.until(r"the files of 1 removed item will be deleted.*\r?\n?.*delete these files\?")
        terminal.press(b"y\n")
        assert terminal.ended() == 0
    assert open_library(library).purged_numbers == {3}


def test_without_a_terminal_only_what_was_done_is_written(project: Path, library: Path) -> None:
    ended = skyburst(
        "library", "remove", "lib", "--from", "-", "--yes", "-q", "--json", folder=project, given="item-0001\n"
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert json.loads(ended.stdout)["count"] == 19


def test_ids_of_items_are_completed(program: Program, project: Path, library: Path) -> None:
    program("library", "remove", "lib", "item-0010", "--yes")
    expected = [f"item-{number:04d}" for number in range(11, 20)]
    assert complete(project, "library", "remove", "lib", "item-001") == expected
    assert complete(project, "library", "remove", "nowhere", "item-001") == []
