"""Environments in the template: what they are made of, and what they may do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_app.bundle import C_LIBRARIES
from skyburst.errors import InvalidJob
from tests.deployed.world import IMAGE, context

Template = dict[str, Any]
HERE = Path(__file__).parent
PREFIX = "envs"
BLUEPRINT = """
blueprint = 1
name = "graphic"
version = "1.0.0"
command = ["true"]

[environment]
gpus = 1
memory_mb = 14000
instance_types = ["g4dn.2xlarge", "g5.2xlarge", "g6"]
max_concurrent = 3
ami = "ami-0123456789abcdef0"
image = "example.org/mine@sha256:{digest}"
"""
FREE_WHEN_IDLE = {
    "AWS::Batch::ComputeEnvironment", "AWS::Batch::JobDefinition", "AWS::Batch::JobQueue", "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate", "AWS::EC2::Route", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC", "AWS::EC2::VPCEndpoint", "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::InstanceProfile",
}  # fmt: skip
"""An address costs money only while an instance has it."""


@pytest.fixture(scope="module")
def assembly(synth: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What synth writes for an analysis of a function, a command, and one that needs GPUs."""
    graphic = tmp_path_factory.mktemp("graphic")
    (graphic / "blueprint.toml").write_text(BLUEPRINT.replace("{digest}", "1" * 64), encoding="utf-8")
    analyses = [HERE.parent / "deployed" / "acting", HERE / "needing", graphic]
    return synth(prefix=PREFIX, monitoring="alarms", analyses=",".join(map(str, analyses)))


@pytest.fixture(scope="module")
def template(assembly: Path) -> Template:
    found: Template = json.loads((assembly / f"{PREFIX}.template.json").read_text(encoding="utf-8"))
    return found


def properties(template: Template, kind: str) -> list[dict[str, Any]]:
    return [found["Properties"] for found in template["Resources"].values() if found["Type"] == kind]


def test_a_deployment_without_such_analyses_has_nothing_of_it(synth: Callable[..., Path]) -> None:
    text = (synth() / "skyburst.template.json").read_text(encoding="utf-8")
    kinds = {found["Type"] for found in json.loads(text)["Resources"].values()}
    assert not kinds & FREE_WHEN_IDLE
    assert "batch:" not in text
    assert "DevelopTemplate" not in text


def test_nothing_of_it_costs_money_while_nothing_runs(template: Template) -> None:
    kinds = {found["Type"] for found in template["Resources"].values()}
    assert kinds >= FREE_WHEN_IDLE
    assert {kind for kind in kinds if kind.startswith(("AWS::EC2", "AWS::Batch"))} <= FREE_WHEN_IDLE
    for environment in properties(template, "AWS::Batch::ComputeEnvironment"):
        assert environment["ComputeResources"]["MinvCpus"] == 0
        assert "DesiredvCpus" not in environment["ComputeResources"]
    services = [json.dumps(one["ServiceName"]) for one in properties(template, "AWS::EC2::VPCEndpoint")]
    assert [one.rpartition(".")[2][:8] for one in services] == ['s3"]]}', "dynamodb"]
    assert {one["VpcEndpointType"] for one in properties(template, "AWS::EC2::VPCEndpoint")} == {"Gateway"}


def test_nothing_reaches_in_and_disks_and_metadata_are_guarded(template: Template) -> None:
    (group,) = properties(template, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert not any(found["Type"].endswith("Ingress") for found in template["Resources"].values())
    for one in properties(template, "AWS::EC2::LaunchTemplate"):
        data = one["LaunchTemplateData"]
        (disk,) = data["BlockDeviceMappings"]
        assert (disk["Ebs"]["Encrypted"], disk["Ebs"]["VolumeType"]) == (True, "gp3")
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert "KeyName" not in data
        for tags in data["TagSpecifications"]:
            assert {"Key": "skyburst", "Value": PREFIX} in tags["Tags"]


def test_spare_instances_come_first_where_they_are_asked_for_and_those_on_demand_follow(template: Template) -> None:
    resources = template["Resources"]
    for queue in properties(template, "AWS::Batch::JobQueue"):
        order = sorted(queue["ComputeEnvironmentOrder"], key=lambda entry: entry["Order"])
        kinds = [resources[one["ComputeEnvironment"]["Ref"]]["Properties"]["ComputeResources"] for one in order]
        spot = queue["JobQueueName"].endswith("-spot")
        assert [one["Type"] for one in kinds] == (["SPOT", "EC2"] if spot else ["EC2"])
        assert all(one["AllocationStrategy"].startswith("SPOT_PRICE_CAP") for one in kinds if one["Type"] == "SPOT")
        assert ("JobStateTimeLimitActions" in queue) is spot


def test_an_analysis_gets_what_its_blueprint_asks_for(template: Template) -> None:
    definitions = {one["JobDefinitionName"]: one for one in properties(template, "AWS::Batch::JobDefinition")}
    assert set(definitions) == {f"{PREFIX}-needing", f"{PREFIX}-graphic"}
    needing = definitions[f"{PREFIX}-needing"]
    amounts = {one["Type"]: one["Value"] for one in needing["ContainerProperties"]["ResourceRequirements"]}
    assert amounts == {"VCPU": "4", "MEMORY": "12000"}
    assert needing["ContainerProperties"]["Image"] == IMAGE
    assert needing["Timeout"] == {"AttemptDurationSeconds": 90 * 60 + 900}
    assert needing["RetryStrategy"] == {
        "Attempts": 4,
        "EvaluateOnExit": [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "EXIT", "OnReason": "*"},
        ],
    }
    assert needing["PropagateTags"] is True
    graphic = definitions[f"{PREFIX}-graphic"]["ContainerProperties"]
    assert {"Type": "GPU", "Value": "1"} in graphic["ResourceRequirements"]
    assert graphic["Image"].startswith("example.org/mine@sha256:1")
    assert "Privileged" not in graphic


def test_instances_are_those_that_hold_a_batch_or_those_that_are_named(template: Template) -> None:
    found = [one["ComputeResources"] for one in properties(template, "AWS::Batch::ComputeEnvironment")]
    of_needing = [one for one in found if one["InstanceTypes"][0].startswith("m6i")]
    assert [one["MaxvCpus"] for one in of_needing] == [20, 20], "five batches, each on one of four processors"
    with_gpus = [one for one in found if one not in of_needing]
    assert [one["InstanceTypes"] for one in with_gpus] == [
        *[["g4dn.2xlarge", "g5.2xlarge", "g6"]] * 2, *[["g4dn.2xlarge"]] * 2, *[["g5.2xlarge"]] * 2,
    ]  # fmt: skip
    for one in with_gpus:
        assert one["Ec2Configuration"] == [
            {"ImageType": "ECS_AL2023_NVIDIA", "ImageIdOverride": "ami-0123456789abcdef0"}
        ]
    disks = [one["LaunchTemplateData"] for one in properties(template, "AWS::EC2::LaunchTemplate")]
    assert {one["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] for one in disks} == {50, 30, 60}


def test_the_planner_knows_queues_and_definitions_and_an_analysis_in_environments_has_no_workers(
    assembly: Path, template: Template
) -> None:
    (registry, *_) = [json.loads(path.read_text()) for path in assembly.glob("asset.*/registry.json")]
    assert registry["needing"]["lanes"] == 0
    queues = {"on_demand": f"{PREFIX}-needing", "spot": f"{PREFIX}-needing-spot"}
    assert registry["needing"]["environment"] == {"queues": queues, "definition": f"{PREFIX}-needing"}
    by_type = registry["graphic"]["environment"]["instance_types"]
    assert by_type["g5.2xlarge"]["spot"] == f"{PREFIX}-graphic-g5-2xlarge-spot"
    assert set(by_type) == {"g4dn.2xlarge", "g5.2xlarge"}
    assert "environment" not in registry["acting"]
    named = {one["FunctionName"] for one in properties(template, "AWS::Lambda::Function")}
    assert f"{PREFIX}-needing-combiner" in named
    assert not any(name.startswith(f"{PREFIX}-needing-worker") for name in named)
    assert f"{PREFIX}-acting-worker-0" in named
    deployed = {one["JobQueueName"] for one in properties(template, "AWS::Batch::JobQueue")}
    (reaped, *_) = [json.loads(path.read_text()) for path in assembly.glob("asset.*/queues.json")]
    assert set(reaped) == deployed


def test_jobs_of_batch_are_submitted_by_the_watcher_only_and_to_the_deployment_only(template: Template) -> None:
    allowing: dict[str, list[dict[str, Any]]] = {}
    for name, found in template["Resources"].items():
        if found["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
            for statement in found["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                for action in actions:
                    if action.startswith(("batch:", "ec2:")):
                        allowing.setdefault(action, []).append({**statement, "in": name[:-8]})
    assert [one["in"] for one in allowing["batch:SubmitJob"]] == ["EngineWatchPolicy"]
    assert {one["in"] for one in allowing["batch:TagResource"]} == {"EngineWatchPolicy"}
    (submit,) = allowing["batch:SubmitJob"]
    assert [json.dumps(one).rpartition(":")[2] for one in submit["Resource"]] == [
        f'job-queue/{PREFIX}-*"]]}}', f'job-definition/{PREFIX}-*"]]}}',
    ]  # fmt: skip
    ends = {"EnginePlanPolicy", "EngineWatchPolicy", "ReaperReapPolicy"}
    assert {one["in"] for one in allowing["batch:TerminateJob"]} == ends
    tagged = {"aws:ResourceTag/skyburst": PREFIX}
    assert {
        (json.dumps(one["Resource"]).rpartition(":job/")[2].partition('"')[0], json.dumps(one["Condition"]))
        for one in allowing["batch:TerminateJob"]
    } == {("*", json.dumps({"StringEquals": tagged})), ("*:*", json.dumps({"StringEqualsIfExists": tagged}))}
    children = {one["in"] for one in allowing["batch:TerminateJob"] if ":*" in json.dumps(one["Resource"])}
    assert children == ends - {"ReaperReapPolicy"}, "it ends whole arrays only"
    (terminate,) = allowing["ec2:TerminateInstances"]
    assert terminate["in"] == "ReaperReapPolicy"
    assert terminate["Condition"]["StringEquals"] == {"ec2:ResourceTag/skyburst": PREFIX}


def test_an_operator_hears_of_what_outlived_its_job(template: Template) -> None:
    alarms = {one["AlarmName"]: one["MetricName"] for one in properties(template, "AWS::CloudWatch::Alarm")}
    assert alarms[f"{PREFIX}-Reaped"] == "ReapedEnvironments"
    assert alarms[f"{PREFIX}-Unreaped"] == "UnreapedEnvironments"
    (rule,) = [one for one in properties(template, "AWS::Events::Rule") if "outlived" in one.get("Description", "")]
    assert rule["ScheduleExpression"] == "rate(15 minutes)"


def test_the_command_of_a_container_is_a_short_program_of_the_standard_library(template: Template) -> None:
    for one in properties(template, "AWS::Batch::JobDefinition"):
        command = one["ContainerProperties"]["Command"]
        assert command[:3] == ["python3", "-u", "-c"]
        assert len(json.dumps(command)) < 6_000
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(ast.parse(command[3]))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert imported <= sys.stdlib_module_names


def test_the_template_has_no_mistakes_that_a_checker_finds(assembly: Path) -> None:
    # W3005 as elsewhere: the CDK writes that a function depends on its role twice over, which does no harm.
    template = assembly / f"{PREFIX}.template.json"
    command = [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", template]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.parametrize("image", ["python:3.13", "python@sha256:abc"])
def test_an_image_that_can_change_is_refused(image: str) -> None:
    from cdk_app.settings import settings_of

    with pytest.raises(InvalidJob, match=f"environment_image is {image!r}: expected one by digest"):
        settings_of(context(environment_image=image))


@pytest.mark.parametrize("python", C_LIBRARIES)
def test_there_is_an_image_for_each_version_of_python(python: str) -> None:
    from cdk_app.settings import settings_of

    chosen = settings_of(context(python=python, environment_image="")).environment_image
    assert f"python:{python}-slim@sha256:" in chosen
    assert settings_of(context(environment_image=chosen)).environment_image == chosen


def test_environments_are_x86_64_whatever_functions_are_but_in_a_cloud_on_one_machine() -> None:
    from cdk_app.settings import settings_of

    on_aws = settings_of(context(architecture="arm64", python="3.13", c_library=""))
    assert (on_aws.machine.architecture, on_aws.environment_machine.architecture) == ("arm64", "x86_64")
    assert settings_of(context(architecture="arm64")).environment_machine.architecture == "arm64"
