"""Tests of the analysis: its functions alone, then a whole job."""

from __future__ import annotations

from pathlib import Path

import pytest

import skyburst

FOLDER = Path(__file__).resolve().parent


@pytest.fixture(autouse=True)
def _state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the jobs of tests apart from yours."""
    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path))


def test_a_job_finds_the_longest_paths() -> None:
    result = skyburst.run(str(FOLDER), parameters={"numbers": 30, "keep": 2}, batch_size=10)
    assert result.value == [{"number": 27, "steps": 111}, {"number": 25, "steps": 23}]
    assert result.files["longest.csv"].read_text() == "number,steps\n27,111\n25,23\n"


def test_items_can_be_given() -> None:
    result = skyburst.run(str(FOLDER), parameters={"keep": 1}, items=[6, 7, 8])
    assert result.value == [{"number": 7, "steps": 16}]
