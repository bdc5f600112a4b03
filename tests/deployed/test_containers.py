"""Containers of environments start in a deployment, with the rights of their role; the reaper ends what outlived its job."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

import skyburst
from tests.conftest import REPOSITORY
from tests.deployed.conftest import PREFIX, Deployment, scripts
from tests.deployed.world import World


@pytest.fixture
def world(aws: Deployment) -> World:
    """The deployment as these tests ask of it."""
    return World(aws.cloud, aws.outputs)


def submit(world: World, program: str, *, queue: str = f"{PREFIX}-needing", **fields: Any) -> str:
    variables = [{"name": "SKYBURST_PROGRAM", "value": program}, *fields.pop("variables", [])]
    submitted = world.cloud.client("batch").submit_job(
        jobName="by-hand", jobQueue=queue, jobDefinition=f"{PREFIX}-needing",
        containerOverrides={"environment": variables}, **fields,
    )  # fmt: skip
    return str(submitted["jobId"])


def test_a_container_gets_the_code_of_its_analysis_and_has_the_rights_of_its_role(world: World) -> None:
    ended = world.cloud.wait_for_job(submit(world, "analysis.show", queue=f"{PREFIX}-needing-spot"))
    lines = world.cloud.log_of(f"/aws/batch/{PREFIX}-needing", ended["container"]["logStreamName"])
    assert ended["status"] == "SUCCEEDED", lines
    said = json.loads(lines[-1])
    assert said["version"] == skyburst.__version__
    assert str(REPOSITORY) not in said["path"], "only what was deployed is seen"
    assert said["refused"] == ["jobs/J/result.json", "libraries/a"]
    variables = said["variables"]
    assert variables["SKYBURST_BUCKET"] == world.outputs["Bucket"]
    assert variables["SKYBURST_ANALYSIS"] == "needing"
    assert len(variables["SKYBURST_CODE"]) == 64


def test_an_image_with_another_python_is_named(world: World) -> None:
    other = [{"name": "SKYBURST_PYTHON", "value": "3.99"}]
    ended = world.cloud.wait_for_job(submit(world, "platform", variables=other))
    lines = world.cloud.log_of(f"/aws/batch/{PREFIX}-needing", ended["container"]["logStreamName"])
    assert ended["container"]["exitCode"] == 1
    assert "the code of this deployment is for Python 3.99" in lines[-1]


def test_the_reaper_ends_what_outlived_its_job_and_says_so(
    aws: Deployment, world: World, job_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skyburst.homes.aws.deployed import Deployed
    from skyburst.homes.aws.reaper import Reaper

    events = world.listen()
    over, on = f"{job_name}-over", f"{job_name}-on"
    assert aws.run(over, scripts("ok"))["status"] == "SUCCEEDED"
    aws.start(on, scripts(8.0))
    world.until(lambda: world.running(on))
    forgotten = {name: submit_for(world, name) for name in ("gone", over, on)}
    nobodys = submit_for(world, None)
    old, young, other = (run_instance(world, tags) for tags in (
        {"skyburst": PREFIX, "skyburst-develop": "yes", "skyburst-until": str(time.time() + 60)},
        {"skyburst": PREFIX, "skyburst-develop": "yes", "skyburst-until": str(time.time() + 86_400)},
        {"skyburst": "another", "skyburst-develop": "yes", "skyburst-until": "1"},
    ))  # fmt: skip
    answer = world.cloud.client("lambda").invoke(FunctionName=f"{PREFIX}-reap", Payload=b"{}")
    document = json.loads(answer["Payload"].read())
    assert (document["ended"], document["failed"]) == ([], []), "all are young"
    assert document["looked"] >= 6

    role = world.cloud.credentials_of(world.role_of(f"{PREFIX}-reap"))
    for name, value in {**world.cloud.variables(), **role.variables()}.items():
        monkeypatch.setenv(name, value)
    deployed = Deployed(world.outputs["Bucket"], world.outputs["Batches"], world.outputs["Jobs"], PREFIX)
    executions = world.outputs["JobMachine"].replace(":stateMachine:", ":execution:") + ":"
    reaped = Reaper(deployed, [f"{PREFIX}-needing"], executions, clock=lambda: time.time() + 3_600).look()
    assert reaped.failed == []
    assert {one["id"]: one["reason"] for one in reaped.ended} == {
        forgotten["gone"]: "its job gone does not exist",
        forgotten[over]: f"its job {over} has ended SUCCEEDED",
        old: "its lifetime has passed",
    }, "not what works for a job that goes on, what is somebody else's, and what has time left"
    ended = world.cloud.wait_for_job(forgotten[over])
    assert ended["statusReason"] == f"Reaped: its job {over} has ended SUCCEEDED"
    client = world.cloud.client("ec2")
    states = {
        name: client.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]["State"]["Name"]
        for name in (old, young, other)
    }
    assert states == {old: "terminated", young: "running", other: "running"}
    told = [heard for heard in world.heard(events) if heard["detail-type"] == "Skyburst Environment Reaped"]
    assert {heard["detail"]["id"]: heard["detail"]["job"] for heard in told} == {
        forgotten["gone"]: "gone",
        forgotten[over]: over,
        old: None,
    }
    with pytest.raises(Exception, match="is not authorized to perform: ec2:TerminateInstances"):
        world.cloud.client("ec2", role).terminate_instances(InstanceIds=[other])
    client.terminate_instances(InstanceIds=[young, other])
    assert world.unused(f"{PREFIX}-reap") == [], "its role may do nothing else"
    for left in (forgotten[on], nobodys):
        world.cloud.client("batch").terminate_job(jobId=left, reason="the test is over")


def submit_for(world: World, job: str | None) -> str:
    """A job of AWS Batch that waits for a minute, in the name of a job or of nobody; its id."""
    tags = {"owner": "somebody"} if job is None else {"skyburst": PREFIX, "skyburst-job": job, "skyburst-run": "1"}
    submitted = world.cloud.client("batch").submit_job(
        jobName="forgotten", jobQueue=f"{PREFIX}-needing", jobDefinition=f"{PREFIX}-needing", tags=tags,
        containerOverrides={"command": ["python3", "-c", "import time; time.sleep(60)"]},
    )  # fmt: skip
    return str(submitted["jobId"])


def run_instance(world: World, tags: dict[str, str]) -> str:
    """An instance as a developer has it."""
    described = [{"Key": name, "Value": value} for name, value in tags.items()]
    made = world.cloud.client("ec2").run_instances(
        LaunchTemplate={"LaunchTemplateId": world.outputs["DevelopTemplate"]}, InstanceType="c6i.large",
        MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": described}],
    )  # fmt: skip
    return str(made["Instances"][0]["InstanceId"])
