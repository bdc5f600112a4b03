"""The commands that look at jobs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import skyburst
from skyburst.homes.local.home import LocalHome
from tests.cli.conftest import Ended, Program


@pytest.fixture
def failed(program: Program) -> Ended:
    """A job of four batches, one of which failed."""
    return program(
        "run", "naps.py", "--items", "0:4", "--batch-size", "1", "--set", "bad=[2]", "--set", "broken=[1]",
        "--name", "my\x1b[31mjob", "--label", "project=optic",
    )  # fmt: skip


def test_jobs_are_listed_newest_first_and_filtered(program: Program, failed: Ended) -> None:
    assert failed.code == 1
    assert program("run", "squares.py", "--items", "0:3").code == 0
    header, newest, oldest = program("jobs").out.splitlines()
    assert header.split() == ["JOB", "STATE", "DONE", "ITEMS", "CREATED", "NAME"]
    assert newest.startswith("squares-")
    assert oldest.startswith("naps-")
    assert " FAILED " in oldest
    assert " 75 % " in oldest
    assert "my?[31mjob" in oldest
    for options in (["--state", "failed"], ["--analysis", "naps"], ["--label", "project=optic"]):
        assert [job["analysis"] for job in json.loads(program("jobs", "--json", *options).out)] == ["naps"]
    limited = program("jobs", "--limit", "1")
    assert len(limited.out.splitlines()) == 2
    assert "there are more" in limited.err
    assert program("jobs", "--state", "RUNNING").out == ""


def test_no_jobs_is_said_on_standard_error(program: Program) -> None:
    ended = program("jobs")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("no jobs in ")
    assert json.loads(program("jobs", "--json").out) == []


def test_status_tells_everything_in_lines_and_as_json(program: Program, failed: Ended, project: Path) -> None:
    assert failed.code == 1
    shown = program("status", "last")
    assert shown.code == 0
    for part in (
        "state     FAILED: ",
        "labels    project=optic",
        f"analysis  naps 0.0.0 in {project / 'naps.py'}",
        "progress  4 of 4 batches, 3 of 4 items",
        "2 failed attempts repeated, 1 batch failed, 1 item could not be used",
        "  bad = [2]",
        "missing: batch 2 (item 2): ValueError: item 2 is bad (attempt 3)",
        "  image 1.tif: it is truncated",
        "runs only what is missing",
    ):
        assert part in shown.out
    document = json.loads(program("status", "last", "--json").out)
    assert document["state"] == "FAILED"
    assert document["progress"]["done"] == 3
    assert document["missing"][0]["first"] == 2
    assert document["item_errors"] == [{"item": {"file": "image 1.tif"}, "error": "it is truncated"}]
    assert Path(document["files"]["tables/best.csv"]).is_file()
    assert document["interrupted"] is False


def test_the_start_of_an_id_names_a_job_and_one_that_names_two_does_not(program: Program) -> None:
    program("run", "squares.py", "--items", "0:3")
    program("run", "squares.py", "--items", "0:4")
    first, second = (job["job_id"] for job in json.loads(program("jobs", "--json").out))
    assert program("status", first[:-1]).out == program("status", first).out
    ended = program("status", "squares-")
    assert ended.code == 6
    assert "2 jobs start with 'squares-'" in ended.err
    assert second in ended.err


def test_last_is_the_newest_job_that_somebody_started(program: Program) -> None:
    assert program("run", "naps.py", "--items", "0:2").code == 0
    home = LocalHome()
    first = home.find_job("last")
    following = skyburst.client.create(
        {"analysis": "squares.py", "items": [1], "follows": {"job": first.job_id, "depth": 1}}, home=home
    )
    assert program("jobs").out.splitlines()[1].startswith(following.job_id)
    assert home.find_job("last").job_id == first.job_id
    assert program("status", "last").out.startswith(f"job       {first.job_id}")


def test_result_shows_the_result_again_and_exits_by_the_state(program: Program, failed: Ended, project: Path) -> None:
    again = program("result", "last", "--output", "copies")
    assert again.code == 1
    assert (project / "copies" / "tables" / "best.csv").is_file()
    value = json.loads(program("result", "last", "--json").out)
    assert [result["number"] for result in value] == [3, 0]
    assert "result  item 3 scores 550\n        item 0 scores 0\n" in failed.out, "the summary of the analysis"


def test_there_is_no_result_before_a_job_has_one(program: Program) -> None:
    ended = program("run", "naps.py", "--items", "0:2", "--batch-size", "2", "--set", "bad=[0]")
    assert (ended.code, ended.out) == (1, "")
    ended = program("result", "last")
    assert ended.code == 6
    assert "is FAILED and has no result" in ended.err


def test_logs_show_what_batches_wrote_and_why_they_failed(program: Program, failed: Ended, project: Path) -> None:
    assert failed.code == 1
    shown = program("logs", "last").out
    assert "== batch 2: FAILED, attempt 3" in shown
    assert shown.count("-- failure ") == 3
    assert "it is truncated" in shown
    only = program("logs", "last", "--batch", "1").out
    assert "== batch 1: DONE" in only
    assert "batch 2" not in only
    lines = [json.loads(line) for line in program("logs", "last", "--json").out.splitlines()]
    assert [line["batch_id"] for line in lines] == [0, 1, 2, 3]
    assert lines[2]["failures"][0]["kind"] == "ValueError"
    assert program("logs", "last", "--batch", "4").code == 2


def test_logs_name_items_that_could_not_be_used(program: Program, project: Path) -> None:
    (project / "picky.py").write_text(
        "import skyburst\n"
        "@skyburst.worker\ndef work(batch):\n"
        "    for item in batch.items:\n        batch.context.item_failed(item, ValueError('is not square'))\n"
        "@skyburst.combiner\ndef combine(partials):\n    return len(list(partials))\n"
    )
    items = json.dumps([{"file": "a.tif", "metadata": {"line": "SS01"}}])
    assert program("run", "picky.py", "--items", items).code == 1
    assert "-- a.tif: ValueError: is not square\n" in program("logs", "last").out


def test_logs_cannot_write_to_the_terminal_what_it_would_obey(program: Program, project: Path) -> None:
    loud = (project / "squares.py").read_text().replace("return", "print('\\x1b]0;owned\\x07 hello'); return")
    (project / "loud.py").write_text(loud)
    assert program("run", "loud.py", "--items", "0:1").code == 0
    assert "?]0;owned? hello" in program("logs", "last").out


def test_resume_runs_only_what_is_missing(program: Program, failed: Ended, project: Path) -> None:
    assert failed.code == 1
    (project / "mended").touch()
    ended = program("resume", "last", "--json", "out.json")
    assert ended.code == 0
    assert "4 items in 4 batches on 2 workers; 3 of them are done already" in ended.err
    assert len(json.loads((project / "out.json").read_text())) == 3
    again = program("resume", "last")
    assert again.code == 0
    assert "has SUCCEEDED: nothing is missing" in again.err
    assert json.loads(program("status", "last", "--json").out)["runs"] == 2


def test_resume_in_the_background(program: Program, failed: Ended, project: Path) -> None:
    assert failed.code == 1
    (project / "mended").touch()
    ended = program("resume", "last", "--detach")
    assert ended.code == 0
    assert program("watch", ended.out.strip(), "-q").code == 0


def test_cancel_says_what_became_of_the_job(program: Program) -> None:
    job = program("run", "naps.py", "--items", "0:50", "--batch-size", "1", "--set", "nap=1", "--detach").out.strip()
    asked = json.loads(program("cancel", "last", "--json").out)
    assert asked["job_id"] == job
    assert asked["cancel_requested"] or asked["state"] == "CANCELLED"
    assert program("watch", job, "-q").code == 5
    assert program("cancel", job).out == f"job {job} is CANCELLED already\n"


def test_delete_removes_jobs_and_their_files(program: Program, failed: Ended, state_folder: Path) -> None:
    assert failed.code == 1
    program("run", "squares.py", "--items", "0:3")
    jobs = [job["job_id"] for job in json.loads(program("jobs", "--json").out)]
    assert program("delete", *jobs).code == 2
    assert len(list((state_folder / "jobs").iterdir())) == 2
    assert json.loads(program("delete", "--yes", "--json", *jobs).out) == jobs
    assert list((state_folder / "jobs").iterdir()) == []
    assert program("delete", "--yes", "last").code == 6


def test_certificate_is_json(program: Program) -> None:
    program("run", "squares.py", "--items", "0:3")
    certificate = json.loads(program("certificate", "last").out)
    assert certificate["job"]["state"] == "SUCCEEDED"
    assert program("certificate", "last", "--json").out.count("\n") == 1
