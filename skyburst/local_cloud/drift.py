"""Drift detection of CloudFormation, which moto does not have: what a service says of a resource, beside its template.

A few kinds are compared, and of these the properties that people change by hand; the others are NOT_CHECKED, as CloudFormation
says of kinds that it cannot compare.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Properties = Mapping[str, Any]
GONE = frozenset({"ResourceNotFoundException", "NoSuchBucket", "404"})


def _function(services: Any, name: str) -> Properties:
    found = services.client("lambda").get_function_configuration(FunctionName=name)
    plain = ("Description", "Handler", "MemorySize", "Role", "Runtime", "Timeout")
    variables = found.get("Environment", {}).get("Variables")
    return {
        **{field: found[field] for field in plain if field in found},
        "Environment": {"Variables": variables},
        "EphemeralStorage": found.get("EphemeralStorage"),
        "TracingConfig": found.get("TracingConfig"),
    }


def _table(services: Any, name: str) -> Properties:
    client = services.client("dynamodb")
    found = client.describe_table(TableName=name)["Table"]
    lifetime = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    specification = {
        "AttributeName": lifetime.get("AttributeName"),
        "Enabled": lifetime["TimeToLiveStatus"] == "ENABLED",
    }
    return {
        "BillingMode": found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "KeySchema": found["KeySchema"],
        "TimeToLiveSpecification": specification,
    }


def _bucket(services: Any, name: str) -> Properties:
    from botocore.exceptions import ClientError

    client = services.client("s3")
    client.head_bucket(Bucket=name)
    try:
        public = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        public = None
    versioning = client.get_bucket_versioning(Bucket=name).get("Status")
    return {
        "PublicAccessBlockConfiguration": public,
        "VersioningConfiguration": {"Status": versioning} if versioning else None,
    }


def _log_group(services: Any, name: str) -> Properties:
    groups = services.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    found = [group for group in groups if group["logGroupName"] == name]
    return {"RetentionInDays": found[0].get("retentionInDays")} if found else {}


LOOKS: dict[str, Callable[[Any, str], Properties]] = {
    "AWS::Lambda::Function": _function,
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::Logs::LogGroup": _log_group,
}
COMPARED = {
    "AWS::Lambda::Function": (
        "Description", "EphemeralStorage", "Environment", "Handler", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig",
    ),
    "AWS::DynamoDB::Table": ("BillingMode", "KeySchema", "TimeToLiveSpecification"),
    "AWS::S3::Bucket": ("PublicAccessBlockConfiguration", "VersioningConfiguration"),
    "AWS::Logs::LogGroup": ("RetentionInDays",),
}  # fmt: skip


def differences(expected: Any, actual: Any, path: str = "") -> list[dict[str, str]]:
    """Differences of properties in CloudFormation's form; only what the template says is compared. Pure."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        found = [one for name in expected for one in differences(expected[name], actual.get(name), f"{path}/{name}")]
        if path:  # within a property, what is there beside what the template says is a difference too
            added = [name for name in actual if name not in expected and actual[name] is not None]
            found += [
                {
                    "PropertyPath": f"{path}/{name}",
                    "ExpectedValue": "null",
                    "ActualValue": _text(actual[name]),
                    "DifferenceType": "ADD",
                }
                for name in added
            ]
        return found
    if expected == actual or _text(expected) == _text(actual):
        return []
    kind = "REMOVE" if actual is None else "NOT_EQUAL"
    return [
        {"PropertyPath": path, "ExpectedValue": _text(expected), "ActualValue": _text(actual), "DifferenceType": kind}
    ]


def detect_stack_drift(self: Any) -> Any:
    """Compare; the answer is kept under an id, as CloudFormation's is for a while."""
    from moto.core.responses import ActionResult

    from skyburst.local_cloud.running import current

    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    detection = str(uuid.uuid4())
    drifts = [_drift_of(current(), stack, resource) for resource in stack.resource_map.values()]
    current().drifts[detection] = (stack.stack_id, drifts)
    current().drifts[stack.stack_id] = (stack.stack_id, drifts)
    return ActionResult({"StackDriftDetectionId": detection})


def describe_detection(self: Any) -> Any:
    """How a comparison stands: here it is always done."""
    from moto.core.responses import ActionResult

    from skyburst.local_cloud.running import current

    detection = self._get_param("StackDriftDetectionId")
    if detection not in current().drifts:
        raise _refusal(f"There is no drift detection with the id {detection}")
    stack_id, drifts = current().drifts[detection]
    drifted = sum(drift["StackResourceDriftStatus"] in ("MODIFIED", "DELETED") for drift in drifts)
    return ActionResult(
        {
            "StackId": stack_id, "StackDriftDetectionId": detection, "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC", "DriftedStackResourceCount": drifted,
            "Timestamp": datetime.now(UTC),
        }
    )  # fmt: skip


def describe_drifts(self: Any) -> Any:
    """What the last comparison of a stack found."""
    from moto.core.responses import ActionResult

    from skyburst.local_cloud.running import current

    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    if stack.stack_id not in current().drifts:
        raise _refusal(f"Drift detection has not been run on the stack {stack.name}")
    return ActionResult({"StackResourceDrifts": current().drifts[stack.stack_id][1]})


OPERATIONS = {
    "detect_stack_drift": detect_stack_drift,
    "describe_stack_drift_detection_status": describe_detection,
    "describe_stack_resource_drifts": describe_drifts,
}
"""By their names in moto."""


def _drift_of(services: Any, stack: Any, resource: Any) -> dict[str, Any]:
    kind, name = resource.cf_resource_type, resource.physical_resource_id
    described = {
        "StackId": stack.stack_id, "LogicalResourceId": resource.logical_resource_id, "PhysicalResourceId": name,
        "ResourceType": kind, "Timestamp": datetime.now(UTC), "PropertyDifferences": [],
    }  # fmt: skip
    if kind not in LOOKS:
        return {**described, "StackResourceDriftStatus": "NOT_CHECKED"}
    from botocore.exceptions import ClientError

    wanted = {field: value for field, value in resource.wanted.properties.items() if field in COMPARED[kind]}
    try:
        actual = LOOKS[kind](services, name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return {**described, "StackResourceDriftStatus": "DELETED", "ExpectedProperties": json.dumps(wanted)}
    found = differences(wanted, actual)
    return {
        **described,
        "ExpectedProperties": json.dumps(wanted),
        "ActualProperties": json.dumps(actual, default=str),
        "PropertyDifferences": found,
        "StackResourceDriftStatus": "MODIFIED" if found else "IN_SYNC",
    }


def _refusal(message: str) -> Exception:
    from moto.cloudformation.exceptions import ValidationError

    refusal: Exception = ValidationError(message=message)
    return refusal


def _text(value: Any) -> str:
    """As CloudFormation gives values: text as it is, numbers without their type, the rest in JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
