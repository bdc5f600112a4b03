"""Help that teaches, and comes at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

import skyburst
from skyburst.cli.exits import MEANINGS
from skyburst.cli.group import COMMANDS
from skyburst.cli.main import skyburst as group
from tests.cli.conftest import Program
from tests.cli.terminal import environment
from tests.waiting import PATIENCE_S

HEAVY = {"rich", "numpy", "PIL", "obstore", "jsonschema", "psutil", "sqlite3", "msgspec", "skyburst.client"}


def test_skyburst_alone_shows_a_short_guide(program: Program) -> None:
    ended = program()
    assert ended.code == 0
    assert len(ended.out.splitlines()) < 15
    assert "skyburst run color-depth-search" in ended.out


def test_help_lists_every_command_and_every_exit_code(program: Program) -> None:
    text = program("--help").out
    for listed in COMMANDS.values():
        assert listed.summary in text
    for code in MEANINGS:
        assert f"\n  {int(code):<3}  " in text


@pytest.mark.parametrize(
    "name",
    [
        *COMMANDS,
        "library build",
        "library index",
        "library inspect",
        "library generate",
        "cost compare",
        "cloud up",
        "usage parallelism",
        "usage export",
        "retention run",
    ],
)
def test_each_command_explains_itself_with_examples(program: Program, name: str) -> None:
    ended = program(*name.split(), "--help")
    assert ended.code == 0
    assert "Examples:" in ended.out
    assert f"skyburst {name.split()[0]}" in ended.out.split("Examples:")[1]
    assert max(len(line) for line in ended.out.splitlines()) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_of_a_command_is_the_first_sentence_of_its_help(name: str) -> None:
    command = group.get_command(group.make_context("skyburst", []), name)
    assert command is not None
    first = " ".join((command.help or "").split("\n\n")[0].split())
    assert first.startswith(COMMANDS[name].summary.rstrip("."))


def test_library_alone_shows_its_help(program: Program) -> None:
    ended = program("library")
    assert ended.code == 0
    assert "generate" in ended.out


def test_a_mistyped_command_is_corrected(program: Program) -> None:
    ended = program("statsu")
    assert ended.code == 2
    assert ended.err == "skyburst: there is no command 'statsu': did you mean 'status'? (see `skyburst --help`)\n"


def test_version(program: Program) -> None:
    assert skyburst.__version__ in program("--version").out


def test_help_imports_nothing_heavy() -> None:
    code = "import sys\nfrom skyburst.cli.main import run_program\nrun_program(['--help'])\nprint(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert HEAVY.isdisjoint(ended.stderr.split())
