"""One cloud for all tests of a process. What the machine lacks skips locally and fails in CI."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import need

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    """The one cloud of this process."""
    from skyburst.local_cloud import LocalCloud, Settings

    with LocalCloud(settings=Settings(retry_delays_s=(0.05, 0.1))) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The cloud, with no faults before and after the test."""
    running_cloud.faults.clear()
    yield running_cloud
    running_cloud.faults.clear()


@pytest.fixture(scope="session")
def node() -> str:
    """The command that runs JavaScript."""
    found = shutil.which("node")
    need(found is not None, "there is no `node`")
    return found or ""
