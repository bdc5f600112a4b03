"""The function that looks for drift on a schedule, run under its own role in the deployed template."""

from __future__ import annotations

import json
import time

import pytest

from cdk_app.drift import READS
from skyburst.cli.main import run_program
from tests.deployed.conftest import PREFIX, Deployment
from tests.deployed.world import World

pytestmark = pytest.mark.slow
BY_CLOUDFORMATION = {
    *READS,
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DetectStackResourceDrift",
}
"""CloudFormation does this in the name of the role, which cannot be seen here: the cloud looks with its own rights."""


def test_a_function_whose_memory_was_changed_by_hand_is_named_told_and_counted(
    aws: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    functions, sqs, events = (aws.cloud.client(name) for name in ("lambda", "sqs", "events"))
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)

    def look() -> dict[str, object]:
        answer = functions.invoke(FunctionName=f"{PREFIX}-drift", Payload=b"{}")
        found: dict[str, object] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, found
        return found

    assert look()["drifted"] == []
    assert run_program(["drift", "--prefix", PREFIX]) == 0
    queue = sqs.create_queue(QueueName="drift")["QueueUrl"]
    events.put_rule(Name="drift", EventPattern=json.dumps({"detail-type": ["Skyburst Deployment Drift"]}))
    arn = f"arn:aws:sqs:{aws.cloud.region}:{aws.cloud.account}:drift"
    events.put_targets(Rule="drift", Targets=[{"Id": "queue", "Arn": arn}])
    functions.update_function_configuration(FunctionName=f"{PREFIX}-plan", MemorySize=1024)
    try:
        found = look()
        capsys.readouterr()
        assert run_program(["drift", "--prefix", PREFIX]) == 1
        out = capsys.readouterr().out
    finally:
        functions.update_function_configuration(FunctionName=f"{PREFIX}-plan", MemorySize=512)
        events.remove_targets(Rule="drift", Ids=["queue"])
        events.delete_rule(Name="drift")
    drifted = found["drifted"]
    assert isinstance(drifted, list)
    assert [(one["physical_id"], one["properties"]) for one in drifted] == [
        (f"{PREFIX}-plan", [{"path": "/MemorySize", "expected": "512", "actual": "1024"}])
    ]
    assert "  /MemorySize: expected 512, is 1024" in out
    message = next(filter(None, (_received(sqs, queue) for _ in range(50))), None)
    assert message is not None
    assert message["detail"]["drifted"][0]["physical_id"] == f"{PREFIX}-plan"
    assert look()["drifted"] == []
    unused = World(aws.cloud, aws.outputs).unused(f"{PREFIX}-drift")
    assert [entry for entry in unused if entry[0] not in BY_CLOUDFORMATION] == [], "its role may do nothing else"


def _received(sqs: object, queue: str) -> dict[str, dict[str, list[dict[str, str]]]] | None:
    messages = sqs.receive_message(QueueUrl=queue).get("Messages")  # type: ignore[attr-defined]
    if not messages:
        time.sleep(0.1)
        return None
    found: dict[str, dict[str, list[dict[str, str]]]] = json.loads(messages[0]["Body"])
    return found


def test_the_blueprint_that_is_deployed_is_read_from_the_template(
    aws: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in aws.cloud.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SKYBURST_PREFIX", PREFIX)
    assert run_program(["blueprint", "diff", "monte-carlo@deployed", "monte-carlo"]) == 0
    assert "are the same" in capsys.readouterr().out
    assert run_program(["blueprint", "show", "nowhere@deployed"]) == 6
    assert "has no blueprint of 'nowhere'" in capsys.readouterr().err
