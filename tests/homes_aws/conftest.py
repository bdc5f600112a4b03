"""One deployment of the real template for all tests of a process."""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY, need

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

PREFIX = "skyburst"
ANALYSES = ["tests/local/scripted", "examples/monte_carlo", "examples/color_depth_search"]
ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


@dataclass
class Deployment:
    """A deployed stack in a cloud on this machine."""

    cloud: LocalCloud
    outputs: dict[str, str]

    def start(self, name: str, given: dict[str, Any]) -> str:
        """Start an execution of the jobs machine; its ARN."""
        client = self.cloud.client("stepfunctions")
        started = client.start_execution(stateMachineArn=self.outputs["JobMachine"], name=name, input=json.dumps(given))
        return str(started["executionArn"])

    def run(self, name: str, given: dict[str, Any], timeout_s: float = 90) -> dict[str, Any]:
        """Run an execution to its end."""
        return self.cloud.wait_for_execution(self.start(name, given), timeout_s)

    def object(self, key: str) -> bytes:
        """An object of the deployment's bucket."""
        body: bytes = self.cloud.client("s3").get_object(Bucket=self.outputs["Bucket"], Key=key)["Body"].read()
        return body

    def result(self, name: str) -> Any:
        """The result of a job."""
        return json.loads(self.object(f"jobs/{name}/result.json"))

    def put(self, key: str, data: bytes) -> str:
        """Store an object; its URL."""
        self.cloud.client("s3").put_object(Bucket=self.outputs["Bucket"], Key=key, Body=data)
        return f"s3://{self.outputs['Bucket']}/{key}"

    def table(self) -> Any:
        """The task table, as the administrator sees it."""
        from skyburst.homes.aws.task_table import DynamoTaskTable

        return DynamoTaskTable(self.cloud.client("dynamodb"), self.outputs["Batches"], self.outputs["Jobs"])


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The stack with three analyses, as the app makes it, deployed into the cloud with IAM enforced."""
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(importlib.util.find_spec("moto") is not None, "moto is not installed (the extra `cloud`)")
    need(shutil.which("node") is not None, "there is no `node`, which the CDK runs on")
    from cdk_app.app import make_app
    from skyburst.local_cloud import LocalCloud

    assembly = tmp_path_factory.mktemp("assembly")
    context = {
        "prefix": PREFIX,
        "analyses": [str(REPOSITORY / analysis) for analysis in ANALYSES],
        "architecture": ARCHITECTURES.get(platform.machine(), "x86_64"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "lanes": 2,
        "children": 8,
        "cache": str(REPOSITORY / ".cdk-bundles"),
    }
    make_app(context, outdir=str(assembly)).synth()
    with LocalCloud() as cloud:
        yield Deployment(cloud, cloud.deploy(assembly, PREFIX).outputs)


@pytest.fixture
def aws(deployed: Deployment) -> Iterator[Deployment]:
    """The deployment, with no faults before and after the test."""
    deployed.cloud.faults.clear()
    yield deployed
    deployed.cloud.faults.clear()


@pytest.fixture
def job_name(request: pytest.FixtureRequest) -> str:
    """A name for the execution of a test."""
    return f"{request.node.name[5:60].replace('[', '-').replace(']', '')}-{time.time_ns() % 10**9}"


def scripts(*entries: Any, **fields: Any) -> dict[str, Any]:
    """A job whose batches do what they are told to, one script each."""
    parameters = {"scripts": list(entries), **fields.pop("parameters", {})}
    return {"analysis": "scripted", "batch_size": 1, "parameters": parameters, **fields}
