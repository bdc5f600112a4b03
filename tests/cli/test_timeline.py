"""`skyburst timeline`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Program


def test_a_timeline_is_printed_and_written_as_a_page_and_a_picture(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:30", "--batch-size", "3", "--quiet")
    ran = program("timeline", "last", "--output", "shown", "--burst-compute")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0].startswith("Analysis naps ")
    numbers = {line.split("  ")[0]: line.split() for line in lines}
    assert numbers["workers: running"][2] == "10"
    assert {"workers: queued", "workers: cold start", "watching", "delay before combining", "combining"} <= set(numbers)
    written = sorted(path.name.partition("-timeline")[2] for path in (project / "shown").iterdir())
    assert written == [".html", ".json", ".svg"]
    assert {Path(line) for line in lines[-3:]} == {path.relative_to(project) for path in (project / "shown").iterdir()}
    stages = json.loads(next((project / "shown").glob("*.json")).read_text())["stages"]
    assert sum(stage["category"] == "Workers" for stage in stages) == 10


def test_numbers_are_printed_for_programs_and_nothing_is_written(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:4", "--batch-size", "1", "--quiet")
    before = sorted(project.iterdir())
    stages = {entry["stage"]: entry for entry in json.loads(program("timeline", "last", "--json").out)["stages"]}
    assert stages["workers: running"]["number"] == 4
    assert stages["job"]["mean"] > 0
    assert sorted(project.iterdir()) == before


def test_a_resumed_job_shows_its_last_run(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:6", "--batch-size", "1", "--set", "bad=[5]", "--quiet")
    (project / "mended").touch()
    program("resume", "last", "--quiet")
    out = program("timeline", "last", "--output", "shown").out
    assert "Run 2 began" in out
    assert "5 batches had ended in earlier runs, and are not shown." in out


def test_a_folder_that_cannot_be_made_is_named(program: Program, project: Path) -> None:
    program("run", "naps.py", "--items", "0:2", "--quiet")
    (project / "file").write_text("")
    ran = program("timeline", "last", "--output", "file/below")
    assert ran.code != 0
    assert "file/below cannot be made" in ran.err
