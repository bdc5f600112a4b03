"""The locked versions are fit to be installed anywhere, and cover what the project asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = {"run": [], **PROJECT["dependency-groups"]}
LOCKS = sorted((REPOSITORY / "requirements").glob("*.txt"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", name.strip())[0]).lower()


def locked(path: Path) -> dict[str, str]:
    """Text of each requirement by name."""
    text = "\n".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    )
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    return {normal(entry): entry for entry in entries}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_version_is_exact_and_has_hashes_and_no_address(path: Path) -> None:
    for name, entry in locked(path).items():
        assert re.match(r"\S+==\S+", entry), name
        assert "--hash=sha256:" in entry, name
    assert "://" not in path.read_text(encoding="utf-8")
    assert "index-url" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("group", GROUPS)
def test_every_dependency_is_locked(group: str) -> None:
    wanted = {normal(name) for name in [*PROJECT["project"]["dependencies"], *GROUPS[group]]}
    assert wanted <= locked(REPOSITORY / "requirements" / f"{group}.txt").keys()


def test_what_builds_the_package_is_locked() -> None:
    wanted = {normal(name) for name in PROJECT["build-system"]["requires"]}
    assert wanted <= locked(REPOSITORY / "requirements" / "build.txt").keys()
