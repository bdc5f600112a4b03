"""Analyses that are small scripts, and jobs of them at home local."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BLUEPRINT = """
blueprint = 1
name = "scripted"
version = "1.0.0"
command = ["bash", "run.sh", "README"]

[environment]
{environment}

[parameters.word]
type = "string"
default = "hello"
"""
Analysis = Callable[..., str]


@pytest.fixture
def analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """Writes an analysis that is a script for bash; its folder."""
    monkeypatch.setenv("SKYBURST_WORKERS", "2")

    def write(script: str, environment: str = "memory_mb = 512\ntimeout_min = 1") -> str:
        folder = tmp_path / "scripted"
        folder.mkdir(exist_ok=True)
        (folder / "blueprint.toml").write_text(BLUEPRINT.format(environment=environment))
        (folder / "run.sh").write_text(script)
        (folder / "README").write_text("a file of the analysis\n")
        return str(folder)

    return write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with data."""
    folder = tmp_path / "data"
    (folder / "session" / "part").mkdir(parents=True)
    (folder / "a.txt").write_text("alpha\n")
    (folder / "b.txt").write_text("beta\n")
    (folder / "session" / "x.txt").write_text("x")
    (folder / "session" / "part" / "y.txt").write_text("yy")
    return folder
