"""A disk that is full ends a build with a clear error, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library.samples import write_item

REPOSITORY = Path(__file__).resolve().parents[2]


# The disk gets full among the files, at the last line of the journal, and in the manifest.
@pytest.mark.parametrize("size", ["1m", "2m", "2252k", "2260k"])
def test_a_full_disk_ends_the_build_and_it_continues_when_there_is_space(
    tmp_path: Path, name_space: list[str], size: str
) -> None:
    for number in range(40):
        write_item(tmp_path / "source" / f"{number:02d}.item", content="x" * 50_000)
    (tmp_path / "disk").mkdir()
    ran = subprocess.run(
        [
            *name_space,
            sys.executable,
            "-m",
            "tests.library.full_disk_program",
            tmp_path / "source",
            tmp_path / "disk",
            size,
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert f"the disk of the library {tmp_path}/disk/library is full: free some space" in result["message"]
    assert result["count"] == 40
    assert result["added"] + result["already_there"] == 40
    assert result["stored"] - 1 <= result["already_there"] <= result["stored"]
    assert result["problems"] == []
