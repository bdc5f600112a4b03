"""The address at which a container asks for what ECS knows of it: here, where its log is."""

from __future__ import annotations

import json
import secrets
import threading

PATH = "/skyburst/container-metadata/"
VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
"""Of the container: the address."""


class ContainerMetadata:
    """What is told to the containers that run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: dict[str, dict[str, str]] = {}

    def offer(self, group: str, stream: str, region: str) -> str:
        """The path of a container's metadata."""
        path = PATH + secrets.token_urlsafe(16)
        with self._lock:
            self._logs[path] = {"awslogs-group": group, "awslogs-stream": stream, "awslogs-region": region}
        return path

    def forget(self, path: str) -> None:
        """The container has ended."""
        with self._lock:
            self._logs.pop(path, None)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer to a container."""
        with self._lock:
            options = self._logs.get(path)
        if options is None:
            return 404, b'{"message": "there is no such container"}'
        return 200, json.dumps({"LogDriver": "awslogs", "LogOptions": options}).encode()
