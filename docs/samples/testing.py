"""Tests of duplicates.py, for pytest: the combiner alone, then a whole job."""

import pytest
from duplicates import duplicates

import skyburst


@pytest.fixture(autouse=True)
def jobs_of_tests_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYBURST_HOME", str(tmp_path / "state"))


def test_equal_files_are_found_in_different_batches():
    partials = [skyburst.PartialResult.of([["d1", "a"], ["d2", "b"]]), skyburst.PartialResult.of([["d1", "c"]])]
    assert duplicates(iter(partials)) == [["a", "c"]]


def test_a_job_finds_files_with_the_same_content(tmp_path):
    for name, text in {"a": "same", "b": "other", "c": "same"}.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in "abc"]
    result = skyburst.run("duplicates.py", items=files, batch_size=1)
    assert result.value == [[files[0], files[2]]]
