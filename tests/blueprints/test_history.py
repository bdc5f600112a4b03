"""The history of a blueprint: by its content, once for each, and what changed between two."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.blueprints.comparing import ABSENT, changes
from skyburst.blueprints.content import content, content_digest
from skyburst.blueprints.history import entries, record, recorded
from skyburst.contracts.blueprint import Blueprint, parse_blueprint
from skyburst.errors import Invalid, NotFound, StorageError
from skyburst.finding import find_analysis
from tests.conftest import need

IMAGE = f"lab/denoise@sha256:{'0' * 64}"


def blueprint(**changes: Any) -> Blueprint:
    return parse_blueprint({"blueprint": 1, "name": "one", "version": "1.0.0", "command": ["ls"], **changes}, "here")


def test_the_digest_is_of_what_is_said_not_of_how_or_of_defaults() -> None:
    plain = content_digest(blueprint())
    assert plain == content_digest(blueprint(compute="auto", job={}, next=[], resources={"attempts": 3}))
    assert plain == content_digest(parse_blueprint(blueprint().document(), "here"))
    assert plain != content_digest(blueprint(compute="ec2"))
    assert plain != content_digest(blueprint(parameters="any"))
    assert content(blueprint()) == {"blueprint": 1, "name": "one", "version": "1.0.0", "command": ["ls"]}


def test_changes_are_told_field_by_field() -> None:
    before = blueprint(environment={"memory_mb": 1024}, parameters={"rank": {"type": "number", "default": 1}})
    after = blueprint(environment={"memory_mb": 2048}, parameters={"rank": {"type": "number", "default": 1.0}, "k": {}})
    found = {change.field: (change.before, change.after) for change in changes(before, after)}
    assert found["environment.memory_mb"] == (1024, 2048)
    assert found["parameters.rank.default"] == (1, 1.0)
    assert found["parameters.k"] == (ABSENT, {})
    assert len(found) == 3
    lines = [change.line() for change in changes(before, after)]
    assert "~ environment.memory_mb: 1024 -> 2048" in lines
    assert "+ parameters.k = {}" in lines
    assert changes(before, before) == []
    assert changes(after, before)[1].line() == "- parameters.k = {}"


def test_a_content_is_recorded_once_and_what_happens_to_it_each_time(tmp_path: Path) -> None:
    first = record(tmp_path, blueprint(environment={"image": IMAGE}), how="run", now=1.0)
    assert first is not None
    assert (first.image, first.version, first.at) == (IMAGE, "1.0.0", 1.0)
    assert record(tmp_path, blueprint(environment={"image": IMAGE}), how="run", now=2.0) is None
    assert record(tmp_path, blueprint(environment={"image": IMAGE}), how="deployed", now=3.0) is not None
    assert record(tmp_path, blueprint(version="1.1.0"), how="run", now=4.0) is not None
    assert record(tmp_path, blueprint(version="1.1.0"), how="saved", now=5.0, message="new model") is not None
    assert record(tmp_path, blueprint(environment={"image": IMAGE}), how="run", now=6.0) is not None
    found = entries(tmp_path, "one")
    assert [(entry.how, entry.version, entry.message) for entry in found] == [
        ("run", "1.0.0", ""), ("deployed", "1.0.0", ""), ("run", "1.1.0", ""), ("saved", "1.1.0", "new model"),
        ("run", "1.0.0", ""),
    ]  # fmt: skip
    assert len(list((tmp_path / "blueprints" / "one").glob("*.json"))) == 2


def test_what_was_is_found_by_its_version_or_the_start_of_its_digest(tmp_path: Path) -> None:
    record(tmp_path, blueprint(), how="run", now=1.0)
    record(tmp_path, blueprint(title="later"), how="run", now=2.0)
    assert recorded(tmp_path, "one", "1.0.0").title == "later"
    assert recorded(tmp_path, "one", content_digest(blueprint())[:8]) == blueprint()
    for which in ("2.0.0", "", "ffffffff"):
        with pytest.raises(NotFound, match=r"there is no such version or digest; of one there is recorded: 1.0.0"):
            recorded(tmp_path, "one", which)
    with pytest.raises(Invalid, match="is not the name of an analysis"):
        entries(tmp_path, "../one")


def test_a_damaged_history_is_said_and_not_guessed_at(tmp_path: Path) -> None:
    record(tmp_path, blueprint(), how="run", now=1.0)
    path = tmp_path / "blueprints" / "one" / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(StorageError, match="is damaged"):
        entries(tmp_path, "one")


def test_the_commit_of_the_folder_is_recorded_and_whether_it_was_changed(tmp_path: Path) -> None:
    import shutil

    git = shutil.which("git")
    need(git is not None, "there is no `git`")
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "run.sh").write_text("ls")
    run = ["-c", "user.name=ada", "-c", "user.email=ada@lab.edu"]
    for arguments in (["init", "-q"], ["add", "."], [*run, "commit", "-qm", "first"]):
        subprocess.run([git or "git", "-C", folder, *arguments], check=True, timeout=30)
    clean = record(tmp_path, blueprint(), how="run", now=1.0, folder=folder)
    (folder / "run.sh").write_text("ls -l")
    changed = record(tmp_path, blueprint(), how="saved", now=2.0, folder=folder)
    assert clean is not None
    assert changed is not None
    assert clean.commit is not None
    assert len(clean.commit) == 40
    assert changed.commit == f"{clean.commit}+"
    assert record(tmp_path, blueprint(), how="run", now=3.0, folder=tmp_path).commit is None  # type: ignore[union-attr]


def test_a_job_notes_its_blueprint_and_its_certificate_has_the_digest(tmp_path: Path, state_folder: Path) -> None:
    (tmp_path / "blueprint.toml").write_text(
        'blueprint = 1\nname = "one"\nversion = "1.0.0"\nworker = "code:work"\ncombiner = "code:join"\n'
    )
    (tmp_path / "code.py").write_text(
        "import skyburst\n@skyburst.worker\ndef work(batch): return 1\njoin = skyburst.combiners.total()\n"
    )
    digest = content_digest(find_analysis(str(tmp_path)).blueprint)
    job = skyburst.submit(str(tmp_path), items=[1])
    job.wait()
    (entry,) = entries(state_folder, "one")
    assert (entry.digest, entry.how) == (digest, "run")
    assert job.certificate()["analysis"]["blueprint_digest"] == digest
