"""A command is tried out by hand: with the folders and variables of a job, in a folder that is kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skyburst.contracts.dataset import DatasetState
from skyburst.environments.trying import Trial
from skyburst.errors import InvalidAnalysis, InvalidItems, StorageError
from skyburst.finding import find_analysis
from tests.cli.conftest import Program, program, project

__all__ = ["program", "project"]

BLUEPRINT = """
blueprint = 1
name = "tries"
version = "1.0.0"
command = ["sh", "run.sh"]
parameters = "any"
[environment]
memory_mb = 512
variables = { MODE = "fast" }
"""
SCRIPT = """
echo "dataset $SKYBURST_DATASET in $MODE mode of $SKYBURST_JOB"
echo "a complaint" >&2
skyburst-env progress 0.5
skyburst-env log "half way"
echo more >> "$SKYBURST_INPUTS/data.txt"
cat "$SKYBURST_INPUTS/data.txt" "$SKYBURST_CONFIG" > "$SKYBURST_RESULTS/both.txt"
[ -e "$SKYBURST_INPUTS/slow.txt" ] && sleep 30
exit $(cat "$SKYBURST_INPUTS/code.txt")
"""


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "tries"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "blueprint.toml").write_text(BLUEPRINT)
    (folder / "run.sh").write_text(SCRIPT)
    for name, text in {"data.txt": "one\n", "code.txt": "0", "slow.txt": ""}.items():
        (tmp_path / name).write_text(text)
    return folder


def trial(analysis: Path, root: Path, *names: str, **item: Any) -> tuple[Trial, list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    made = Trial(find_analysis(str(analysis)), root, lambda stream, line: said.append((stream, line)))
    data = [str(analysis.parents[1] / name) for name in ("data.txt", "code.txt", *names)]
    made.prepare({"data": data, "name": "trial", **item}, {"k": 3})
    return made, said


def test_a_command_runs_as_in_a_job_and_its_folder_is_kept(analysis: Path, tmp_path: Path) -> None:
    made, said = trial(analysis, tmp_path / "kept")
    tried = made.run()
    assert (tried.state, tried.exit_code, tried.results) == (DatasetState.SUCCEEDED, 0, ["both.txt"])
    assert ("out", "dataset trial in fast mode of by-hand") in said
    assert ("err", "a complaint") in said
    assert any(stream == "env" and "half way" in line for stream, line in said)
    assert (tmp_path / "kept" / "results" / "both.txt").read_text().startswith('one\nmore\n{\n  "k": 3')
    assert (tmp_path / "data.txt").read_text() == "one\n"  # data is copied


def test_a_command_that_fails_or_takes_too_long_says_so_and_keeps_its_folder_too(
    analysis: Path, tmp_path: Path
) -> None:
    (tmp_path / "code.txt").write_text("7")
    failed = trial(analysis, tmp_path / "failed")[0].run()
    assert (failed.state, failed.exit_code, failed.results) == (DatasetState.FAILED, 7, ["both.txt"])
    assert "with exit code 7" in failed.reason
    slow = trial(analysis, tmp_path / "slow", "slow.txt")[0].run(timeout_s=1.0)
    assert slow.state is DatasetState.TIMED_OUT
    assert "the 1 s that it may" in slow.reason


def test_what_cannot_be_tried_is_refused(analysis: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not empty"):
        trial(analysis, tmp_path)
    with pytest.raises(InvalidItems, match="config_file"):
        trial(analysis, tmp_path / "a", config_file=3)
    with pytest.raises(InvalidAnalysis, match="'monte-carlo' is not a command"):
        Trial(find_analysis("monte-carlo"), tmp_path / "b", lambda _stream, _line: None)


def test_the_commands_try_save_and_open_a_shell(program: Program, project: Path, analysis: Path) -> None:
    data = [f"--data={project.parent / name}" for name in ("data.txt", "code.txt")]
    ended = program("env", "test", "tries", *data, "--set", "k=4", "--folder", "kept")
    assert ended.code == 0
    assert "dataset trial in fast mode" in ended.out
    assert "a complaint" in ended.err
    assert f"kept in {project / 'kept'}" in ended.err
    assert program("env", "test", "tries", *data, "--folder", "kept").code == 8
    (project.parent / "code.txt").write_text("7")
    assert program("env", "test", "tries", *data, "--config", project.parent / "data.txt").code == 1
    image = f"lab/x@sha256:{'1' * 64}"
    saved = program("env", "save", "tries", "--image", image, "-m", "first")
    assert f"tries 1.0.0: image {image}" in saved.out
    assert "first" in program("blueprint", "history", "tries").out
    assert program("env", "save", "tries").code == 2


def test_a_trial_that_a_submission_would_be_refused_for_is_refused_before_a_folder_is_made(
    program: Program, project: Path, analysis: Path
) -> None:
    declared = '[parameters.sigma]\ntype = "number"\nrequired = true\n'
    (analysis / "blueprint.toml").write_text(BLUEPRINT.replace('parameters = "any"\n', "") + declared)
    data = [f"--data={project.parent / name}" for name in ("data.txt", "code.txt")]
    config = project / "config.yaml"
    for text, refusal in (
        ("sgma: 2\n", "config file config.yaml: parameters.sgma: there is no such parameter; did you mean 'sigma'?"),
        ("sigma: wide\n", 'config file config.yaml: parameters.sigma is "wide": expected number'),
        ("__duration__: 60\n", "config file config.yaml: parameters.sigma is missing"),
        ("sigma: [\n", "config file config.yaml is not YAML"),
    ):
        config.write_text(text)
        refused = program("env", "test", "tries", *data, "--config", config, "--folder", "kept")
        assert (refused.code, (project / "kept").exists()) == (2, False)
        assert refusal in refused.err
    config.write_text("__duration__: 60\nsigma: 2\n")
    assert program("env", "test", "tries", "--data=nothing.txt", "--config", config, "--folder", "kept").code == 6
    assert not (project / "kept").exists()
    assert program("env", "test", "tries", *data, "--config", config, "--folder", "kept").code == 0


def test_a_shell_has_what_the_command_has_and_ends_with_its_own_exit_code(analysis: Path, tmp_path: Path) -> None:
    orders = 'echo "$SKYBURST_DATASET: $(ls $SKYBURST_INPUTS)"\necho kept > $SKYBURST_RESULTS/x\nexit 3\n'
    words = ["env", "develop", str(analysis), f"--data={tmp_path / 'data.txt'}", "--folder", str(tmp_path / "shell")]
    ended = subprocess.run(
        [sys.executable, "-m", "skyburst", *words],
        input=orders,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 3
    assert ended.stdout.startswith("trial: data.txt\n")
    assert "the command is: sh run.sh" in ended.stderr
    assert (tmp_path / "shell" / "results" / "x").read_text() == "kept\n"
