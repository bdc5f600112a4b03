"""The address at which a container asks for what ECS knows of it: here, where its log is, and which task it is of."""

from __future__ import annotations

import json
import secrets
import threading
from typing import NamedTuple

PATH = "/skyburst/container-metadata/"
VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
"""Of the container: the address."""
TASK = "/task"
"""Behind the address: what the task is."""


class Task(NamedTuple):
    """The task of ECS that an attempt at a job is."""

    arn: str
    cluster: str
    """ARN of the cluster of its compute environment."""
    instance: str
    """ARN of its container instance."""
    zone: str


class ContainerMetadata:
    """What is told to the containers that run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, tuple[dict[str, str], Task]] = {}

    def offer(self, group: str, stream: str, region: str, task: Task) -> str:
        """The path of a container's metadata."""
        path = PATH + secrets.token_urlsafe(16)
        options = {"awslogs-group": group, "awslogs-stream": stream, "awslogs-region": region}
        with self._lock:
            self._told[path] = options, task
        return path

    def forget(self, path: str) -> None:
        """The container has ended."""
        with self._lock:
            self._told.pop(path, None)

    def tasks(self) -> list[Task]:
        """Those whose containers run."""
        with self._lock:
            return [task for _, task in self._told.values()]

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer to a container."""
        with self._lock:
            told = self._told.get(path.removesuffix(TASK))
        if told is None:
            return 404, b'{"message": "there is no such container"}'
        options, task = told
        if path.endswith(TASK):
            about = {"Cluster": task.cluster, "TaskARN": task.arn, "AvailabilityZone": task.zone, "LaunchType": "EC2"}
            return 200, json.dumps(about).encode()
        return 200, json.dumps({"LogDriver": "awslogs", "LogOptions": options}).encode()
