"""Every code sample of the documentation is a file, is shown on a page, and runs."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from examples.color_depth_search.generate import generate_library

DOCS = Path(__file__).resolve().parents[2] / "docs"
SAMPLES = DOCS / "samples"
TIME_LIMIT_S = 120

NEED_IMAGES = {
    "search.sh": "results/matches.html",
    "search_options.sh": "results/matches.html",
    "search.py": "matches.html",
    "library.sh": "12 items, version 2(.|\n)*every file is as it was stored",
    "library_remove.sh": r"10 items, version 2\n1 removed(.|\n)*is as it was stored(.|\n)*deleted the files of 1 item",
    "public_data.sh": "results/matches.html",
    "rank_by_shape.sh": r"variants of 11 items made(.|\n)*ranked by shape: \d+ matches compared",
    "index.sh": r"index: .* of 1 shard",
}
"""Samples that search images, and what they print."""
NEED_NOTHING = {
    "budgets.sh": r"lab1 +anna +- +lifetime +40\.00 +0\.00\d+ +0\.00 +39\.99",
    "careful.py": "gone.txt: FileNotFoundError",
    "cost.sh": r"79\.2999 +79\.2999 +13\.1118(.|\n)*spike-sorting: own hardware for 4,200 USD",
    "duplicates.sh": "photos/a.png",
    "estimate.sh": r"total +0\.\d+ +- +1\.\d+(.|\n)*as 1 earlier job took(.|\n)*On AWS it would have been",
    "environment.sh": "everything works",
    "failures.py": r"\[4, 7\]\nPARTIAL \[4\]",
    "finding.sh": "color-depth-search .*shipped",
    "folders.py": r"\d+ local_cloud\.py",
    "generate.sh": "library example_library .*40 items",
    "handle.py": "400 of 400 batches",
    "job.sh": "100 items in 10 batches",
    "jobs.sh": "the same as before, byte for byte",
    "new_analysis.sh": "2 passed",
    "partial.py": r"5\.2",
    "prices.sh": r"g5\.xlarge +4 +16 +1 +1\.006",
    "serve.sh": r"SUCCEEDED 1 of 1 batches",
    "second_stage.sh": r'\[{"height":0\.890803,"place":\[0\.5513,0\.0\]}',
    "stock_combiners.py": "",
    "testing.sh": "2 passed",
    "webhook.py": "",
}
NEED_CLOUD = {
    "local_cloud.py": r"good/a written\nbad/a AccessDenied\nretries: 1\ndenied: \['arn:aws:s3:::results/bad/a'\]",
}
"""Samples that need the extra `cloud`."""
NEED_A_DEPLOYMENT = {"on_aws.py", "start_execution.py", "start_execution.mjs", "start_execution.sh"}
"""Samples that tests/homes_aws/outside/test_home.py runs, which has one."""
NEED_THE_CDK = {"own_stack.py"}
"""Samples that tests/cdk_app/test_own_stack.py runs."""
USED_BY_OTHERS = {
    "api.py",
    "duplicates.py",
    "hardwarecost.yaml",
    "own_analysis.yaml",
    "testing.py",
    "job.json",
    "pyproject.toml",
    "many_jobs.json",
    "dispatch.json",
    "burst_functions.json",
    "peaks/blueprint.toml",
    "peaks/peaks.py",
    "submit.json",
    "submit_config.yaml",
}
AWS = """#!/bin/sh
# Stands in for the program of Amazon, which this test has no network for: notes what is asked, brings some images.
echo "aws $*" >> asked.txt
if [ "$2" = sync ]; then
    for last in "$@"; do :; done
    mkdir -p "$last" && cp images/*"$(basename "$last")".tif "$last"
fi
"""


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images and masks."""
    folder = tmp_path_factory.mktemp("generated") / "library"
    generate_library(folder, images=12, masks=3, planted=2, jobs=1)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the samples beside two equal photos."""
    folder = tmp_path / "samples"
    shutil.copytree(SAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (folder / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (folder / "photos" / name).write_bytes(b"a photo")
    return folder


@pytest.fixture
def images(folder: Path, generated: Path) -> Path:
    """The samples beside images, masks and a library."""
    shutil.copytree(generated / "images", folder / "images")
    more = folder / "more_images"
    more.mkdir()
    first, *rest = sorted((folder / "images").iterdir())
    first.rename(more / first.name)
    for number, image in enumerate(rest):
        image.rename(image.with_stem(f"{image.stem}-{number % 2 + 1}"))
    names = ("mask.tif", "other_mask.tif", "not_this.tif")
    for name, mask in zip(names, sorted((generated / "masks").iterdir()), strict=True):
        shutil.copy(mask, folder / name)
    return folder


def run(folder: Path, *command: str) -> str:
    """What a sample prints."""
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HOME": str(folder / "home"), "COLUMNS": "200"}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT_S)
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 0, printed
    return printed


def run_sample(folder: Path, name: str) -> str:
    return run(folder, *([sys.executable] if name.endswith(".py") else ["sh", "-eu"]), name)


@pytest.mark.parametrize("name", sorted(NEED_NOTHING))
def test_a_sample_runs_and_prints_what_it_should(folder: Path, name: str) -> None:
    assert re.search(NEED_NOTHING[name], run_sample(folder, name))


@pytest.mark.parametrize("name", sorted(NEED_CLOUD))
def test_a_sample_with_a_cloud_runs_and_prints_what_it_should(folder: Path, name: str) -> None:
    if importlib.util.find_spec("moto") is None:
        reason = "moto is not installed (the extra `cloud`)"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must provide it")
        pytest.skip(reason)
    assert re.search(NEED_CLOUD[name], run_sample(folder, name))


@pytest.mark.parametrize("name", sorted(NEED_IMAGES))
def test_a_sample_on_images_runs_and_prints_what_it_should(images: Path, name: str) -> None:
    if name == "public_data.sh":
        (images / "aws").write_text(AWS)
        (images / "aws").chmod(0o755)
    if name in ("index.sh", "library_remove.sh", "search_options.sh", "search.py"):
        run(images, "skyburst", "library", "build", "images", "library", "--quiet")
    assert re.search(NEED_IMAGES[name], run_sample(images, name))
    if name == "public_data.sh":
        asked = (images / "asked.txt").read_text().splitlines()
        assert len(asked) == 6
        assert all("--no-sign-request" in line and "s3://janelia-flylight-color-depth/" in line for line in asked)


def test_the_quickstart_finds_equal_files(folder: Path) -> None:
    assert run(folder, sys.executable, "duplicates.py", "photos") == "photos/a.png = photos/b.png\n"


def test_the_readme_shows_the_quickstart() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    sample = (SAMPLES / "duplicates.py").read_text(encoding="utf-8").partition("\n\n")[2]
    assert f"```python\n{sample}```\n" in readme


def samples() -> set[str]:
    """All samples, those in folders with the folder."""
    files = (path.relative_to(SAMPLES) for path in SAMPLES.rglob("*") if path.is_file())
    return {file.as_posix() for file in files if "__pycache__" not in file.parts}


def test_every_sample_is_run() -> None:
    run_here = NEED_IMAGES.keys() | NEED_NOTHING.keys() | NEED_CLOUD.keys()
    assert samples() == run_here | NEED_A_DEPLOYMENT | NEED_THE_CDK | USED_BY_OTHERS


def test_every_sample_is_shown_on_a_page() -> None:
    shown = set()
    for page in DOCS.glob("*.md"):
        shown.update(re.findall(r"{literalinclude} samples/(\S+)", page.read_text(encoding="utf-8")))
    assert samples() == shown


def test_pages_have_no_code_that_is_not_run() -> None:
    """Code is included from files; output and layouts are plain text; the command line's page shows how to type."""
    for page in DOCS.glob("*.md"):
        languages = set(re.findall(r"^```(\w+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert languages <= ({"text", "console"} if page.name == "command-line.md" else {"text"}), page.name
