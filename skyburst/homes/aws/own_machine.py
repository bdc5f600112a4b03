"""The machine that a container of AWS Batch runs on: the agent of ECS names the task, and ECS says where that is.

The metadata of the instance itself are out of reach of containers, with the rights of its host. Nothing depends on this: a
batch whose machine is not known runs as well, and is priced as if it had the one that fits best.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from skyburst.homes.aws.container_log import TIMEOUT_S, metadata_address

log = logging.getLogger("skyburst.environment")

COMPUTE_ENVIRONMENT = "AWS_BATCH_CE_NAME"
"""Variable that AWS Batch sets: where it placed the job."""
SPOT = "SKYBURST_SPOT"
"""Variable of job definitions: the ARNs of the compute environments whose instances are spare ones, separated by spaces."""
MACHINE = "SKYBURST_MACHINE"
"""Variable by which the process that keeps a batch tells the one that does its work."""
TYPE, ZONE = "ecs.instance-type", "ecs.availability-zone"
"""Attributes that ECS gives all container instances."""


def own_machine(client: Callable[[], Any], variables: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """The machine of this container; None where it is not known.

    Args:
        client: makes a client of ECS, for a role that may describe the tasks and container instances of its cluster.
        variables: of the container.

    Returns:
        `{"type", "id", "zone", "spot"}`: what EC2 calls them; `spot` is whether the instance is a spare one, if
        that is known.
    """
    address = metadata_address(variables)
    if address is None:
        return None
    try:
        with urllib.request.urlopen(f"{address}/task", timeout=TIMEOUT_S) as answer:  # noqa: S310 - checked there
            task = json.load(answer)
        found = _described(client(), task["Cluster"], task["TaskARN"])
    except Exception as error:  # noqa: BLE001 - a batch is not given up because something could not say where it runs
        log.warning("what machine this is could not be found out: %s: %s", type(error).__name__, error)
        return None
    return {**found, "spot": is_spot(variables)}


def is_spot(variables: Mapping[str, str]) -> bool | None:
    """Whether AWS Batch placed this container among spare instances; None when that is not known."""
    name, spare = variables.get(COMPUTE_ENVIRONMENT), variables.get(SPOT)
    return None if not name or spare is None else name in [arn.rpartition("/")[2] for arn in spare.split()]


def told_machine(variables: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """What the process that keeps a batch found out."""
    found: dict[str, Any] | None = json.loads(variables.get(MACHINE) or "null")
    return found


def _described(ecs: Any, cluster: str, task: str) -> dict[str, Any]:
    """Type, id and zone of the machine of a task. Raises LookupError when ECS does not know it."""
    (running,) = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"] or [{}]
    instance = running.get("containerInstanceArn")
    if not instance:
        raise LookupError(f"ECS does not say where {task} runs")
    found = ecs.describe_container_instances(cluster=cluster, containerInstances=[instance])["containerInstances"]
    if not found:
        raise LookupError(f"ECS does not know the container instance {instance}")
    attributes = {entry["name"]: entry.get("value") for entry in found[0].get("attributes", [])}
    return {"type": attributes[TYPE], "id": found[0].get("ec2InstanceId"), "zone": attributes.get(ZONE)}
