"""A build that is killed at any point continues, and ends with the library it would have made."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from skyburst.errors import InvalidLibrary, LibraryBusy
from skyburst.library import inspect_library, open_library
from tests.library.samples import build, files_of, write_items
from tests.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
ITEMS = 12


def run_program(source: Path, destination: Path, processes: int, last_line: int | None = None) -> subprocess.Popen[str]:
    arguments = [str(source), str(destination), str(processes)] + ([] if last_line is None else [str(last_line)])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.library.build_program", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_program_until(source: Path, destination: Path, processes: int, examined: int) -> subprocess.Popen[str]:
    """A program that has examined so many files, and goes on."""
    program = run_program(source, destination, processes)
    assert program.stdout is not None
    for _ in range(examined):
        assert program.stdout.readline()
    return program


def lines_of_a_build(source: Path, destination: Path) -> int:
    program = run_program(source, destination, 1)
    output, errors = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0, errors
    return int(output.split()[-1])


def build_until_killed(source: Path, destination: Path, last_line: int) -> None:
    program = run_program(source, destination, 1, last_line)
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert program.returncode == -signal.SIGKILL, errors


def assert_sound(folder: Path) -> None:
    report = inspect_library(folder, verify=True)
    assert report.problems == []
    assert report.unfinished == 0
    assert sum(1 for path in (folder / "images").rglob("*") if path.is_file()) == report.library.count


def test_a_first_build_killed_anywhere_is_finished_by_the_same_call(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", ITEMS)
    total = lines_of_a_build(source, tmp_path / "whole")
    points = random.Random(1)
    for number, line in enumerate(sorted(points.randrange(1, total) for _ in range(14))):
        folder = tmp_path / f"library-{number}"
        build_until_killed(source, folder, line)
        if not (folder / "library.json").exists():
            with pytest.raises(InvalidLibrary, match=r"unfinished|no library\.json"):
                open_library(folder)
        else:
            assert_sound(folder)
        build(source, folder)
        assert files_of(folder) == files_of(tmp_path / "whole"), f"killed at line {line} of {total}"
        assert_sound(folder)


def test_an_addition_killed_anywhere_leaves_the_last_version_whole_and_is_finished(tmp_path: Path) -> None:
    first = write_items(tmp_path / "first", ITEMS)
    more = write_items(tmp_path / "more", ITEMS, start=ITEMS)
    for name in ("whole", "counted"):
        build(first, tmp_path / name)
    build(more, tmp_path / "whole")
    total = lines_of_a_build(more, tmp_path / "counted")
    points = random.Random(2)
    for number, line in enumerate(sorted(points.randrange(1, total) for _ in range(10))):
        folder = tmp_path / f"library-{number}"
        build(first, folder)
        build_until_killed(more, folder, line)
        assert open_library(folder).version in (1, 2)
        assert inspect_library(folder, verify=True).problems == []
        build(more, folder)
        assert files_of(folder) == files_of(tmp_path / "whole"), f"killed at line {line} of {total}"
        assert open_library(folder).version == 2
        assert_sound(folder)


def test_a_build_killed_again_and_again_ends_and_does_nothing_twice(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 40)
    folder = tmp_path / "library"
    build(source, tmp_path / "whole")
    points = random.Random(3)
    done: dict[Path, int] = {}
    for _ in range(8):
        build_until_killed(source, folder, points.randrange(500, 2_500))
        for path, stored_at in done.items():
            assert path.stat().st_mtime_ns == stored_at
        lines = (folder / "items.jsonl").read_text().split("\n")[1:-1]
        paths = [folder / json.loads(line)["item"]["key"] for line in lines]
        assert len(paths) >= len(done)
        done = {path: path.stat().st_mtime_ns for path in paths}
    finished = build(source, folder)
    assert (finished.added, finished.already_there) == (40 - len(done), len(done))
    assert files_of(folder) == files_of(tmp_path / "whole")


def test_killing_a_build_ends_its_processes_too_and_frees_the_library(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 150, group="slow")
    folder = tmp_path / "library"
    program = run_program_until(source, folder, 2, examined=20)
    children = psutil.Process(program.pid).children(recursive=True)
    assert len([child for child in children if "spawn_main" in " ".join(child.cmdline())]) == 2
    program.kill()
    program.communicate()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert 20 <= build(source, folder, processes=2).already_there < 150
    assert_sound(folder)


def test_two_builds_of_one_library_at_once_are_refused(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 150, group="slow")
    folder = tmp_path / "library"
    program = run_program_until(source, folder, 1, examined=1)
    with pytest.raises(LibraryBusy, match=f"another program is building or changing the library {folder}"):
        build(source, folder)
    program.communicate(timeout=PATIENCE_S)
    assert program.returncode == 0
    assert_sound(folder)


@pytest.mark.parametrize("damage", ["torn line", "torn header", "file lost", "file emptied", "thumbnail lost"])
def test_what_a_failing_machine_did_not_keep_is_done_again(tmp_path: Path, damage: str) -> None:
    source = write_items(tmp_path / "source", 20)
    folder = tmp_path / "library"
    build(source, tmp_path / "whole")
    build(source, folder)
    (folder / "library.json").unlink()
    journal = folder / "items.jsonl"
    match damage:
        case "torn line":
            journal.write_bytes(journal.read_bytes()[:-30])
        case "torn header":
            journal.write_bytes(journal.read_bytes()[:10])
        case "file lost":
            (folder / "images/1/item-0015.item").unlink()
        case "file emptied":
            (folder / "images/1/item-0015.item").write_bytes(b"")
        case "thumbnail lost":
            (folder / "thumbnails/1/item-0015.txt").unlink()
    finished = build(source, folder)
    expected = {"torn line": 1, "torn header": 20}.get(damage, 5)
    assert (finished.added, finished.already_there) == (expected, 20 - expected)
    assert files_of(folder) == files_of(tmp_path / "whole")
    assert_sound(folder)


def test_what_was_left_unfinished_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    build(write_items(tmp_path / "first", 150), folder)
    kept = files_of(folder)
    for name in (
        "images/2/left.item",
        "images/2/left.item#1",
        "images/3/left.item",
        "thumbnails/2/left.txt",
        "manifests/2/00/00000000.json",
        "library.json#1",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"left")
    build(tmp_path / "first", folder)
    assert files_of(folder) == kept


def test_interrupting_a_build_ends_it_soon_and_it_can_be_continued(tmp_path: Path) -> None:
    source = write_items(tmp_path / "source", 150, group="slow")
    folder = tmp_path / "library"
    program = run_program_until(source, folder, 2, examined=5)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=PATIENCE_S)
    assert "KeyboardInterrupt" in errors
    assert not (folder / "library.json").exists(), "it ended before all was built"
    assert build(source, folder).library.count == 150
