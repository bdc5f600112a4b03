"""`doctor`: what it finds on this machine, and what it says of others."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from skyburst.cli.checks import state_folder as checks
from skyburst.cli.checks.state_folder import file_system_of
from tests.cli.conftest import Program

Partition = namedtuple("Partition", "mountpoint fstype")


@pytest.fixture(autouse=True)
def no_shipped_analyses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the checks quick: each analysis is loaded in a process of its own."""
    monkeypatch.setattr("skyburst.finding.shipped_folder", lambda: tmp_path / "none")


def findings(program: Program) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = program("doctor", "--json")
    return ended.code, {entry["what"]: (entry["verdict"], entry["details"]) for entry in json.loads(ended.out)}


def test_everything_is_looked_at_and_a_real_job_runs(program: Program, state_folder: Path) -> None:
    code, found = findings(program)
    assert code == 0, found
    assert list(found) == [
        "Python", "SQLite", "workers", "state folder", "free space", "file system", "analysis typed", "a tiny job",
    ]  # fmt: skip
    assert found["workers"][1].startswith("2 workers of 2,048 MiB")
    assert found["a tiny job"][1].startswith("20 batches in ")
    assert list((state_folder / "scratch").iterdir()) == []
    lines = program("doctor").out.splitlines()
    assert lines[0].startswith("ok       Python: CPython 3.")
    assert lines[-1] == "everything works"


def test_analyses_that_cannot_be_loaded_are_named(program: Program, project: Path) -> None:
    blueprint, code = ((project / "typed" / name).read_text() for name in ("blueprint.toml", "code.py"))
    (project / "staged").mkdir()
    (project / "staged" / "code.py").write_text(code)
    stage = '[second_stage]\ntasks = "code:work"\nworker = "code:compare"\nmerge = "code:work"\n'
    (project / "staged" / "blueprint.toml").write_text(blueprint.replace('"typed"', '"staged"') + stage)
    (project / "typed" / "code.py").write_text("import no_such_module\n")
    (project / "broken").mkdir()
    (project / "broken" / "blueprint.toml").write_text("blueprint = 1\n")
    code, found = findings(program)
    assert code == 1
    assert found["analysis typed"][0] == "failed"
    assert "No module named 'no_such_module'" in found["analysis typed"][1]
    assert found["analysis broken"][0] == "failed"
    assert found["analysis staged"][0] == "failed"
    assert "code:compare: " in found["analysis staged"][1]
    assert "3 of 10 checks failed" in program("doctor").out


def test_a_state_folder_that_cannot_be_used_is_named_with_the_remedy(
    program: Program, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYBURST_HOME", str(project / "squares.py"))
    code, found = findings(program)
    assert code == 1
    assert found["state folder"][0] == "failed"
    assert "set SKYBURST_HOME to another one" in found["state folder"][1]
    assert "a tiny job" not in found


def test_a_number_of_workers_that_is_none_is_named(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYBURST_WORKERS", "0")
    code, found = findings(program)
    assert code == 1
    assert found["workers"] == ("failed", "SKYBURST_WORKERS is '0': expected a whole number from 1")


def test_a_disk_with_little_room_is_a_warning(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LITTLE_BYTES", 10**18)
    code, found = findings(program)
    assert code == 0
    assert found["free space"][0] == "warning"


def test_a_network_file_system_is_found_under_the_deepest_mount_point(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = [Partition("/", "ext4"), Partition(str(tmp_path), "nfs4"), Partition("/elsewhere", "xfs")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounted)
    assert file_system_of(tmp_path / "not" / "there") == "nfs4"
    code, found = findings(program)
    assert code == 1
    assert found["file system"][0] == "failed"
    assert found["file system"][1].startswith("nfs4, a network file system")


def test_of_two_mounts_on_one_point_the_later_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = [Partition("/", "rootfs"), Partition("/", "overlay")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounted)
    assert file_system_of(tmp_path) == "overlay"
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: [])
    assert file_system_of(tmp_path) is None
