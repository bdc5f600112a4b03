"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.homes_aws.dynamodb import Tables

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def need(present: bool, reason: str) -> None:
    """Skip a test for a reason, or fail it in CI."""
    if not present and os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must provide it")
    if not present:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def color_depth_data() -> Path:
    """The folder of real color-depth images: required in CI, optional elsewhere."""
    folder = SHARED_DATA / "color_depth"
    need(folder.is_dir(), f"the real images are not at {folder}")
    return folder


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a state folder of its own."""
    folder = tmp_path / "skyburst-home"
    monkeypatch.setenv("SKYBURST_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def name_space() -> list[str]:
    """A command before which another may mount a disk of its own: required in CI, optional elsewhere."""
    command = ["unshare", "--map-root-user", "--mount"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = f"a disk cannot be mounted for this test: {error}"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}; CI must permit it")
        pytest.skip(reason)
    return command


@pytest.fixture(scope="session")
def dynamodb_address() -> Iterator[str]:
    """Where DynamoDB can be reached."""
    from tests.homes_aws.dynamodb import serving

    with serving() as address:
        yield address


@pytest.fixture
def dynamodb_tables(dynamodb_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """The two empty tables of a task table."""
    from tests.homes_aws.dynamodb import CREDENTIALS, new_tables

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with new_tables(dynamodb_address) as tables:
        yield tables
