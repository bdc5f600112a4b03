"""A Batch job as it stands, and what the API tells of it."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skyburst.local_cloud.batch.placing import Need

STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
WAITING = ("SUBMITTED", "PENDING", "RUNNABLE")
ENDED = ("SUCCEEDED", "FAILED")
REFERENCE = re.compile(r"Ref::([A-Za-z0-9_.-]+)")


def now_ms() -> int:
    """As Batch tells times."""
    return int(time.time() * 1_000)


@dataclass(slots=True)
class Job:
    """One job: one by itself, one child of an array, or an array, which has no attempts of its own."""

    id: str
    name: str
    arn: str
    queue: str
    """ARN."""
    definition: str
    """ARN with the revision."""
    definition_name: str
    container: Mapping[str, Any]
    """Properties of the container, with the job's own in place of the definition's."""
    need: Need
    strategy: Mapping[str, Any]
    timeout_s: int | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    depends_on: tuple[Mapping[str, str], ...] = ()
    propagate_tags: bool = False
    array_size: int | None = None
    index: int | None = None
    parent: str | None = None
    state: str = "SUBMITTED"
    reason: str | None = None
    created_ms: int = field(default_factory=now_ms)
    started_ms: int | None = None
    stopped_ms: int | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    ending: str | None = None
    """Reason that somebody gave who ended the job, while it still runs."""
    cancelled: bool = False
    terminated: bool = False
    children: list[Job] = field(default_factory=list)
    stuck_since: float | None = None
    """When it began to wait at the head of its queue for the reason that it has."""
    stream: str | None = None
    """Log stream of the attempt that runs or ran last."""
    placed: dict[str, str] = field(default_factory=dict)
    """Where that runs or ran: `containerInstanceArn` and `taskArn`."""

    @property
    def is_array(self) -> bool:
        """Whether it only stands for its children."""
        return self.array_size is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing becomes of it any more."""
        return self.state in ENDED

    @property
    def log_group(self) -> str:
        """Where its container writes."""
        options = (self.container.get("logConfiguration") or {}).get("options") or {}
        return str(options.get("awslogs-group") or "/aws/batch/job")

    def new_stream(self) -> str:
        """A log stream for the next attempt, named as Batch names them."""
        options = (self.container.get("logConfiguration") or {}).get("options") or {}
        prefix = options.get("awslogs-stream-prefix") or self.definition_name
        return f"{prefix}/default/{uuid.uuid4().hex}"

    def command(self) -> list[str]:
        """With parameters in place of `Ref::NAME`."""

        def value(found: re.Match[str]) -> str:
            return str(self.parameters.get(found[1], found[0]))

        return [REFERENCE.sub(value, word) for word in self.container.get("command") or []]

    def variables(self) -> dict[str, str]:
        """Of the container's environment, without those of Batch."""
        return {entry["name"]: entry.get("value", "") for entry in self.container.get("environment") or []}

    def describe(self) -> dict[str, Any]:
        """As DescribeJobs does."""
        document = {
            **self.summary(),
            "jobQueue": self.queue,
            "jobDefinition": self.definition,
            "dependsOn": [dict(entry) for entry in self.depends_on],
            "parameters": dict(self.parameters),
            "retryStrategy": dict(self.strategy),
            "attempts": self.attempts,
            "tags": dict(self.tags),
            "propagateTags": self.propagate_tags,
            "platformCapabilities": ["EC2"],
            "isCancelled": self.cancelled,
            "isTerminated": self.terminated,
        }
        document.pop("jobDefinitionArn", None)
        if self.timeout_s is not None:
            document["timeout"] = {"attemptDurationSeconds": self.timeout_s}
        last = self.attempts[-1]["container"] if self.attempts else {}
        if not self.is_array:
            stream = {"logStreamName": self.stream} if self.stream else {}
            document["container"] = {**self.container, **last, **self.placed, **stream}
        return document

    def summary(self) -> dict[str, Any]:
        """As ListJobs does."""
        document: dict[str, Any] = {
            "jobArn": self.arn, "jobId": self.id, "jobName": self.name, "createdAt": self.created_ms, "status": self.state,
            "jobDefinition": self.definition,
        }  # fmt: skip
        moments = {"statusReason": self.reason, "startedAt": self.started_ms, "stoppedAt": self.stopped_ms}
        document |= {name: value for name, value in moments.items() if value is not None}
        if self.attempts and not self.is_array:
            container = self.attempts[-1]["container"]
            document["container"] = {name: container[name] for name in ("exitCode", "reason") if name in container}
        if self.is_array:
            counts = Counter(child.state for child in self.children)
            summary = {state: counts[state] for state in STATES}
            document["arrayProperties"] = {"size": self.array_size, "statusSummary": summary}
        elif self.index is not None:
            document["arrayProperties"] = {"index": self.index}
        return document
