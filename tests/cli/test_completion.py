"""TAB, in the protocol of each shell, and in a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skyburst.cli.bash import joined_at_equals
from tests.cli.conftest import Program
from tests.cli.terminal import PROGRAM, environment
from tests.waiting import PATIENCE_S

BASH = """
source <(skyburst completion bash)
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_skyburst_completion skyburst
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(folder: Path, *words: str) -> list[str]:
    """What zsh is offered for the last word."""
    more = {
        "_SKYBURST_COMPLETE": "zsh_complete",
        "COMP_WORDS": " ".join(["skyburst", *words]),
        "COMP_CWORD": str(len(words)),
    }
    ended = subprocess.run(
        PROGRAM, cwd=folder, env=environment(**more), capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return ended.stdout.split("\n")[1:-1:3]


def test_commands_analyses_and_files_are_completed(project: Path) -> None:
    assert complete(project, "re") == ["resume", "rerun", "result", "retention"]
    assert complete(project, "run", "t") == ["typed"]
    assert complete(project, "run", "s") == ["squares.py"]
    assert complete(project, "show", "color") == ["color-depth-index", "color-depth-search"]


def test_parameters_of_the_analysis_on_the_line_are_completed(project: Path) -> None:
    assert complete(project, "run", "typed", "--set", "m") == ["mode=", "mask="]
    assert complete(project, "run", "typed", "--set", "mode=") == ["mode=fast", "mode=exact"]
    assert complete(project, "run", "typed", "--set", "exact=t") == ["exact=true"]
    assert complete(project, "run", "typed", "--set", "mask=ty") == ["mask=typed/"]
    assert complete(project, "run", "typed", "--set", "mask=typed/c") == ["mask=typed/code.py"]
    assert complete(project, "run", "--set", "m") == []
    assert complete(project, "run", "no-such", "--set", "m") == []


def test_jobs_are_completed(program: Program, project: Path) -> None:
    assert complete(project, "status", "") == ["last"]
    job = Path(program("run", "squares.py", "--items", "0:2", "-q").out.strip()).parent.name
    assert complete(project, "status", "") == ["last", job]
    assert complete(project, "delete", job, "squ") == [job]
    assert complete(project, "status", "x") == []


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_a_real_bash_completes_on_both_sides_of_the_equals_sign(project: Path, tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    script = bin_folder / "skyburst"
    script.write_text(f"#!{sys.executable}\nfrom skyburst.cli.main import main\nmain()\n")
    script.chmod(0o755)
    variables = environment(PATH=f"{bin_folder}{os.pathsep}{os.environ['PATH']}")

    def bash(*words: str) -> list[str]:
        command = ["bash", "--norc", "-c", BASH, "bash", "skyburst", *words]
        ended = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=PATIENCE_S)
        assert ended.stderr == ""
        return ended.stdout.split()

    assert bash("run", "typed", "--set", "mo") == ["mode="]
    # Bash takes words apart at the equals sign, and replaces what comes after it.
    assert bash("run", "typed", "--set", "mode", "=") == ["fast", "exact"]
    assert bash("run", "typed", "--set", "mode", "=", "e") == ["exact"]
    assert bash("run", "typed", "--set", "mode", "=", "fast", "--ba") == ["--batch-size"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(program: Program, shell: str) -> None:
    ended = program("completion", shell)
    assert ended.code == 0
    assert "_SKYBURST_COMPLETE" in ended.out


def test_words_are_joined_at_equals_signs() -> None:
    assert joined_at_equals(["--set", "mask", "=", "a.tif", "--set", "b", "="]) == [
        "--set",
        "mask=a.tif",
        "--set",
        "b=",
    ]
    assert joined_at_equals(["run", "=", ""]) == ["run="]
    assert joined_at_equals([]) == []
