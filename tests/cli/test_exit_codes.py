"""Each exit code, from the real program."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from skyburst.cli.exits import MEANINGS, OF_STATES, ExitCode
from skyburst.contracts.states import JobState
from tests.cli.conftest import Program
from tests.cli.terminal import PROGRAM, environment, skyburst
from tests.waiting import PATIENCE_S, eventually


def test_0_a_job_that_succeeded(project: Path) -> None:
    ended = skyburst("run", "squares.py", "--items", "0:10", folder=project)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("result  285\n")


def test_1_a_job_that_failed(project: Path) -> None:
    ended = skyburst("run", "naps.py", "--items", "0:4", "--set", "bad=[2]", "--batch-size", "2", folder=project)
    assert ended.returncode == 1
    assert "FAILED" in ended.stderr
    assert 'raise ValueError(f"item {number} is bad")' in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["runn"],
        ["run", "squares.py"],
        ["run", "squares.py", "--items", "0:3", "--batch-size", "0"],
        ["run", "typed", "--items", "0:3", "--set", "count=many"],
        ["run", "squares.py", "--items", "0:3", "--json", "nowhere/out.json"],
        ["delete", "last", "--unheard-of"],
    ],
)
def test_2_something_given_cannot_be_used(project: Path, arguments: list[str]) -> None:
    ended = skyburst(*arguments, folder=project)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("skyburst: ")
    assert ended.stderr.count("\n") == 1


def test_3_a_partial_job(project: Path) -> None:
    ended = skyburst(
        "run", "naps.py", "--items", "0:4", "--set", "bad=[2]", "--batch-size", "1", "--tolerate", "30", folder=project
    )
    assert ended.returncode == 3
    assert "missing: batch 2 (item 2): ValueError: item 2 is bad" in ended.stderr
    assert "item 1 scores 856" in ended.stdout


def test_4_a_job_whose_time_ran_out(project: Path) -> None:
    ended = skyburst(
        "run", "naps.py", "--items", "0:9", "--set", "nap=5", "--batch-size", "1", "--timeout", "0.3", folder=project
    )
    assert ended.returncode == 4
    assert "TIMED_OUT" in ended.stderr


def test_5_a_job_that_was_cancelled_by_a_signal(project: Path) -> None:
    with running(
        "run", "naps.py", "--items", "0:99", "--set", "nap=0.3", "--batch-size", "1", folder=project
    ) as process:
        wait_for_line(process, "99 items in 99 batches on 2 workers")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5
    assert "stopping; press Ctrl-C again to stop at once; `skyburst resume naps-" in errors
    assert "CANCELLED" in errors


def test_6_what_is_not_there(project: Path) -> None:
    assert skyburst("run", "no-such-analysis", folder=project).returncode == 6
    ended = skyburst("status", "no-such-job", folder=project)
    assert ended.returncode == 6
    assert "there is no job 'no-such-job'" in ended.stderr


def test_7_a_job_that_another_program_runs(project: Path) -> None:
    job = skyburst(
        "run", "naps.py", "--items", "0:9", "--set", "nap=60", "--batch-size", "1", "--detach", folder=project
    ).stdout.strip()
    wait_until_driven(job, project)
    ended = skyburst("resume", job, folder=project)
    assert skyburst("delete", job, "--yes", folder=project).returncode == 7
    skyburst("cancel", job, folder=project)
    assert ended.returncode == 7
    assert "another program is running job" in ended.stderr
    assert skyburst("watch", job, folder=project).returncode == 5


def test_8_a_state_folder_that_cannot_be_made(project: Path) -> None:
    ended = skyburst("jobs", folder=project, SKYBURST_HOME=str(project / "squares.py"))
    assert ended.returncode == 8
    assert "set SKYBURST_HOME to another one" in ended.stderr


def test_9_a_job_whose_program_was_killed(project: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("run", "naps.py", "--items", "0:9", "--set", "nap=1", "--batch-size", "1", folder=project) as process:
        wait_for_line(process, "batches")
    monkeypatch.setattr("skyburst.homes.waiting.UNDRIVEN_S", 0.3)
    ended = program("watch", "last")
    assert ended.code == 9
    assert "the program that ran it is gone: `skyburst resume naps-" in ended.err
    assert "RUNNING (interrupted)" in program("jobs").out
    assert "the program that ran it is gone" in program("status", "last").out


def test_70_a_mistake_in_skyburst_itself(project: Path) -> None:
    broken = "import skyburst.finding\nskyburst.finding.all_analyses = None\nfrom skyburst.cli.main import main\nmain()"
    ended = subprocess.run(
        [*PROGRAM[:-1], broken, "analyses"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 70
    assert "Traceback" in ended.stderr
    assert ended.stderr.endswith("please report it with the lines above\n")


def test_130_ctrl_c_before_there_is_a_job(project: Path) -> None:
    with running("run", "squares.py", "--items", "-", folder=project, stdin=subprocess.PIPE) as process:
        process.stdin.write("1\n" * 2**17)  # more than a pipe has room for: it reads them when all are written
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert errors.strip() == "skyburst: stopped"


def test_141_nobody_reads_the_output(project: Path) -> None:
    with running("show", "color-depth-search", folder=project) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == 141


def test_each_state_of_a_job_has_an_exit_code_and_each_code_a_meaning() -> None:
    assert set(OF_STATES) == set(JobState)
    assert set(MEANINGS) == set(ExitCode)


class running(subprocess.Popen):  # noqa: N801 - used as a function
    """The program, in the background, and killed at the end of the block."""

    def __init__(self, *arguments: str, folder: Path, stdin: int = subprocess.DEVNULL) -> None:
        super().__init__(
            [*PROGRAM, *arguments], cwd=folder, env=environment(), stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __exit__(self, *details: object) -> None:
        self.kill()
        super().__exit__(*details)


def wait_for_line(process: subprocess.Popen, part: str) -> None:
    for line in process.stderr:
        if part in line:
            return
    raise AssertionError(f"it ended without saying {part!r}")


def wait_until_driven(job_id: str, folder: Path) -> None:
    from skyburst.homes.local.home import LocalHome

    home = LocalHome(Path(os.environ["SKYBURST_HOME"]))
    try:
        eventually(lambda: home.is_driven(job_id) and home.table.job(job_id).state == "RUNNING")
    finally:
        home.close()
