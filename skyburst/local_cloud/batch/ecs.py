"""What ECS says of tasks and container instances, in place of moto's: those of jobs of Batch, and no others.

Each compute environment of Batch has a cluster, each of its instances is registered there, each attempt at a job is a task.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from skyburst.local_cloud.batch.instances import Instance
from skyburst.local_cloud.batch.metadata import Task

MOST = 100
"""Names that a request has at most."""


def described_instance(instance: Instance) -> dict[str, Any]:
    """As DescribeContainerInstances has it."""
    attributes = {
        "ecs.instance-type": instance.type.name,
        "ecs.availability-zone": instance.zone,
        "ecs.os-type": "linux",
    }
    return {
        "containerInstanceArn": instance.arn,
        "ec2InstanceId": instance.id,
        "status": "ACTIVE",
        "agentConnected": True,
        "runningTasksCount": len(instance.used),
        "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
    }


def described_task(task: Task) -> dict[str, Any]:
    """As DescribeTasks has it."""
    return {
        "taskArn": task.arn,
        "clusterArn": task.cluster,
        "containerInstanceArn": task.instance,
        "availabilityZone": task.zone,
        "launchType": "EC2",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
    }


def cluster_name(given: str | None) -> str:
    """Name of a cluster from its name or ARN."""
    return (given or "default").rpartition("/")[2]


def _described(field: str, found: Callable[[str], dict[str, dict[str, Any]]]) -> Callable[[Any], str]:
    """Answers a request that names things of a cluster by their ids or ARNs; what there is not is a failure."""

    def answer(self: Any) -> str:
        from moto.ecs.exceptions import InvalidParameterException

        wanted = self._get_param(field) or []
        if not 1 <= len(wanted) <= MOST:
            raise InvalidParameterException(f"{field} has {len(wanted)} entries: expected 1 to {MOST}")
        there = found(cluster_name(self._get_param("cluster")))
        by_name = {name: there.get(name.rpartition("/")[2]) for name in wanted}
        missing = [{"arn": name, "reason": "MISSING"} for name, entry in by_name.items() if entry is None]
        return json.dumps({field: [entry for entry in by_name.values() if entry is not None], "failures": missing})

    return answer


def _tasks(cluster: str) -> dict[str, dict[str, Any]]:
    from skyburst.local_cloud.running import current

    return {
        task.arn.rpartition("/")[2]: described_task(task)
        for task in current().batch.metadata.tasks()
        if cluster_name(task.cluster) == cluster
    }


def _instances(cluster: str) -> dict[str, dict[str, Any]]:
    from skyburst.local_cloud.running import current

    return {
        instance.arn.rpartition("/")[2]: described_instance(instance)
        for instance in current().batch.instances()
        if cluster_name(instance.cluster) == cluster
    }


OPERATIONS: dict[str, Callable[[Any], str]] = {
    "describe_tasks": _described("tasks", _tasks),
    "describe_container_instances": _described("containerInstances", _instances),
}
"""By the name of moto's method."""
