"""One deployment of the real template for all tests of a process."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import REPOSITORY, need
from tests.deployed.burst_functions import BURST_FUNCTIONS, make_functions
from tests.deployed.world import World, context
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from skyburst.local_cloud import LocalCloud

PREFIX = "skyburst"
HOOK_SECRET = "0123456789abcdef0123456789abcdef"
"""What web hooks are signed with."""
EXAMPLES = ("monte_carlo", "color_depth_search", "color_depth_index")
CHAIN = ("splits", "counts")
ANALYSES = [
    "tests/local/scripted",
    "tests/local/staged",
    "tests/cdk_app/needing",
    "tests/local/away",
    "tests/local/falling",
    "tests/deployed/words",
    "tests/submissions/uploaded",
    *(f"tests/following/{name}" for name in CHAIN),
    *(f"examples/{name}" for name in EXAMPLES),
]


@dataclass
class Deployment:
    """A deployed stack in a cloud on this machine."""

    cloud: LocalCloud
    outputs: dict[str, str]

    def start(self, name: str, given: dict[str, Any], machine: str = "JobMachine") -> str:
        """Start an execution of the jobs machine, or of another one; its ARN."""
        client = self.cloud.client("stepfunctions")
        started = client.start_execution(stateMachineArn=self.outputs[machine], name=name, input=json.dumps(given))
        return str(started["executionArn"])

    def run(
        self, name: str, given: dict[str, Any], timeout_s: float = PATIENCE_S, machine: str = "JobMachine"
    ) -> dict[str, Any]:
        """Run an execution to its end."""
        return self.cloud.wait_for_execution(self.start(name, given, machine), timeout_s)

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
def deployed(running_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The stack with its analyses, as the app makes it, deployed into the cloud with IAM enforced."""
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed (the extra `aws`)")
    need(shutil.which("node") is not None, "there is no `node`, which the CDK runs on")
    from cdk_app.app import make_app

    assembly = tmp_path_factory.mktemp("assembly")
    analyses = [str(REPOSITORY / analysis) for analysis in ANALYSES]
    account = f"{running_cloud.region}:{running_cloud.account}"
    secret = running_cloud.client("secretsmanager").create_secret(Name="hooks", SecretString=HOOK_SECRET)
    chosen = context(
        prefix=PREFIX, analyses=analyses, lanes=2, children=8, burst_functions=BURST_FUNCTIONS, drift_check="daily",
        submission_buckets={"uploaded": "", "words": "", "splits": ""}, submission_origins=["https://example.org"],
        mail_from="sky@example.org", notify_topics=[f"arn:aws:sns:{account}:ends"], private_webhooks="yes",
        webhook_secret=secret["ARN"],
    )  # fmt: skip
    make_app(chosen, outdir=str(assembly)).synth()
    outputs = running_cloud.deploy(assembly, PREFIX).outputs
    make_functions(running_cloud, outputs["Batches"])
    yield Deployment(running_cloud, outputs)
    running_cloud.destroy(PREFIX)


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


@pytest.fixture(scope="session")
def guarded_assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What synth writes for the deployment of the tests of permissions: one analysis, and everything that watches."""
    from cdk_app.app import make_app

    folder = tmp_path_factory.mktemp("guarded")
    chosen = context(prefix="guarded", monitoring="full", alarm_email="operator@example.org")
    make_app(chosen, outdir=str(folder)).synth()
    return folder


@pytest.fixture(scope="module")
def world(running_cloud: LocalCloud, guarded_assembly: Path) -> Iterator[World]:
    """A deployment in which nothing has run."""
    yield World(running_cloud, dict(running_cloud.deploy(guarded_assembly, "guarded").outputs))
    running_cloud.destroy("guarded")


@pytest.fixture(scope="session")
def node() -> str:
    """The command that runs JavaScript."""
    found = shutil.which("node")
    need(found is not None, "there is no `node`")
    return found or ""
