"""Drift in the local cloud: what is changed by hand is found by asking the services, and named by its property."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from skyburst.errors import DriftUnknown
from skyburst.homes.aws.drift import Drift, DriftedProperty, drifted_resource, find_drift
from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.drift import differences
from tests.local_cloud.helpers import unique

RESOURCES: dict[str, Any] = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ]
            }
        },
    },
    "Work": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": "def handler(event, context): return 1"}, "Handler": "index.handler", "Runtime": "python3.12",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "MemorySize": 256, "Timeout": 10,
            "Environment": {"Variables": {"MODE": "fast"}},
        },
    },
    "Rows": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
        },
    },
    "Objects": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True,
            }
        },
    },
    "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/drift/log", "RetentionInDays": 30}},
}  # fmt: skip


@pytest.fixture
def stack(cloud: LocalCloud) -> Iterator[str]:
    name = unique("drifting")
    client = cloud.client("cloudformation")
    client.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": RESOURCES}), Capabilities=["CAPABILITY_IAM"]
    )
    yield name
    client.delete_stack(StackName=name)


def found(cloud: LocalCloud, stack: str) -> Drift:
    return find_drift(cloud.client("cloudformation"), stack)


def physical(cloud: LocalCloud, stack: str, logical: str) -> str:
    client = cloud.client("cloudformation")
    answer = client.describe_stack_resource(StackName=stack, LogicalResourceId=logical)
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def test_what_is_as_deployed_did_not_drift_and_kinds_that_cannot_be_compared_do_not_count(
    cloud: LocalCloud, stack: str
) -> None:
    assert found(cloud, stack) == Drift([], 4)


def test_each_property_that_was_changed_by_hand_is_named(cloud: LocalCloud, stack: str) -> None:
    function, bucket = physical(cloud, stack, "Work"), physical(cloud, stack, "Objects")
    cloud.client("lambda").update_function_configuration(
        FunctionName=function, MemorySize=512, Environment={"Variables": {"MODE": "exact", "DEBUG": "1"}}
    )
    cloud.client("s3").delete_public_access_block(Bucket=bucket)
    cloud.client("logs").put_retention_policy(logGroupName="/drift/log", retentionInDays=1)
    drift = found(cloud, stack)
    assert [(one.logical_id, one.status) for one in drift.drifted] == [
        ("Log", "MODIFIED"), ("Objects", "MODIFIED"), ("Work", "MODIFIED"),
    ]  # fmt: skip
    assert drift.drifted[2].properties == [
        DriftedProperty("/Environment/Variables/DEBUG", None, "1"),
        DriftedProperty("/Environment/Variables/MODE", "fast", "exact"),
        DriftedProperty("/MemorySize", "256", "512"),
    ]
    words = [one.words for one in drift.drifted[2].properties]
    assert words == [
        "/Environment/Variables/DEBUG: expected nothing, is 1", '/Environment/Variables/MODE: expected "fast", is "exact"',
        "/MemorySize: expected 256, is 512",
    ]  # fmt: skip
    assert drift.drifted[1].properties[0].path == "/PublicAccessBlockConfiguration"


def test_a_resource_that_is_gone_is_named(cloud: LocalCloud, stack: str) -> None:
    cloud.client("lambda").delete_function(FunctionName=physical(cloud, stack, "Work"))
    (gone,) = found(cloud, stack).drifted
    assert (gone.logical_id, gone.kind, gone.status, gone.properties) == (
        "Work",
        "AWS::Lambda::Function",
        "DELETED",
        [],
    )
    cloud.client("lambda").create_function(  # for the stack to delete
        FunctionName=gone.physical_id, Handler="index.handler", Runtime="python3.12", Code={"ZipFile": b"x"},
        Role=cloud.put_role(unique("role"), "lambda.amazonaws.com", []),
    )  # fmt: skip


class Scripted:
    """CloudFormation as it answers in a script: how the comparison stands, then what it found."""

    def __init__(self, *stands: str, pages: list[dict[str, Any]] | None = None) -> None:
        self.stands = list(stands)
        self.pages = pages or [{"StackResourceDrifts": []}]
        self.now = 0.0

    def detect_stack_drift(self, **_: Any) -> Any:
        return {"StackDriftDetectionId": "1"}

    def describe_stack_drift_detection_status(self, **_: Any) -> Any:
        stand = self.stands.pop(0) if len(self.stands) > 1 else self.stands[0]
        return {"DetectionStatus": stand, "DetectionStatusReason": "no rights"}

    def describe_stack_resource_drifts(self, **token: Any) -> Any:
        return self.pages[int(token.get("NextToken", 0))]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def find(self) -> Drift:
        return find_drift(self, "stack", deadline_s=60, clock=lambda: self.now, sleep=self.sleep)


def test_it_waits_for_the_answer_but_not_for_ever() -> None:
    waits = Scripted("DETECTION_IN_PROGRESS", "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE")
    assert waits.find() == Drift([], 0)
    assert waits.now == 3
    with pytest.raises(DriftUnknown, match="for 60 s and is not done"):
        Scripted("DETECTION_IN_PROGRESS").find()
    with pytest.raises(DriftUnknown, match="could not compare all of the stack 'stack': no rights"):
        Scripted("DETECTION_FAILED").find()


def test_all_pages_are_read_and_differences_read_as_cloudformation_has_them() -> None:
    one = {
        "LogicalResourceId": "A", "PhysicalResourceId": "a", "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": "MODIFIED",
        "PropertyDifferences": [
            {"PropertyPath": "/DelaySeconds", "ExpectedValue": "5", "ActualValue": "0", "DifferenceType": "NOT_EQUAL"},
            {"PropertyPath": "/Policy", "ExpectedValue": "null", "ActualValue": '{"a":1}', "DifferenceType": "ADD"},
            {"PropertyPath": "/Age", "ExpectedValue": "1", "ActualValue": "null", "DifferenceType": "REMOVE"},
        ],
    }  # fmt: skip
    same = {**one, "LogicalResourceId": "B", "StackResourceDriftStatus": "IN_SYNC"}
    pages = [{"StackResourceDrifts": [same], "NextToken": "1"}, {"StackResourceDrifts": [one]}]
    assert Scripted("DETECTION_COMPLETE", pages=pages).find() == Drift([drifted_resource(one)], 2)
    assert drifted_resource(one).properties == [
        DriftedProperty("/Age", "1", None),
        DriftedProperty("/DelaySeconds", "5", "0"),
        DriftedProperty("/Policy", None, '{"a":1}'),
    ]


@pytest.mark.parametrize(
    ("expected", "actual", "paths"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, ["/a/y"]),
        ({"a": 1}, {"a": "1"}, []),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["/a"]),
        ({"a": True}, {}, ["/a"]),
    ],
)
def test_only_what_the_template_says_is_compared(expected: Any, actual: Any, paths: list[str]) -> None:
    assert [one["PropertyPath"] for one in differences(expected, actual)] == paths
