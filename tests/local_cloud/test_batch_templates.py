"""Networks and Batch in templates: made so that a job runs, changed in place where AWS does so, and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skyburst.errors import DeployFailed
from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.deploy import Deployed
from tests.local_cloud.helpers import unique


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NETWORK = {
    "Vpc": resource("EC2::VPC", CidrBlock="10.1.0.0/16", EnableDnsHostnames=True, Tags=[{"Key": "Name", "Value": "x"}]),
    "Subnet": resource(
        "EC2::Subnet", CidrBlock="10.1.0.0/24", VpcId=ref("Vpc"), MapPublicIpOnLaunch=True,
        AvailabilityZone={"Fn::Select": [0, {"Fn::GetAZs": ""}]},
    ),
    "Gateway": resource("EC2::InternetGateway"),
    "Attached": resource("EC2::VPCGatewayAttachment", InternetGatewayId=ref("Gateway"), VpcId=ref("Vpc")),
    "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
    "Out": {
        **resource(
            "EC2::Route", DestinationCidrBlock="0.0.0.0/0", GatewayId=ref("Gateway"), RouteTableId=ref("Table")
        ),
        "DependsOn": ["Attached"],
    },
    "Routed": resource("EC2::SubnetRouteTableAssociation", RouteTableId=ref("Table"), SubnetId=ref("Subnet")),
    "Endpoint": resource(
        "EC2::VPCEndpoint", RouteTableIds=[ref("Table")], ServiceName="com.amazonaws.us-east-1.s3",
        VpcEndpointType="Gateway", VpcId=ref("Vpc"),
    ),
    "Group": resource(
        "EC2::SecurityGroup", GroupDescription="jobs", VpcId=ref("Vpc"),
        SecurityGroupEgress=[{"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}],
    ),
}  # fmt: skip


def batch(name: str, *, most: int = 4, source: str = "print('one')", disk: int = 30) -> dict[str, Any]:
    """Resources of Batch, in the network."""
    data = {
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"VolumeSize": disk, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
            }
        ],
        "MetadataOptions": {"HttpTokens": "required"},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": name}]}],
    }
    template = {"LaunchTemplateId": ref("Launch"), "Version": att("Launch", "LatestVersionNumber")}
    container = {
        "Image": "none",
        "Command": ["python3", "-c", source],
        "ResourceRequirements": [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "512"}],
    }
    return {
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Profile": resource("IAM::InstanceProfile", Roles=[ref("Role")]),
        "Launch": resource("EC2::LaunchTemplate", LaunchTemplateData=data),
        "Spot": resource(
            "Batch::ComputeEnvironment", Type="MANAGED", ReplaceComputeEnvironment=False,
            ComputeResources={
                "Type": "SPOT", "MinvCpus": 0, "MaxvCpus": most, "InstanceTypes": ["m5"], "Subnets": [ref("Subnet")],
                "SecurityGroupIds": [att("Group", "GroupId")], "InstanceRole": att("Profile", "Arn"),
                "LaunchTemplate": template, "UpdateToLatestImageVersion": True,
            },
        ),
        "Queue": resource(
            "Batch::JobQueue", JobQueueName=name, Priority=1,
            ComputeEnvironmentOrder=[{"ComputeEnvironment": ref("Spot"), "Order": 1}],
            JobStateTimeLimitActions=[{
                "Action": "CANCEL", "MaxTimeSeconds": 600, "State": "RUNNABLE",
                "Reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
            }],
        ),
        "Definition": resource(
            "Batch::JobDefinition", JobDefinitionName=name, Type="container", ContainerProperties=container,
            RetryStrategy={"Attempts": 2, "EvaluateOnExit": [{"Action": "RETRY", "OnStatusReason": "Host EC2*"}]},
            Timeout={"AttemptDurationSeconds": 60}, PlatformCapabilities=["EC2"], PropagateTags=True,
        ),
    }  # fmt: skip


def deploy(cloud: LocalCloud, folder: Path, name: str, resources: dict[str, Any]) -> Deployed:
    (folder / "template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    properties = {"templateFile": "template.json", "stackTemplateAssetObjectUrl": "s3://templates/one.json"}
    artifacts = {name: {"type": "aws:cloudformation:stack", "properties": properties}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    return cloud.deploy(folder, name)


def run(cloud: LocalCloud, name: str) -> tuple[list[str], dict[str, Any]]:
    """What a job writes, and a description of the instance that it ran on."""
    job = cloud.client("batch").submit_job(jobName=name, jobQueue=name, jobDefinition=name)["jobId"]
    ended = cloud.wait_for_job(job)
    assert ended["status"] == "SUCCEEDED", ended
    found = cloud.client("ec2").describe_instances(Filters=[{"Name": "tag:of", "Values": [name]}])["Reservations"]
    lines = cloud.log_of("/aws/batch/job", ended["container"]["logStreamName"])
    return lines, found[-1]["Instances"][0]


def test_a_stack_of_batch_runs_jobs_is_changed_in_place_and_goes(cloud: LocalCloud, tmp_path: Path) -> None:
    name = unique("batch-stack")
    made = deploy(cloud, tmp_path, name, NETWORK | batch(name))
    lines, instance = run(cloud, name)
    assert lines == ["one"]
    assert instance["InstanceLifecycle"] == "spot"
    assert instance["SubnetId"] == made.resources["Subnet"]

    changed = deploy(cloud, tmp_path, name, NETWORK | batch(name, most=8, source="print('two')", disk=50))
    client = cloud.client("batch")
    (environment,) = client.describe_compute_environments(computeEnvironments=[made.resources["Spot"]])[
        "computeEnvironments"
    ]
    assert environment["computeResources"]["maxvCpus"] == 8
    assert changed.resources["Spot"] == made.resources["Spot"]
    assert run(cloud, name)[0] == ["two"]
    versions = cloud.client("ec2").describe_launch_template_versions(LaunchTemplateId=made.resources["Launch"])
    disks = [
        one["LaunchTemplateData"]["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"]
        for one in versions["LaunchTemplateVersions"]
    ]
    assert sorted(disks) == [30, 50]
    assert [one["revision"] for one in client.describe_job_definitions(
        jobDefinitionName=name, status="ACTIVE")["jobDefinitions"]] == [2]  # fmt: skip

    cloud.wait_for_jobs()
    cloud.destroy(name)
    assert not client.describe_job_queues(jobQueues=[name])["jobQueues"]
    vpcs = cloud.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.1.0.0/16"]}])["Vpcs"]
    assert vpcs == []


def test_a_group_lets_out_what_its_template_says_and_nothing_in(cloud: LocalCloud, tmp_path: Path) -> None:
    name = unique("network")
    made = deploy(cloud, tmp_path, name, NETWORK)
    ec2 = cloud.client("ec2")
    (group,) = ec2.describe_security_groups(GroupIds=[made.resources["Group"]])["SecurityGroups"]
    assert group["IpPermissions"] == []
    assert [(one["FromPort"], one["IpRanges"][0]["CidrIp"]) for one in group["IpPermissionsEgress"]] == [
        (443, "10.0.0.0/8")
    ]
    assert ec2.describe_subnets(SubnetIds=[made.resources["Subnet"]])["Subnets"][0]["MapPublicIpOnLaunch"]
    cloud.destroy(name)


def test_what_batch_does_not_have_here_is_named(cloud: LocalCloud, tmp_path: Path) -> None:
    wanted = batch("x")
    wanted["Definition"]["Properties"]["NodeProperties"] = {}
    with pytest.raises(DeployFailed, match="property NodeProperties of Definition"):
        deploy(cloud, tmp_path, unique("unknown"), NETWORK | wanted)
