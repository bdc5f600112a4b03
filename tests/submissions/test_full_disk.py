"""A full disk under a watched folder is told to who submitted and to who watches, and ends nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_job_that_a_full_disk_stops_is_told_and_goes_on_when_there_is_room(
    tmp_path: Path, name_space: list[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    program = Path(__file__).with_name("full_disk_program.py")
    ran = subprocess.run(
        [*name_space, sys.executable, program, disk], capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    problem = f"its job stopped: the disk of {disk / 'state'} is full: free some space"
    assert [told.startswith(problem) for told in found["told"]].count(True) == 1, "who watches is told, once"
    assert found["certificate"].count(f"RESOURCE ERROR: {problem}") == 1, "who submitted is told, once"
    assert found["runs"] == 1, "its work is not done again where the disk is as full as before"
    assert found["outcome"].startswith("SUCCEEDED")
    assert found["delivered"] == 30_000_000
