"""`new`: what it writes runs, and its test passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.cli.terminal import environment
from tests.waiting import PATIENCE_S


def test_a_new_analysis_runs_and_its_test_passes(program: Program, project: Path) -> None:
    ended = program("new", "deep-thought")
    assert ended.code == 0
    folder = project / "deep_thought"
    assert {path.name for path in folder.iterdir()} == {
        "README.md", "blueprint.toml", "test_deep_thought.py", "worker.py",
    }  # fmt: skip
    assert "`skyburst run deep-thought` runs it" in ended.err
    run = program("run", "deep-thought", "--set", "numbers=1000", "--set", "keep=1", "--json", "-")
    assert run.code == 0
    assert json.loads(run.out) == [{"number": 871, "steps": 178}]
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=project, env=environment(), capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


def test_the_name_is_everywhere_and_the_templates_nowhere(program: Program, project: Path) -> None:
    files = json.loads(program("new", "deep-thought", "--folder", "elsewhere/here", "--json").out)
    texts = "".join((project / file).read_text() for file in files)
    assert "my-analysis" not in texts
    assert "my_analysis" not in texts
    assert 'name = "deep-thought"' in texts
    assert program("run", "elsewhere/here", "--set", "numbers=10", "-q").code == 0


@pytest.mark.parametrize("name", ["Deep", "deep_thought", "1st", "", "a/b", "../up"])
def test_a_name_that_no_blueprint_can_have_is_refused(program: Program, name: str) -> None:
    ended = program("new", name)
    assert ended.code == 2
    assert "cannot be a name" in ended.err


def test_nothing_is_written_over(program: Program, project: Path) -> None:
    ended = program("new", "typed")
    assert ended.code == 2
    assert "is there already and not empty" in ended.err


def test_another_analysis_of_that_name_is_named(program: Program) -> None:
    ended = program("new", "color-depth-search")
    assert ended.code == 0
    assert "note: there is another analysis 'color-depth-search' in " in ended.err
