"""The changelog keeps up with the version."""

from __future__ import annotations

import re
from pathlib import Path

from skyburst import __version__

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def versions() -> list[str]:
    return re.findall(r"^## \[([^]]+)\]", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_newest_version_of_the_changelog_is_that_of_the_package() -> None:
    assert next(version for version in versions() if version != "Unreleased") == __version__


def test_versions_are_listed_once_and_newest_first() -> None:
    released = [version for version in versions() if version != "Unreleased"]
    assert released == sorted(set(released), key=lambda text: [int(part) for part in text.split(".")], reverse=True)
