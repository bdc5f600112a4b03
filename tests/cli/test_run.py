"""`run`: what it takes, what it prints where, and what it writes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from skyburst.homes.local.home import LocalHome
from tests.cli.conftest import Program
from tests.cli.terminal import skyburst
from tests.waiting import PATIENCE_S, eventually


def test_progress_goes_to_standard_error_and_results_to_standard_output(program: Program) -> None:
    ended = program("run", "naps.py", "--items", "0:6", "--batch-size", "2")
    assert ended.code == 0
    plan, *_, headline, again = ended.err.splitlines()  # on a busy machine there are lines of progress between
    assert plan.endswith(": 6 items in 3 batches on 2 workers")
    assert headline.startswith("SUCCEEDED: all 3 batches are done; 6 items in ")
    assert again.startswith("`skyburst result naps-")
    *best, path, file = ended.out.splitlines()
    assert best[0].startswith("result  item ")
    assert len(best) == 3
    assert path.endswith("/result.json (77 B)")
    assert file.startswith("files   ")
    assert file.endswith("/files/tables/best.csv (13 B)")


def test_quiet_prints_the_path_of_the_result_and_nothing_else(program: Program) -> None:
    ended = program("run", "squares.py", "--items", "1,2,3", "--quiet")
    assert ended.err == ""
    assert json.loads(Path(ended.out.strip()).read_text()) == 14


def test_json_to_standard_output_is_the_only_thing_there(program: Program) -> None:
    ended = program("run", "squares.py", "--items", "1,2,3", "--json", "-")
    assert json.loads(ended.out) == 14
    assert "result.json" in ended.err
    quiet = program("run", "squares.py", "--items", "1,2,3", "--json", "-", "--quiet")
    assert (quiet.out, quiet.err) == ("14\n", "")


def test_json_to_a_file_replaces_it_whole_and_leaves_nothing_else(program: Program, project: Path) -> None:
    (project / "out.json").write_text("old")
    before = set(project.iterdir())
    assert program("run", "squares.py", "--items", "0:4", "--json", "out.json").code == 0
    assert json.loads((project / "out.json").read_text()) == 14
    assert set(project.iterdir()) - {project / "__pycache__"} == before


def test_json_to_a_link_or_a_pipe_leaves_the_link_and_the_pipe(program: Program, project: Path) -> None:
    (project / "link.json").symlink_to(project / "target.json")
    assert program("run", "squares.py", "--items", "0:4", "--json", "link.json").code == 0
    assert (project / "link.json").is_symlink()
    assert (project / "target.json").read_text() == "14\n"
    os.mkfifo(project / "pipe")
    reader = [sys.executable, "-c", "print(open('pipe').read())"]
    with subprocess.Popen(reader, stdout=subprocess.PIPE, text=True, cwd=project) as process:
        assert program("result", "last", "--output", "copies").code == 0
        assert program("run", "squares.py", "--items", "0:4", "--json", "pipe").code == 0
        assert process.communicate(timeout=PATIENCE_S)[0].strip() == "14"
    assert stat.S_ISFIFO((project / "pipe").stat().st_mode)


@pytest.mark.parametrize(
    ("option", "target"), [("--json", "."), ("--json", "nowhere/x.json"), ("--output", "squares.py")]
)
def test_where_nothing_can_be_written_is_said_before_anything_runs(program: Program, option: str, target: str) -> None:
    ended = program("run", "squares.py", "--items", "0:4", option, target)
    assert ended.code == 2
    assert program("jobs").out == ""


def test_output_copies_the_result_and_its_files(program: Program, project: Path) -> None:
    ended = program("run", "naps.py", "--items", "0:6", "--output", "results/today")
    assert ended.code == 0
    folder = project / "results" / "today"
    assert (folder / "tables" / "best.csv").read_text().startswith("number\n")
    assert len(json.loads((folder / "result.json").read_text())) == 3
    assert "results/today/tables/best.csv" in ended.out
    assert "other" not in ended.err


def test_output_into_a_folder_with_other_files_names_them_and_keeps_them(program: Program, project: Path) -> None:
    for name in ("a.csv", "deep/b.csv", "c.csv", "d.csv"):
        (project / "used" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "used" / name).write_text("kept")
    ended = program("run", "naps.py", "--items", "0:6", "--output", "used")
    assert "note: used has 4 other files, not of this job: a.csv, c.csv, d.csv, ..." in ended.err
    assert (project / "used" / "deep" / "b.csv").read_text() == "kept"


def test_every_option_is_a_field_of_the_specification(program: Program) -> None:
    ended = program(
        "run", "squares.py", "--items", "0:10", "--batch-size", "5", "--max-parallelism", "1", "--timeout", "60",
        "--tolerate", "10", "--name", "my job", "--label", "a=1", "--label", "b=2", "--idempotency-key", "key-1", "-q",
    )  # fmt: skip
    assert ended.code == 0
    status = json.loads(program("status", "last", "--json").out)
    assert status["specification"] == {
        "analysis": "squares.py",
        "items": {"range": [0, 10]},
        "batch_size": 5,
        "max_parallelism": 1,
        "timeout_s": 60.0,
        "tolerated_failure_percent": 10.0,
        "name": "my job",
        "labels": {"a": "1", "b": "2"},
        "idempotency_key": "key-1",
    }


def test_the_same_idempotency_key_shows_the_first_job_again(program: Program) -> None:
    arguments = ("run", "squares.py", "--items", "0:10", "--idempotency-key", "once")
    first = program(*arguments)
    second = program(*arguments)
    assert "has run before" in second.err
    assert second.out == first.out
    assert program("run", "squares.py", "--items", "0:11", "--idempotency-key", "once").code == 7


def test_a_specification_comes_from_a_file_and_options_replace_its_fields(program: Program, project: Path) -> None:
    spec = {"analysis": "typed", "items": [1], "parameters": {"count": 5, "note": "kept"}, "labels": {"a": "1"}}
    (project / "job.json").write_text(json.dumps(spec))
    ended = program("run", "--spec", "job.json", "--set", "count=7", "--label", "b=2", "--json", "-", "-q")
    assert json.loads(ended.out) == {
        "count": 7, "names": [], "mode": "fast", "exact": False, "note": "kept", "mask": None,
    }  # fmt: skip
    assert json.loads(program("status", "last", "--json").out)["labels"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "job.json is not JSON"), ("[]", "is not a JSON object"), ('{"analyses": 1}', "name the ANALYSIS"),
     ('{"analysis": "typed", "batches": 1}', "job.batches: there is no such field")],
)  # fmt: skip
def test_a_specification_that_is_none_is_refused(program: Program, project: Path, content: str, message: str) -> None:
    (project / "job.json").write_text(content)
    ended = program("run", "--spec", "job.json")
    assert ended.code == 2
    assert message in ended.err


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        ([], "parameters.count is missing: How many."),
        (["count=0"], "parameters.count is 0: expected at least 1"),
        (["count=x"], 'parameters.count is "x": expected integer'),
        (["count=1", "mode=slow"], 'parameters.mode is "slow": expected one of "fast", "exact"'),
        (["cuont=1"], "parameters.cuont: there is no such parameter; did you mean 'count'?"),
        (["count=1", "mask=none.tif"], "parameters.mask is 'none.tif': there is no file or folder"),
    ],
)
def test_a_parameter_that_is_wrong_is_named_with_its_value_and_what_was_expected(
    program: Program, assignments: list[str], message: str
) -> None:
    options = [part for text in assignments for part in ("--set", text)]
    ended = program("run", "typed", "--items", "0:3", *options)
    assert ended.code == 2
    assert message in ended.err


def test_items_come_from_standard_input(project: Path) -> None:
    ended = skyburst("run", "squares.py", "--items", "-", "-q", "--json", "-", folder=project, given="1\n2\n")
    assert ended.stdout == "5\n"


def test_a_job_without_items_says_so(program: Program) -> None:
    ended = program("run", "squares.py", "--items", "5:5")
    assert ended.code == 2
    assert "job.items.range is [5, 5]: expected at least one number" in ended.err


def test_detach_returns_at_once_and_watch_ends_with_the_job(program: Program) -> None:
    ended = program("run", "naps.py", "--items", "0:8", "--set", "nap=0.1", "--batch-size", "1", "--detach")
    assert ended.code == 0
    watched = program("watch", ended.out.strip(), "--json", "-")
    assert watched.code == 0
    assert "8 items in 8 batches on 2 workers" in watched.err
    assert len(json.loads(watched.out)) == 3
    assert program("run", "squares.py", "--items", "0:3", "--detach", "--json", "x").code == 2


def test_debug_shows_the_traceback_of_an_error(program: Program) -> None:
    assert "Traceback" not in program("status", "none").err
    ended = program("--debug", "status", "none")
    assert ended.code == 6
    assert "Traceback" in ended.err


def test_lines_are_few_and_have_percent_items_rate_and_the_best_so_far(program: Program) -> None:
    ended = program("run", "naps.py", "--items", "0:100", "--batch-size", "1", "--set", "nap=0.06")
    lines = [line for line in ended.err.splitlines() if " % running, " in line]
    assert 1 <= len(lines) <= 6
    assert all(" of 100 batches, " in line and "/s, " in line and " left" in line for line in lines)
    assert "  found so far: item " in ended.err


def test_a_full_disk_while_copying_is_a_storage_error(program: Program) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    ended = program("run", "squares.py", "--items", "0:4", "--json", "/dev/full")
    assert ended.code == 8
    assert "/dev/full cannot be written: No space left on device" in ended.err


def test_the_result_of_a_cancelled_job_is_written_and_its_exit_code_says_so(program: Program, project: Path) -> None:
    job = program("run", "naps.py", "--items", "0:50", "--batch-size", "1", "--set", "nap=1", "--detach").out.strip()
    home = LocalHome()
    eventually(lambda: home.table.progress(job).done)
    home.close()
    program("cancel", job)
    ended = program("watch", job, "--json", "out.json", "--quiet")
    assert ended.code == 5
    assert ended.err.startswith(f"skyburst: job {job} is CANCELLED: ")
    assert json.loads((project / "out.json").read_text())


def test_the_environment_says_how_many_workers_there_are(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYBURST_WORKERS", "3")
    assert "9 batches on 3 workers" in program("run", "naps.py", "--items", "0:9", "--batch-size", "1").err
    monkeypatch.setenv("SKYBURST_WORKERS", "many")
    ended = program("run", "squares.py", "--items", "0:9")
    assert ended.code == 2
    assert "SKYBURST_WORKERS is 'many'" in ended.err
