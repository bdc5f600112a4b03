"""`analyses` and `show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program


def test_analyses_says_what_each_is_and_where_it_comes_from(
    program: Program, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "configured" / "broken_one"
    broken.mkdir(parents=True)
    (broken / "blueprint.toml").write_text("blueprint = 1\nname = 5\n")
    copy = tmp_path / "configured" / "typed"
    copy.mkdir()
    (copy / "blueprint.toml").write_text((project / "typed" / "blueprint.toml").read_text())
    monkeypatch.setenv("SKYBURST_PATH", str(tmp_path / "configured"))
    lines = {tuple(line.split()[:3]): line for line in program("analyses").out.splitlines()}
    assert lines["typed", "1.2.0", "project"].endswith("Shows what it was given")
    assert "broken: " in lines["broken_one", "-", "configured"]
    assert lines["typed", "1.2.0", "configured"].endswith("hidden by the one above")
    assert ("color-depth-search", "1.0.0", "shipped") in lines
    entries = json.loads(program("analyses", "--json").out)
    assert [entry["name"] for entry in entries[:2]] == ["typed", "broken_one"]
    assert "error" in entries[1]


def test_show_tells_the_limits_of_a_command_from_what_it_needs(program: Program, tmp_path: Path) -> None:
    head = 'blueprint = 1\nname = "smooth"\nversion = "1.0.0"\ncommand = ["ls"]\n'
    needs = "[environment]\nmemory_mb = 8_000\nvcpus = 2\ngpus = 1\ntimeout_min = 90\nmax_concurrent = 20\n"
    (tmp_path / "smooth").mkdir()
    for section, limits in (
        (
            needs,
            "8,000 MiB, 2 vCPUs and 1 GPU a dataset, 90 minutes an attempt, 20 at once, 0 % of the batches may fail",
        ),
        ("", "2,048 MiB, 1 vCPU a dataset, 60 minutes an attempt, 100 at once, 0 % of the batches may fail"),
    ):
        (tmp_path / "smooth" / "blueprint.toml").write_text(head + section)
        assert f"  limits    {limits}\n" in program("show", str(tmp_path / "smooth")).out


def test_show_lists_parameters_with_types_defaults_and_help(program: Program, project: Path) -> None:
    shown = program("show", "typed")
    assert shown.code == 0
    assert shown.out == program("analyses", "typed").out
    for line in (
        "typed 1.2.0: Shows what it was given",
        f"  from      project: {project / 'typed'}",
        "  items     wants --items",
        "  count  (integer from 1; required)\n      How many.",
        "  names  (list; default [])",
        '  mode  (one of "fast", "exact"; default "fast")',
        "  exact  (boolean; default false)",
        "  note  (string; optional)",
        "  mask  (path; optional)",
        "  skyburst run typed --set count=COUNT --items ITEMS",
    ):
        assert line in shown.out
    document = json.loads(program("show", "typed", "--json").out)
    assert document["schema"]["required"] == ["count"]
    assert document["origin"] == "project"


def test_a_single_file_takes_any_parameters(program: Program, project: Path) -> None:
    shown = program("show", "squares.py").out
    assert "Any parameters are handed on as they are given." in shown
    assert f"skyburst run {project / 'squares.py'} --items ITEMS" in shown


def test_a_name_that_nearly_exists_is_suggested(program: Program) -> None:
    ended = program("show", "typd")
    assert ended.code == 6
    assert "did you mean 'typed'?" in ended.err
