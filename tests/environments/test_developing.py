"""A shell in a container: kept when it ends, saved as an image, listed, and removed.

The engine is a program that keeps its containers in a file; a real one is called with the same words.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program, program, project

__all__ = ["program", "project"]

IMAGE = f"lab/tries@sha256:{'1' * 64}"
BLUEPRINT = f"""
blueprint = 1
name = "tries"
version = "1.0.0"
command = ["sh", "run.sh"]
[environment]
memory_mb = 512
image = "{IMAGE}"
"""
ENGINE = f"""#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
case "$1" in
version) echo fine ;;
ps) [ -e "$here/there" ] && printf 'tries\\tskyburst-develop-tries\\tlab/tries\\tExited (0)\\n' ;;
run) touch "$here/there"; exit 3 ;;
start) exit 4 ;;
rm) rm "$here/there" ;;
image) echo "{IMAGE.replace("1", "2")}" ;;
esac
true
"""


@pytest.fixture
def engine(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine's folder, first on the PATH; the analysis has an image."""
    folder = tmp_path / "engine"
    folder.mkdir()
    (folder / "docker").write_text(ENGINE)
    (folder / "podman").write_text("#!/bin/sh\nexit 1\n")
    for name in ("docker", "podman"):
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    (project / "tries").mkdir()
    (project / "tries" / "blueprint.toml").write_text(BLUEPRINT)
    (project / "tries" / "run.sh").write_text("ls\n")
    return folder


def calls(engine: Path, word: str) -> list[str]:
    return [line for line in (engine / "calls").read_text().splitlines() if line.split()[0] == word]


def test_a_shell_in_a_container_is_kept_gone_on_with_saved_and_removed(
    program: Program, project: Path, engine: Path
) -> None:
    assert program("env", "list").out == "there are none\n"
    ended = program("env", "develop", "tries", "--folder", "shell")
    assert ended.code == 3
    assert "the container skyburst-develop-tries stays" in ended.err
    (run,) = calls(engine, "run")
    assert "--interactive" in run
    assert "--name skyburst-develop-tries" in run
    assert "--label skyburst.develop=tries" in run
    assert "--user 0:0" in run
    assert IMAGE in run
    listed = program("env", "list").out.splitlines()
    assert listed[1].split()[:2] == ["skyburst-develop-tries", "tries"]
    again = program("env", "develop", "tries")
    assert (again.code, len(calls(engine, "run"))) == (4, 1)
    assert calls(engine, "start") == ["start --attach --interactive skyburst-develop-tries"]
    saved = program("env", "save", "tries", "--push", "lab/tries:2", "-m", "with a new package")
    assert saved.code == 0
    assert calls(engine, "commit") == ["commit skyburst-develop-tries lab/tries:2"]
    assert IMAGE.replace("1", "2") in (project / "tries" / "blueprint.toml").read_text()
    assert program("env", "stop", "tries", "--yes").code == 0
    assert program("env", "list").out == "there are none\n"
    assert program("env", "stop", "tries", "--yes").code == 6
    assert "has no Dockerfile, and no container" in program("env", "save", "tries", "--push", "lab/tries:3").err


def test_nobody_is_asked_whether_to_end_what_is_not_there(program: Program, engine: Path) -> None:
    ended = program("env", "stop", "nothing")
    assert ended.code == 6
    assert "'nothing' is not developed in a container here: `skyburst env list` lists those that are" in ended.err
    assert "What is not saved" not in ended.err


def test_what_is_asked_about_is_left_alone_without_an_answer(program: Program, engine: Path) -> None:
    (engine / "there").touch()
    ended = program("env", "stop", "tries")
    assert "end the environment skyburst-develop-tries? What is not saved is gone" in ended.err
    assert (engine / "there").exists()
    assert program("env", "stop", "tries", "--yes").code == 0
    assert not (engine / "there").exists()


def test_a_recipe_is_built_where_there_is_one(program: Program, project: Path, engine: Path) -> None:
    (project / "tries" / "Dockerfile").write_text("FROM scratch\n")
    assert program("env", "save", "tries", "--push", "lab/tries:2").code == 0
    (built,) = calls(engine, "build")
    assert built.endswith(f"--tag lab/tries:2 {project / 'tries'}")


def test_without_an_engine_there_are_no_containers_and_it_is_said_why(program: Program, engine: Path) -> None:
    (engine / "docker").write_text("#!/bin/sh\nexit 1\n")
    ended = program("env", "list")
    assert (ended.code, ended.out) == (0, "there are none\n")
    assert "note: there is no container engine: docker does not answer (exit code 1)" in ended.err
    assert json.loads(program("env", "list", "--json").out) == []
