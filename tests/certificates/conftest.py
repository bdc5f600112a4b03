"""An analysis that reads a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import program, project

__all__ = ["program", "project"]
READS = """
import pathlib
import skyburst

@skyburst.worker
def read(batch):
    return len(pathlib.Path(batch.parameters["data"]).read_bytes())

total = skyburst.combiners.total()
"""
BLUEPRINT = """
blueprint = 1
name = "reads"
version = "1.0.0"
worker = "code:read"
combiner = "code:total"
[parameters.data]
type = ["string", "array"]
format = "path"
required = true
[parameters.scale]
type = "number"
default = 0.5
"""


@pytest.fixture
def reads(project: Path) -> Path:
    """An analysis that reads a file, beside it."""
    folder = project / "reads"
    folder.mkdir()
    (folder / "blueprint.toml").write_text(BLUEPRINT)
    (folder / "code.py").write_text(READS)
    (project / "data.bin").write_bytes(b"measured")
    return folder
