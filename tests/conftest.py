"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud
    from tests.homes_aws.dynamodb import Tables

REPOSITORY = Path(__file__).resolve().parent.parent
settings.register_profile(
    "skyburst",
    max_examples=50,  # of the properties that do not say how many they need
    deadline=None,  # other tests run beside these: no time is a claim
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("skyburst")
SHARING = ("tests/deployed/", "tests/homes_aws/outside/", "tests/cdk_app/")
"""Folders of tests that share something that takes long to make."""
BY_FILE = ("tests/web_client/",)
"""Folders in which the tests of a file share something."""
ELSEWHERE = {
    "tests/deployed/test_permissions.py": "permissions",
    "tests/deployed/test_page.py": "page",
    "tests/deployed/test_client.py": "client",
    **{
        f"tests/deployed/test_{name}.py": "environments"
        for name in (
            "budgets",
            "containers",
            "drift",
            "environments",
            "following",
            "notifications",
            "retention",
            "submissions",
        )
    },
}
"""Files among these that have a deployment of their own, or make the same one once more: so they need not wait for the others,
which mostly wait themselves."""
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def need(present: bool, reason: str) -> None:
    """Skip a test for a reason, or fail it in CI."""
    if not present and os.environ.get("CI"):
        pytest.fail(f"{reason}; CI must provide it")
    if not present:
        pytest.skip(reason)


def needed(module: str) -> Any:
    """A module of a package that the tests lock: where it is missing the test is skipped, and fails in CI."""
    need(
        importlib.util.find_spec(module.partition(".")[0]) is not None,
        f"{module} is not installed; `make test` does that",
    )
    return importlib.import_module(module)


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


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests that share a deployment run in one process, so that it is made once; all others wherever there is room."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file in ELSEWHERE:
                return ELSEWHERE[file]
            if file.startswith(BY_FILE):
                return file
            return str(Path(file).parent) if file.startswith(SHARING) else nodeid

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    """The one cloud of this process: there can be no second one."""
    need(importlib.util.find_spec("moto") is not None, "moto is not installed (the extra `cloud`)")
    from skyburst.local_cloud import BatchSettings, LocalCloud, Settings

    of_batch = BatchSettings(idle_s=0.3, stop_s=2.0, shortest_timeout_s=1)
    with LocalCloud(settings=Settings(retry_delays_s=(0.05, 0.1)), batch_settings=of_batch) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def dynamodb_address() -> Iterator[str]:
    """Where DynamoDB and S3 can be reached: in a program of its own, because a local cloud changes moto in its process."""
    need(importlib.util.find_spec("moto") is not None, "moto is not installed (the extra `cloud`)")
    command = [sys.executable, "-m", "tests.homes_aws.dynamodb"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        yield server.stdout.readline().strip()
        server.stdin.close()  # which ends it


@pytest.fixture
def bucket(dynamodb_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of an empty bucket, which this process reaches."""
    from tests.homes_aws.dynamodb import CREDENTIALS, REGION

    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": dynamodb_address}.items():
        monkeypatch.setenv(name, value)
    import boto3

    client = boto3.client("s3", region_name=REGION, endpoint_url=dynamodb_address)
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    client.close()
    return f"s3://{name}"


@pytest.fixture
def dynamodb_tables(dynamodb_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """The two empty tables of a task table."""
    from tests.homes_aws.dynamodb import CREDENTIALS, new_tables

    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with new_tables(dynamodb_address) as tables:
        yield tables
