"""A full disk stops a job with a clear error, and nothing that was recorded is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S


# Small partial results lie in the task table, large ones among the objects.
@pytest.mark.parametrize(("size", "result_bytes"), [("2m", 20_000), ("8m", 200_000)], ids=["table", "objects"])
def test_a_job_on_a_full_disk_stops_with_the_remedy_and_resumes_when_there_is_space(
    tmp_path, name_space, size, result_bytes
):
    disk = tmp_path / "disk"
    disk.mkdir()
    program = Path(__file__).with_name("full_disk_program.py")
    command = [*name_space, sys.executable, program, disk, size, str(result_bytes)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    assert "is full: free some space" in found["message"]
    assert 0 < found["done"] < 200
    assert (found["state"], found["interrupted"]) == ("RUNNING", True)
    assert (found["end"], found["complete"]) == ("SUCCEEDED", True)
