"""One deployment of the real template in a cloud on this machine, for the tests that run in it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.homes_aws.world import World

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

HERE = Path(__file__).parent


def need(present: bool, reason: str) -> None:
    """Skip a test for a reason, or fail it in CI."""
    if not present and os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must provide it")
    if not present:
        pytest.skip(reason)


def context(**more: object) -> dict[str, object]:
    """What this machine can run: its own Python and processor."""
    return {
        "architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "lanes": 1,
        "analyses": [str(HERE / "acting")],
        "cache": os.environ.get("SKYBURST_BUNDLES", str(Path(__file__).parents[2] / ".cdk-bundles")),
        **more,
    }


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What synth writes."""
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(shutil.which("node") is not None, "there is no `node`")
    from cdk_app.app import make_app

    folder = tmp_path_factory.mktemp("assembly")
    make_app(context(monitoring="full", alarm_email="operator@example.org"), str(folder)).synth()
    return folder


@pytest.fixture(scope="module")
def world(assembly: Path) -> Iterator[World]:
    """A deployment, in which nothing has run."""
    need(importlib.util.find_spec("moto") is not None, "moto is not installed (the extra `cloud`)")
    from skyburst.local_cloud import LocalCloud

    cloud: LocalCloud
    with LocalCloud() as cloud:
        yield World(cloud, dict(cloud.deploy(assembly, "skyburst").outputs))
