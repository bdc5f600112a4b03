"""The benchmark of the raw search runs, and its plain transcription finds the same scores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_benchmark_compares_equal_scores_and_prints_speeds_and_stages(color_depth_data):
    command = [sys.executable, "-m", "benchmarks.raw_search", str(color_depth_data / "library"), "--repeat", "1"]
    mask = color_depth_data / "masks" / "12191_JRC2018U.tif"
    run = subprocess.run(
        [*command, "--mask", str(mask), "--xy-shift", "4"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "the scores of all 2 images are equal; 2 are above 0" in run.stdout
    for line in ("plain numpy", "skyburst", "skyburst is faster", "decode the rows", "count matches"):
        assert line in run.stdout
