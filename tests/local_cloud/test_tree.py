"""A stack of a CDK app runs from end to end: a tree of functions under their own roles, found by a state machine."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.deploy import Deployed
from tests.local_cloud.conftest import need
from tests.local_cloud.helpers import receive, unique

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory, node: str, worker_id: str) -> Path:
    """What the CDK app writes: once, since that takes ten seconds, for all processes of this run."""
    need(importlib.util.find_spec("aws_cdk") is not None, "aws-cdk-lib is not installed")
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "assembly"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            quiet = {**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
            subprocess.run([sys.executable, HERE / "tree" / "app.py", part], check=True, timeout=120, env=quiet)
            part.rename(folder)
    return folder


@pytest.fixture(scope="module")
def tree(running_cloud: LocalCloud, assembly: Path) -> Deployed:
    return running_cloud.deploy(assembly, "Tree")


def run(cloud: LocalCloud, tree: Deployed, batches: int) -> dict[str, Any]:
    """Run a job and read its result."""
    given = json.dumps({"job": unique("job"), "batches": batches})
    started = cloud.client("stepfunctions").start_execution(stateMachineArn=tree.outputs["MachineOut"], input=given)
    execution = cloud.wait_for_execution(started["executionArn"])
    assert execution["status"] == "SUCCEEDED", execution
    key = json.loads(execution["output"])["key"]
    result: dict[str, Any] = json.loads(
        cloud.client("s3").get_object(Bucket=tree.outputs["BucketOut"], Key=key)["Body"].read()
    )
    return result


def expected(batches: int) -> dict[str, int]:
    return {"batches": batches, "sum": sum(batch * batch for batch in range(batches))}


def test_twenty_workers_write_and_are_combined_with_the_rights_of_their_roles_only(
    cloud: LocalCloud, tree: Deployed
) -> None:
    before = len(cloud.decisions())
    assert run(cloud, tree, 20) == expected(20)
    decisions = [one for one in cloud.decisions()[before:] if "assumed-role" in one.principal]
    assert {one.verdict for one in decisions} == {"allowed"}
    assert {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "lambda:InvokeFunction",
        "s3:PutObject",
    } <= {one.action for one in decisions}
    assert all(one.resource != "*" for one in decisions)


def test_the_result_is_right_when_much_goes_wrong(cloud: LocalCloud, tree: Deployed) -> None:
    worker, table = tree.physical_id("Worker"), tree.physical_id("Tasks")
    cloud.faults.throttle_invokes(worker, 2)
    cloud.faults.deliver_twice(worker, 3)
    cloud.faults.kill_invocation(worker, 2)
    cloud.faults.kill_invocation(worker, 5, at_end=True)
    cloud.faults.throttle_table(table, 2)
    assert run(cloud, tree, 12) == expected(12)
    cloud.wait_for_events()


@pytest.mark.parametrize(
    ("right", "action", "function"),
    [("Recursion", "lambda:InvokeFunction", "Manager"), ("Writing", "dynamodb:PutItem", "Worker")],
)
def test_without_a_right_the_event_ends_in_the_queue_of_failures(
    cloud: LocalCloud, assembly: Path, right: str, action: str, function: str
) -> None:
    stack = cloud.deploy(assembly, f"TreeWithout{right}")
    given = json.dumps({"job": "x", "batches": 5 if right == "Recursion" else 1})
    machine = stack.outputs["MachineOut"]
    states = cloud.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input=given)["executionArn"]
    record = receive(cloud, stack.outputs["FailuresOut"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert stack.physical_id(function) in record["requestContext"]["functionArn"]
    assert "AccessDenied" in record["responsePayload"]["errorMessage"]
    assert action in {one.action for one in cloud.decisions() if one.verdict == "implicitDeny"}
    states.stop_execution(executionArn=execution)
    cloud.destroy(stack.name)
