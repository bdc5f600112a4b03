"""Drift: what of a deployment is not as its template says, because somebody changed it by hand.

CloudFormation compares: `DetectStackDrift`, and what it then tells of each resource. Kinds that it cannot compare are counted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from skyburst.errors import DriftUnknown

DIFFERENT = ("MODIFIED", "DELETED")
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 15.0
DEADLINE_S = 600.0


class DriftedProperty(NamedTuple):
    """A property that is not as the template says."""

    path: str
    """Such as `/MemorySize` or `/Environment/Variables/MODE`."""
    expected: str | None
    """As in the template; None when it should not be there."""
    actual: str | None
    """As it is; None when it is not there."""

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.path}: expected {_shown(self.expected)}, is {_shown(self.actual)}"


class DriftedResource(NamedTuple):
    """A resource that is not as the template says."""

    logical_id: str
    physical_id: str
    kind: str
    """Such as `AWS::Lambda::Function`."""
    status: str
    """`MODIFIED` or `DELETED`."""
    properties: list[DriftedProperty]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**self._asdict(), "properties": [one._asdict() for one in self.properties]}


class Drift(NamedTuple):
    """What was found."""

    drifted: list[DriftedResource]
    checked: int
    """Resources that were compared."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"drifted": [resource.document() for resource in self.drifted], "checked": self.checked}


def find_drift(
    client: Any, stack: str, *, deadline_s: float = DEADLINE_S, clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Drift:  # fmt: skip
    """Have CloudFormation compare a stack with its template, and wait for the answer.

    Args:
        client: of CloudFormation.
        stack: its name.
        deadline_s: seconds to wait, at most.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

    Raises:
        DriftUnknown: when CloudFormation cannot say, or not in time.
    """
    detection = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    end, wait = clock() + deadline_s, FIRST_WAIT_S
    while True:
        answer = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        status = answer["DetectionStatus"]
        if status != "DETECTION_IN_PROGRESS":
            break
        if clock() + wait > end:
            raise DriftUnknown(
                f"CloudFormation has compared the stack {stack!r} for {deadline_s:g} s and is not done: try again"
            )
        sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT_S)
    resources = list(_resources(client, stack))
    if status == "DETECTION_FAILED":
        reason = answer.get("DetectionStatusReason", "no reason was given")
        raise DriftUnknown(
            f"CloudFormation could not compare all of the stack {stack!r}: {reason}; these credentials need the rights to read "
            "its resources"
        )
    drifted = [
        drifted_resource(resource) for resource in resources if resource["StackResourceDriftStatus"] in DIFFERENT
    ]
    checked = sum(resource["StackResourceDriftStatus"] != "NOT_CHECKED" for resource in resources)
    return Drift(sorted(drifted), checked)


def drifted_resource(described: Mapping[str, Any]) -> DriftedResource:
    """One resource as CloudFormation describes it. Pure."""
    properties = [
        DriftedProperty(
            str(one["PropertyPath"]),
            None if one["DifferenceType"] == "ADD" else one.get("ExpectedValue"),
            None if one["DifferenceType"] == "REMOVE" else one.get("ActualValue"),
        )
        for one in described.get("PropertyDifferences", [])
    ]
    return DriftedResource(
        described["LogicalResourceId"], described.get("PhysicalResourceId", ""), described["ResourceType"],
        described["StackResourceDriftStatus"], sorted(properties, key=lambda one: one.path),
    )  # fmt: skip


def _resources(client: Any, stack: str) -> Any:
    token: dict[str, str] = {}
    while True:
        page = client.describe_stack_resource_drifts(StackName=stack, **token)
        yield from page["StackResourceDrifts"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _shown(value: str | None) -> str:
    """A value, which CloudFormation gives as text or as JSON."""
    if value is None:
        return "nothing"
    try:
        return json.dumps(json.loads(value))
    except ValueError:
        return json.dumps(value)
