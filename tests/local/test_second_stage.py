"""What a second stage promises, at home `local`, under every kind of failure."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

import skyburst
from skyburst.client import create
from skyburst.contracts.spans import Part
from skyburst.homes.local.home import LocalHome
from skyburst.timeline.numbers import numbers_of
from skyburst.timeline.stages import timeline_of
from tests.waiting import PATIENCE_S, eventually

HERE = Path(__file__).parent
STAGED = str(HERE / "staged")


def job_of(*tasks, scripts=("ok", "ok"), analysis=STAGED, tolerated=None, **parameters):
    return {
        "analysis": analysis,
        "parameters": {"scripts": list(scripts), "tasks": list(tasks), **parameters},
        "batch_size": 1,
        "tolerated_failure_percent": tolerated,
    }


def run(*tasks, **given):
    return skyburst.run(job_of(*tasks, **given))


def results(*tasks, found=2):
    return [{"task": task, "found": found} for task in tasks]


@pytest.fixture
def own_copy(tmp_path):
    """The analysis and its code, to be changed."""
    for name in ("scripted", "staged"):
        shutil.copytree(HERE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "staged"


@pytest.fixture
def journal(tmp_path):
    folder = tmp_path / "calls"
    folder.mkdir()
    return folder


def stages_of(job_id):
    home = LocalHome()
    job = home.find_job(job_id)
    return timeline_of(job, "local", home.table.batches(job_id), home.spans(job), now=time.time())


def test_tasks_are_run_by_all_workers_and_their_results_are_merged_in_order(monkeypatch, journal):
    monkeypatch.setenv("SKYBURST_WORKERS", "3")
    found = run(*[2.0] * 3, scripts=["ok"], journal=str(journal))
    assert found.value == {"found": [0], "missing": [], "results": results(0, 1, 2, found=1)}
    processes = {file.name.split("-")[1] for file in journal.iterdir() if file.name.startswith("task")}
    assert len(processes) > 1, "there was one batch, and so one worker"
    timeline = stages_of(found.job_id)
    assert [stage.name for stage in timeline.of(Part.STAGE)] == ["second stage"]
    (told,) = [entry for entry in numbers_of(timeline) if entry.stage == "second stage"]
    assert 2.0 <= told.min < PATIENCE_S


def test_the_result_is_the_same_for_any_number_of_workers(monkeypatch):
    """600 tasks are 300 groups of two."""
    found = []
    for workers in (1, 3):
        monkeypatch.setenv("SKYBURST_WORKERS", str(workers))
        found.append(run(*["ok"] * 600).value)
    assert found[0] == found[1]
    assert found[0]["results"] == results(*range(600))


@pytest.mark.parametrize("failure", ["raise", "kill", "memory"])
def test_a_task_that_fails_once_is_run_again_and_counted_once(failure):
    found = run("ok", [failure, "ok"], "ok")
    assert (found.state, found.value["results"]) == ("SUCCEEDED", results(0, 1, 2))


@pytest.mark.parametrize(
    ("failure", "calls", "message"),
    [
        ("raise", 3, r"ValueError: told to fail \(task 1\)"),
        ("not json", 1, r"NotJson: result\.when is of type builtins\.set.* \(task 1\)"),
        ("exit", 3, r"Killed: its worker process ended \(exit code 3\).* \(task 1\)"),
    ],
)
def test_a_task_that_always_fails_fails_the_job_which_says_which(failure, calls, message, journal):
    with pytest.raises(skyburst.JobFailed, match=f"its second stage failed: {message}") as caught:
        run("ok", failure, journal=str(journal))
    handle = skyburst.JobHandle(caught.value.job_id)
    assert handle.status() == "FAILED"
    assert [record.state for record in handle.batches()] == ["DONE", "DONE"], "what was found is kept"
    assert len([file for file in journal.iterdir() if file.name.startswith("task")]) == calls + 1


def test_a_failed_stage_is_mended_and_resumed_without_running_a_batch_again(own_copy, journal):
    with pytest.raises(skyburst.JobFailed, match="told to fail") as caught:
        run("ok", "raise", analysis=str(own_copy), journal=str(journal))
    handle = skyburst.JobHandle(caught.value.job_id)
    code = own_copy.parent / "scripted" / "second_stage.py"
    code.write_text(code.read_text().replace("answer = act(", "answer = print("))
    assert handle.resume().wait(PATIENCE_S) == "SUCCEEDED"
    assert handle.result().value["results"] == results(0, 1)
    assert len([file for file in journal.iterdir() if not file.name.startswith("task")]) == 2


def test_a_task_that_hangs_is_ended_with_its_time_and_not_run_again(own_copy, journal):
    blueprint = own_copy / "blueprint.toml"
    blueprint.write_text(blueprint.read_text().replace("combiner_timeout_s = 20", "combiner_timeout_s = 2"))
    with pytest.raises(skyburst.JobFailed, match=r"second stage failed: TimedOut: .* 2 s .* \(task 1\)"):
        run("ok", "hang", analysis=str(own_copy), journal=str(journal))
    assert len([file for file in journal.iterdir() if file.name.startswith("task")]) == 2


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ({"tasks": "raise"}, "ValueError: told to fail"),
        ({"tasks": "text"}, "InvalidAnalysis: .* returned str: return a list"),
        ({"merge": "raise"}, "ValueError: told to fail"),
    ],
)
def test_what_makes_and_merges_tasks_fails_the_job_by_its_name(does, message):
    with pytest.raises(skyburst.JobFailed, match=f"its second stage failed: {message}"):
        run("ok", stage_does=does)


def test_a_combiner_that_fails_before_a_second_stage_is_named_as_it_was():
    with pytest.raises(skyburst.JobFailed, match="its combiner failed: ValueError"):
        run("ok", combiner_does="raise")


def test_without_tasks_the_stage_is_passed_over():
    found = run()
    assert found.value == {"found": [0, 1], "missing": []}
    assert not stages_of(found.job_id).of(Part.STAGE)


def test_a_job_of_which_batches_are_missing_has_its_second_stage():
    found = run("ok", scripts=["ok", "raise"], tolerated=50)
    assert found.state == "PARTIAL"
    assert found.value == {"found": [0], "missing": [1], "results": results(0, found=1)}


def test_while_tasks_run_the_best_so_far_is_without_them_and_cancel_ends_them(journal):
    handle = skyburst.submit(job_of(*[[1.4]] * 60, journal=str(journal)))
    eventually(lambda: any(file.name.startswith("task") for file in journal.iterdir()), "no task was run")
    assert handle.status() == "COMBINING"
    assert handle.partial_results() == {"found": [0, 1], "missing": []}
    handle.cancel()
    assert handle.wait(PATIENCE_S) == "CANCELLED"
    assert handle.record().reason == "cancelled while its partial results were combined"
    assert sum(file.name.startswith("task") for file in journal.iterdir()) < 30, "most were not waited for"


def test_a_job_that_an_earlier_version_stored_has_no_second_stage():
    home = LocalHome()
    job = home.find_job(create(job_of("ok")).job_id)
    del job.analysis["blueprint"]["second_stage"]
    home.table.update_job(job)
    assert home.result(home.drive(job.job_id)).value == {"found": [0, 1], "missing": []}
