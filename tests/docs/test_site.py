"""The documentation builds without a warning, and its links within the project lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED = ("sphinx", "furo", "myst_parser", "sphinx_copybutton")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as HTML: what builds it is required in CI, optional elsewhere."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        reason = f"the documentation cannot be built without {', '.join(absent)} (make docs installs them)"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must have them")
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "-b", "html"]
    built = subprocess.run(
        [*command, "-d", str(folder / "doctrees"), str(REPOSITORY / "docs"), str(folder / "html")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert built.returncode == 0, built.stderr
    return folder / "html"


def test_every_page_is_built_without_a_warning(site: Path) -> None:
    pages = {page.stem for page in (REPOSITORY / "docs").glob("*.md")}
    assert pages <= {page.stem for page in site.glob("*.html")}


def test_the_reference_has_every_public_name(site: Path) -> None:
    import skyburst

    text = (site / "python-api.html").read_text(encoding="utf-8")
    described = set(re.findall(r'id="skyburst\.(\w+)"', text))
    elsewhere = {"__version__", "combiners"}
    assert set(skyburst.__all__) - described == elsewhere


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_to_files_lead_to_files(page: str) -> None:
    path = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target
