"""The instances of Batch's compute environments: entries of moto's EC2, which come with jobs and go when they are idle."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from skyburst.local_cloud.batch.placing import Choice, Need, Place, Type, types_of

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

IMAGE = "ami-0b1b2c3d4e5f60718"
"""Stands for the machine image that Batch chooses when a compute environment names none."""
GONE = ("shutting-down", "terminated", "stopping", "stopped")


@dataclass(slots=True)
class Instance:
    """One that runs."""

    id: str
    environment: str
    """ARN of its compute environment."""
    type: Type
    cluster: str
    """ARN of the cluster of ECS of its compute environment."""
    zone: str
    """Availability zone."""
    arn: str
    """As a container instance of its cluster."""
    used: dict[str, Need] = field(default_factory=dict)
    """By the ids of jobs."""
    idle_since: float = 0.0


class Instances:
    """Of all compute environments. Not safe to use from several threads: `Batch` locks."""

    def __init__(self, services: Services, has_capacity: Callable[[str], bool]) -> None:
        self._services = services
        self._has_capacity = has_capacity
        self._subnets = itertools.count()
        self._running: dict[str, Instance] = {}

    def place(self, environment: Any) -> Place:
        """A compute environment of moto as it stands."""
        resources = environment.compute_resources
        running = {
            one.id: (one.type, tuple(one.used.values()))
            for one in self._running.values()
            if one.environment == environment.arn and not self.is_gone(one.id)
        }
        is_open = environment.state != "DISABLED" and self._has_capacity(environment.name)
        types = types_of(resources["instanceTypes"], known_types())
        return Place(environment.arn, int(resources["maxvCpus"]), types, running, is_open)

    def take(self, choice: Choice, job: str, need: Need, environment: Any) -> str:
        """Have a job use an instance, which is started if it is a new one; its id."""
        name = choice.instance or self._start(choice.type, environment)
        self._running[name].used[job] = need
        return name

    def running(self) -> list[Instance]:
        """Those that have not been terminated."""
        return [one for one in self._running.values() if not self.is_gone(one.id)]

    def get(self, name: str) -> Instance:
        """One by its id."""
        return self._running[name]

    def leave(self, name: str, job: str) -> None:
        """A job uses its instance no more."""
        instance = self._running.get(name)
        if instance is not None:
            instance.used.pop(job, None)
            instance.idle_since = time.monotonic()

    def scale_down(self, idle_s: float) -> None:
        """Terminate what has been idle for so long, and forget what others have terminated."""
        now = time.monotonic()
        idle = [
            one.id
            for one in self._running.values()
            if not one.used and (now - one.idle_since > idle_s or self.is_gone(one.id))
        ]
        for name in idle:
            del self._running[name]
            self.terminate(name)

    def terminate(self, name: str) -> None:
        """End an instance, and with it all that runs on it."""
        if not self.is_gone(name):
            self._services.client("ec2").terminate_instances(InstanceIds=[name])

    def is_gone(self, name: str) -> bool:
        """Whether somebody has terminated or stopped an instance."""
        from moto.ec2.models import ec2_backends

        backend = ec2_backends[self._services.account][self._services.region]
        found = backend.get_instance_by_id(name)
        return found is None or found._state.name in GONE

    def count(self) -> int:
        """Instances that run."""
        return len(self._running)

    def _start(self, kind: Type, environment: Any) -> str:
        resources = environment.compute_resources
        subnets = resources["subnets"]
        tags = {
            "AWSBatchServiceTag": "batch",
            "aws-batch-compute-environment": environment.arn,
            **_tags_of_template(self._services, resources.get("launchTemplate")),
            **(resources.get("tags") or {}),
        }
        more: dict[str, Any] = {}
        if resources["type"] == "SPOT":
            more["InstanceMarketOptions"] = {"MarketType": "spot"}
        template = resources.get("launchTemplate")
        if template:
            more["LaunchTemplate"] = {
                api: template[name]
                for name, api in {
                    "launchTemplateId": "LaunchTemplateId",
                    "launchTemplateName": "LaunchTemplateName",
                    "version": "Version",
                }.items()
                if name in template
            }
        ec2 = self._services.client("ec2")
        made = ec2.run_instances(
            ImageId=image_of(resources),
            InstanceType=kind.name,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnets[next(self._subnets) % len(subnets)],
            SecurityGroupIds=list(resources["securityGroupIds"]),
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
                }
            ],
            **more,
        )["Instances"][0]
        cluster = str(environment.ecs_arn)
        arn = f"{cluster.replace(':cluster/', ':container-instance/')}/{uuid.uuid4().hex}"
        instance = Instance(
            made["InstanceId"], environment.arn, kind, cluster, made["Placement"]["AvailabilityZone"], arn,
            idle_since=time.monotonic(),
        )  # fmt: skip
        self._running[instance.id] = instance
        return instance.id


def image_of(resources: Mapping[str, Any]) -> str:
    """The machine image of a compute environment."""
    for entry in resources.get("ec2Configuration") or []:
        if entry.get("imageIdOverride"):
            return str(entry["imageIdOverride"])
    return str(resources.get("imageId") or IMAGE)


def _tags_of_template(services: Services, template: Mapping[str, str] | None) -> dict[str, str]:
    """Tags of instances that a launch template names: moto does not put them on instances."""
    if not template:
        return {}
    which = {
        "LaunchTemplateId" if "launchTemplateId" in template else "LaunchTemplateName": template.get("launchTemplateId")
        or template["launchTemplateName"]
    }
    version = str(template.get("version") or "$Default")
    found = services.client("ec2").describe_launch_template_versions(Versions=[version], **which)
    specifications = found["LaunchTemplateVersions"][0]["LaunchTemplateData"].get("TagSpecifications", [])
    return {
        tag["Key"]: tag["Value"]
        for entry in specifications
        if entry["ResourceType"] == "instance"
        for tag in entry["Tags"]
    }


@cache
def known_types() -> dict[str, Type]:
    """All types of x86_64 instances that moto knows, from a description of those that EC2 has."""
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    return {
        name: Type(
            name,
            int(about["VCpuInfo"]["DefaultVCpus"]),
            int(about["MemoryInfo"]["SizeInMiB"]),
            sum(gpu["Count"] for gpu in about.get("GpuInfo", {}).get("Gpus", [])),
        )
        for name, about in INSTANCE_TYPES.items()
        if "x86_64" in about["ProcessorInfo"]["SupportedArchitectures"] and not about["BareMetal"]
    }
