"""A queue, compute environments and job definitions for the tests of Batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skyburst.local_cloud import LocalCloud
from tests.local_cloud.helpers import unique

HOST_RULES = [{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]


@dataclass
class Machines:
    """What jobs run on: a network, a role of jobs, and a queue that prefers spot instances."""

    cloud: LocalCloud
    subnet: str
    group: str
    profile: str
    service: str
    queue: str = ""

    def environment(self, kind: str = "SPOT", vcpus: int = 64, types: tuple[str, ...] = ("optimal",)) -> str:
        """A compute environment of its own; its name."""
        name = unique(f"environment-{kind.lower()}")
        self.cloud.client("batch").create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            serviceRole=self.service,
            computeResources={
                "type": kind, "minvCpus": 0, "maxvCpus": vcpus, "instanceTypes": list(types), "subnets": [self.subnet],
                "securityGroupIds": [self.group], "instanceRole": self.profile, "tags": {"skyburst": "test"},
            },
        )  # fmt: skip
        return name

    def queue_of(self, *environments: str, priority: int = 1) -> str:
        """A queue over compute environments, the first one first; its name."""
        name = unique("queue")
        order = [{"order": number + 1, "computeEnvironment": one} for number, one in enumerate(environments)]
        self.cloud.client("batch").create_job_queue(
            jobQueueName=name, state="ENABLED", priority=priority, computeEnvironmentOrder=order
        )
        return name

    def submit(
        self, source: str | list[str], *, queue: str | None = None, name: str | None = None, role: str | None = None,
        vcpus: float = 1, memory_mb: int = 512, definition: dict[str, Any] | None = None, **fields: Any,
    ) -> str:  # fmt: skip
        """Submit a job that runs a Python program, or a command; its id."""
        command = ["python3", "-u", "-c", source] if isinstance(source, str) else source
        container: dict[str, Any] = {
            "image": "example.org/none",
            "command": command,
            "environment": [{"name": "AWS_DEFAULT_REGION", "value": self.cloud.region}],
            "resourceRequirements": [
                {"type": "VCPU", "value": str(vcpus)},
                {"type": "MEMORY", "value": str(memory_mb)},
            ],
            **({"jobRoleArn": role} if role else {}),
        }
        client, made = self.cloud.client("batch"), unique("definition")
        client.register_job_definition(
            jobDefinitionName=made, type="container", containerProperties=container, **(definition or {})
        )
        submitted = client.submit_job(
            jobName=name or unique("job"), jobQueue=queue or self.queue, jobDefinition=made, **fields
        )
        return str(submitted["jobId"])

    def run(self, source: str | list[str], **fields: Any) -> dict[str, Any]:
        """Run a job to its end, and describe it."""
        return self.cloud.wait_for_job(self.submit(source, **fields))

    def state(self, job: str) -> str:
        """Of a job."""
        return str(self.cloud.client("batch").describe_jobs(jobs=[job])["jobs"][0]["status"])

    def lines(self, described: dict[str, Any]) -> list[str]:
        """What the last attempt at a job wrote."""
        return self.cloud.log_of("/aws/batch/job", described["container"]["logStreamName"])

    def instances(self, state: str = "running") -> list[dict[str, Any]]:
        """Instances of Batch in a state."""
        found = self.cloud.client("ec2").describe_instances(
            Filters=[
                {"Name": "instance-state-name", "Values": [state]},
                {"Name": "tag:AWSBatchServiceTag", "Values": ["batch"]},
            ]
        )
        return [instance for reservation in found["Reservations"] for instance in reservation["Instances"]]


def make_machines(cloud: LocalCloud) -> Machines:
    """A network, roles, and a queue with a compute environment."""
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=unique("group"), Description="jobs", VpcId=vpc)["GroupId"]
    profile = unique("profile")
    cloud.put_role(f"{profile}-role", "ec2.amazonaws.com", [])
    iam.create_instance_profile(InstanceProfileName=profile)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=f"{profile}-role")
    machines = Machines(cloud, subnet, group, profile, cloud.put_role(unique("service"), "batch.amazonaws.com", []))
    machines.queue = machines.queue_of(machines.environment())
    return machines
