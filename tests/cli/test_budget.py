"""`skyburst budget`, `skyburst cost JOB` and `skyburst cost estimate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program


@pytest.fixture(autouse=True)
def no_prices_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYBURST_PRICES", str(tmp_path / "prices"))


def test_budgets_are_set_shown_and_removed(program: Program) -> None:
    assert "no budget is set" in program("budget", "show").err
    assert json.loads(program("budget", "show", "--json").out) == []
    assert (
        program("budget", "set", "--group", "lab", "--monthly", "200").err
        == "the monthly budget of group lab is 200.00 USD\n"
    )
    assert program("budget", "set", "--group", "lab", "--user", "anna", "0.25").code == 0
    assert (
        program("budget", "set", "--default", "300").err
        == "the lifetime budget of each group and analysis is 300.00 USD\n"
    )
    shown = program("budget", "show").out.splitlines()
    assert shown[0].split() == ["GROUP", "USER", "ANALYSIS", "PERIOD", "LIMIT", "USD", "SPENT", "RESERVED", "LEFT"]
    assert {tuple(line.split()[:3]) for line in shown[1:4]} == {
        ("each", "-", "each"),
        ("lab", "-", "-"),
        ("lab", "anna", "-"),
    }
    (mine,) = json.loads(program("budget", "show", "--user", "anna", "--json").out)
    assert mine == {
        "group": "lab", "user": "anna", "analysis": None, "default": False, "period": "lifetime", "month": None,
        "limit": 0.25, "spent": 0.0, "reserved": 0.0, "left": 0.25, "over": 0.0,
    }  # fmt: skip
    assert program("budget", "remove", "--group", "lab", "--lifetime").code == 6  # it is monthly
    assert program("budget", "remove", "--group", "lab").err == "the monthly budget of group lab is removed\n"
    assert program("budget", "remove", "--group", "lab").code == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["5"], "name at least one"),
        (["--group", "lab 1", "5"], "group is 'lab 1': expected letters, digits"),
        (["--analysis", "Upper", "5"], "analysis is 'Upper'"),
        (["--user", " ", "5"], "user is ' '"),
        (["--group", "lab", "much"], "USD is 'much': expected USD from 0"),
        (["--group", "lab", "--", "-5"], "USD is '-5'"),
        (["--group", "lab", "0.0000001"], "at most six decimals"),
        (["--group", "lab", "--default", "5"], "--default is of every group and analysis"),
        (["--group", "lab", "inf"], "USD is 'inf'"),
    ],
)
def test_what_is_no_budget_is_refused(program: Program, arguments: list[str], told: str) -> None:
    ran = program("budget", "set", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert "no budget is set" in program("budget", "show").err


def test_a_job_says_what_it_keeps_and_what_is_left_and_one_too_many_is_refused(program: Program) -> None:
    program("budget", "set", "--group", "lab", "0.30")
    ran = program("run", "squares.py", "--items", "0:100", "--batch-size", "10", "--group", "lab", "--user", "anna")
    assert ran.code == 0
    assert "budget: 0.29 USD kept for this job\n" in ran.err
    assert "budget: the lifetime budget of group lab has 0.00" in ran.err
    shown = program("status", "last").out
    assert "USD spent by this job" in shown
    assert "the lifetime budget of group lab has 0.29 of 0.30 USD left" in shown
    paid = json.loads(program("status", "last", "--json").out)["paid"]
    assert (paid["reserved"], paid["spent"] > 0) == (0.0, True)
    assert [(entry["name"], entry["limit"]) for entry in paid["budgets"]] == [("the lifetime budget of group lab", 0.3)]
    refused = program("run", "squares.py", "--items", "0:100", "--batch-size", "5", "--group", "lab")
    assert refused.code == 2
    for part in (
        "the lifetime budget of group lab has 0.29",
        "may cost up to 0.5",
        "limit 0.30",
        "spent 0.00",
        "ask whoever",
    ):
        assert part in refused.err
    assert len(program("jobs").out.splitlines()) == 2
    assert program("run", "squares.py", "--items", "0:100", "--group", "other").code == 0


def test_a_word_that_is_no_command_of_cost_is_a_job(program: Program) -> None:
    program("run", "squares.py", "--items", "0:100", "--batch-size", "10")
    out = program("cost", "last").out
    assert "cost: 0.00 USD, on this machine. On AWS it would have been:" in out
    assert "prices of 2026-08-17, us-east-1: AWS price list" in out
    assert "not counted: data that leaves AWS" in out
    document = json.loads(program("cost", "--json", "last").out)
    assert document["amount"] == 0.0
    assert document["on_aws"]["amount"] == pytest.approx(sum(document["on_aws"]["parts"].values()))
    certificate = json.loads(program("certificate", "last").out)
    assert certificate["cost"]["on_aws"] == document["on_aws"]
    missing = program("cost", "no-such-job")
    assert missing.code == 6
    assert "there is no job 'no-such-job'" in missing.err
    for arguments in (["cost"], ["cost", "--help"]):
        assert "estimate" in program(*arguments).out


def test_an_estimate_has_a_low_an_expected_and_a_most_and_names_the_date_of_its_prices(
    program: Program, project: Path
) -> None:
    first = program("cost", "estimate", "squares.py", "--items", "0:1000")
    assert first.code == 0
    assert "no job of it has come to its end yet" in first.out
    program("run", "squares.py", "--items", "0:100", "--batch-size", "10")
    spec = {"analysis": "squares.py", "items": {"range": [0, 1000]}, "batch_size": 10}
    (project / "job.json").write_text(json.dumps(spec))
    document = json.loads(program("cost", "estimate", "job.json", "--json").out)
    assert document["batches"] == 100
    assert 0 < document["low"] <= document["expected"] <= document["most"]
    assert document["prices"]["date"] == "2026-08-17"
    assert document["instance_type"] is None
    assert document["parts"]["workers"]["most"] == pytest.approx(100 * 3 * 300 * 2 * 0.0000133334, abs=1e-6)
    assert "expected: as 1 earlier job took" in program("cost", "estimate", "job.json").out


def test_an_estimate_of_environments_says_which_machines_and_why(program: Program, project: Path) -> None:
    (project / "demix").mkdir()
    (project / "demix" / "blueprint.toml").write_text(
        'blueprint = 1\nname = "demix"\nversion = "1.0.0"\ncommand = ["bash", "run.sh"]\n'
        '[environment]\nvcpus = 4\nmemory_mb = 14000\ngpus = 1\ntimeout_min = 90\npricing = "spot"\n'
    )
    out = program("cost", "estimate", "demix", "--items", "a.tif,b.tif").out
    assert "2 items in 2 batches" in out
    assert "on g4dn.xlarge (0.526 USD an hour, spot about 45 % of it) for 90 minutes at most: it is a command" in out
    most = next(line for line in out.splitlines() if line.startswith("machines")).split()[-1]
    assert most == f"{2 * 1.5 * 1.006:.6f}"  # as a g5.xlarge, which may come too


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["squares.py"], "say --count N, or --items"),
        (["squares.py", "--items", "5:5"], "there is nothing to estimate"),
        (["gone"], "gone"),
        (["broken.json"], "broken.json is not JSON"),
        (["list.json"], "is not a JSON object"),
    ],
)
def test_what_cannot_be_estimated_is_refused(program: Program, project: Path, arguments: list[str], told: str) -> None:
    (project / "broken.json").write_text("{")
    (project / "list.json").write_text("[]")
    ran = program("cost", "estimate", *arguments)
    assert ran.code in (2, 6)
    assert told in ran.err
