"""One deployment, made by `skyburst cloud up`, for all tests of this folder."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skyburst.homes.aws.home import AwsHome
from tests.cli.terminal import PROGRAM, environment
from tests.cli.terminal import skyburst as program
from tests.conftest import REPOSITORY, need
from tests.waiting import PATIENCE_S

READER = Path(__file__).parent / "reader"
INDEXING = REPOSITORY / "tests" / "indexing"
FOLDERS = os.pathsep.join(map(str, (READER.parent, INDEXING)))
BUNDLES = str(REPOSITORY / ".cdk-bundles")
UPLOADS = "reader-uploads"
"""Bucket of submissions."""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def variables() -> Iterator[dict[str, str]]:
    """With which a program speaks to a deployment of four analyses, made by `skyburst cloud up`."""
    need(
        all(importlib.util.find_spec(name) for name in ("moto", "aws_cdk")),
        "the extras `aws` and `cloud` are not installed",
    )
    need(shutil.which("npx") is not None, "there is no Node")
    examples = REPOSITORY / "examples"
    analyses = [examples / "monte_carlo", examples / "word_statistics", READER, INDEXING / "notes_index"]
    chosen = [argument for analysis in analyses for argument in ("--analysis", str(analysis))]
    with subprocess.Popen(
        [*PROGRAM, "cloud", "up", *chosen, "--lanes", "2", "--submission-buckets", f"reader={UPLOADS}", "--json"],
        env=environment(SKYBURST_BUNDLES=BUNDLES, AWS_PROFILE="not-of-this-cloud"), stdout=subprocess.PIPE, text=True,
    ) as up:  # fmt: skip
        assert up.stdout is not None
        line = up.stdout.readline()
        assert line, "the cloud did not come up"
        yield json.loads(line)
        up.send_signal(signal.SIGINT)
        assert up.wait(PATIENCE_S) == 0


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path) -> Run:
    """Runs the program against the deployment."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return program(*arguments, folder=tmp_path, **{**variables, "SKYBURST_PATH": FOLDERS})

    return run


@pytest.fixture
def home(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsHome]:
    """The same for this process."""
    for name, value in {**variables, "SKYBURST_PATH": FOLDERS}.items():
        monkeypatch.setenv(name, value)
    home = AwsHome()
    yield home
    home.close()
