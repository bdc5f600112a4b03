"""One cloud for all tests of a process. What the machine lacks skips locally and fails in CI."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import need

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud
    from tests.local_cloud.web_world import World


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


@pytest.fixture(scope="session")
def web_world(running_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory, node: str) -> World:
    """A stack with everything that people reach with a browser."""
    from tests.local_cloud.web_world import deploy_world

    return deploy_world(running_cloud, tmp_path_factory.mktemp("web"))


@pytest.fixture
def world(web_world: World, cloud: LocalCloud) -> World:
    """The same, with no faults."""
    return web_world
