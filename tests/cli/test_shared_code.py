"""Two analyses of one code: one of them has a folder with nothing but a blueprint, beside that of the modules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import skyburst
from skyburst.cli.libraries import describer
from skyburst.contracts.blueprint import digest_of_code
from skyburst.finding import find_analysis
from tests.cli.conftest import Program
from tests.waiting import PATIENCE_S

BLUEPRINT = """
blueprint = 1
name = "{name}"
version = "1.0.0"
worker = "work:{name}"
combiner = "work:total"
"""
CODE = """
import skyburst
from .numbers import ONE

@skyburst.worker
def first(batch):
    return ONE * len(batch.items)

@skyburst.worker
def second(batch):
    if batch.parameters["bad"]:
        raise ValueError("told to fail")
    return 100 * ONE * len(batch.items)

total = skyburst.combiners.total()

def describe(path):
    return ONE
"""


@pytest.fixture
def folders(project: Path) -> tuple[Path, Path]:
    """Folders of the two."""
    first, second = project / "first", project / "second_one"
    for folder in (first, second):
        folder.mkdir()
    (first / "work.py").write_text(CODE)
    (first / "numbers.py").write_text("ONE = 1\n")
    (first / "blueprint.toml").write_text(BLUEPRINT.format(name="first"))
    (second / "blueprint.toml").write_text(
        'code = "../first"\n' + BLUEPRINT.format(name="second") + '[library]\ndescribe = "work:describe"\n'
        '[resources]\nattempts = 1\n[parameters.bad]\ntype = "boolean"\ndefault = false\n'
    )
    return first, second


def test_its_location_is_its_own_and_its_code_that_of_the_other(folders: tuple[Path, Path]) -> None:
    first, second = folders
    for name in ("second", str(second)):
        found = find_analysis(name)
        assert (found.location, found.code) == (second, first)
        reference = found.reference()
        assert (reference["location"], reference["code"]) == (str(second), str(first))
    assert find_analysis("first").code == first
    assert describer(find_analysis("second"))()(Path("any")) == 1


def test_what_counts_for_its_version_is_the_code_and_its_own_blueprint(folders: tuple[Path, Path]) -> None:
    first, second = folders
    digests = [find_analysis("second").reference()["digest"]]
    assert find_analysis("first").reference()["digest"] == digest_of_code(first)
    for changed in (second / "blueprint.toml", first / "numbers.py"):
        changed.write_text(changed.read_text() + "# changed\n")
        digests.append(find_analysis("second").reference()["digest"])
    assert len({*digests, digest_of_code(first)}) == 4
    (second / "notes.txt").write_text("no code")
    assert find_analysis("second").reference()["digest"] == digests[-1]


def test_both_run_and_what_was_changed_between_runs_is_in_the_certificate(folders: tuple[Path, Path]) -> None:
    first, _ = folders
    assert skyburst.run("first", items=range(3)).value == 3
    assert skyburst.run("second", items=range(3)).value == 300
    with pytest.raises(skyburst.JobFailed) as caught:
        skyburst.run("second", items=range(3), parameters={"bad": True})
    (first / "work.py").write_text(CODE.replace("raise ValueError", "print"))
    handle = skyburst.JobHandle(caught.value.job_id)
    assert handle.resume().wait(PATIENCE_S) == "SUCCEEDED"
    analysis = handle.certificate()["analysis"]
    assert analysis["later_digests"] == [find_analysis("second").reference()["digest"]]
    assert handle.result().value == 300


def test_a_job_whose_code_is_gone_cannot_be_resumed(folders: tuple[Path, Path]) -> None:
    first, _ = folders
    with pytest.raises(skyburst.JobFailed) as caught:
        skyburst.run("second", items=range(3), parameters={"bad": True})
    first.rename(first.parent / "renamed")
    with pytest.raises(skyburst.InvalidAnalysis, match=rf"is not at {re.escape(str(first))} any more"):
        skyburst.JobHandle(caught.value.job_id).resume()


def test_the_program_lists_shows_checks_and_reruns_it(
    program: Program,
    folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = folders
    monkeypatch.setattr("skyburst.finding.shipped_folder", lambda: tmp_path / "none")
    (line,) = (line for line in program("analyses").out.splitlines() if line.startswith("second "))
    assert str(second) in line
    assert f"  code      {first}\n" in program("show", "second").out
    assert "  code  " not in program("show", "first").out
    document = json.loads(program("show", "second", "--json").out)
    assert (document["location"], document["code"]) == (str(second), str(first))
    found = {entry["what"]: entry for entry in json.loads(program("doctor", "--json").out)}
    assert found["analysis second"]["verdict"] == "ok", found["analysis second"]
    assert program("run", "second", "--items", "0:3").code == 0
    ended = program("rerun", "last")
    assert ended.code == 0
    assert "the result is the same as before" in ended.err
    assert "differs" not in ended.err


def test_one_whose_code_is_not_there_is_broken(program: Program, folders: tuple[Path, Path]) -> None:
    first, second = folders
    first.rename(first.parent / "renamed")
    (line,) = (line for line in program("analyses").out.splitlines() if line.startswith("second_one "))
    assert "broken: " in line
    assert "code is '../first'" in line
    ended = program("run", str(second), "--items", "0:3")
    assert ended.code == 2
    assert "expected a folder beside" in ended.err
