"""Custom resources: their functions are asked, and what they tell is what becomes of the stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyburst.errors import DeployFailed
from skyburst.local_cloud import LocalCloud
from tests.local_cloud.test_templates import Deploy, att
from tests.local_cloud.test_templates import deploy as deploy
from tests.local_cloud.test_templates import stack as stack
from tests.local_cloud.web_world import TRUST

CODE = """
import json, urllib.request
def handler(event, context):
    print(json.dumps({"kind": event["RequestType"], "id": event.get("PhysicalResourceId"),
                      "is": event["ResourceProperties"], "was": event.get("OldResourceProperties")}))
    wanted = event["ResourceProperties"]
    if wanted["Name"] == "silent":
        raise ValueError("said nothing")
    failed = wanted["Name"] == "bad" and event["RequestType"] != "Delete"
    body = {"Status": "FAILED" if failed else "SUCCESS", "Reason": "the name is bad", "PhysicalResourceId": wanted["Name"],
            "StackId": event["StackId"], "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
            "Data": {"Loud": wanted["Name"].upper()}}
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT"))
"""


def resources(name: str, kind: str = "Custom::Thing") -> dict[str, Any]:
    function = {
        "Runtime": "python3.12", "Handler": "index.handler", "Role": att("Role", "Arn"), "Code": {"ZipFile": CODE},
    }  # fmt: skip
    asked = {"ServiceToken": att("Function", "Arn"), "Name": name, "Deep": {"Number": 3, "True": True, "List": [1]}}
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Thing": {"Type": kind, "Properties": asked},
    }


OUTPUTS = {"Loud": {"Value": att("Thing", "Loud")}, "Function": {"Value": {"Ref": "Function"}}}


def asked(cloud: LocalCloud, function: str) -> list[dict[str, Any]]:
    """What it was asked for: its log stays when the function has gone."""
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [json.loads(one["message"]) for one in events if one["message"].startswith('{"kind"')]


@pytest.mark.parametrize("kind", ["Custom::Thing", "AWS::CloudFormation::CustomResource"])
def test_a_function_makes_changes_and_deletes_a_resource(
    cloud: LocalCloud, deploy: Deploy, stack: str, kind: str
) -> None:
    made = deploy(resources("one", kind), Outputs=OUTPUTS)
    assert made.outputs["Loud"] == "ONE"
    function = made.outputs["Function"]
    deploy(resources("one", kind), Outputs=OUTPUTS)
    assert len(asked(cloud, function)) == 1, "nothing has changed"
    assert deploy(resources("two", kind), Outputs=OUTPUTS).outputs["Loud"] == "TWO"
    create, update, delete = asked(cloud, function)
    assert (create["kind"], create["is"]["Deep"]) == ("Create", {"Number": "3", "True": "true", "List": ["1"]})
    assert (update["kind"], update["id"], update["was"]["Name"]) == ("Update", "one", "one")
    assert (delete["kind"], delete["id"]) == ("Delete", "one"), "it has another id now: the one before is not needed"
    cloud.destroy(stack)
    assert [(one["kind"], one["id"]) for one in asked(cloud, function)[3:]] == [("Delete", "two")]


def test_a_function_that_fails_fails_the_deployment_with_its_reason(deploy: Deploy) -> None:
    with pytest.raises(DeployFailed, match="the name is bad"):
        deploy(resources("bad"))


def test_a_function_that_tells_nothing_fails_the_deployment(deploy: Deploy) -> None:
    with pytest.raises(DeployFailed, match=r"told nothing.*said nothing"):
        deploy(resources("silent"))


def test_nobody_tells_what_was_not_asked_for(cloud: LocalCloud) -> None:
    import httpx

    assert httpx.put(f"{cloud.endpoint}/_custom-resource/made-up", json={"Status": "SUCCESS"}).status_code == 403
