"""The default bus: executions that end are told to it, and functions hear of what rules pick."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from tests.local_cloud.helpers import EVERYTHING, put_function, unique
from tests.waiting import eventually

LISTENER = """
import json
def handler(event, context):
    print("HEARD " + json.dumps(event))
"""


@pytest.fixture
def rule(cloud: LocalCloud) -> str:
    """Its name; it picks executions that were stopped."""
    name = unique("rule")
    pattern = {"source": ["aws.states"], "detail": {"status": ["ABORTED"]}}
    cloud.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    return name


def listener(cloud: LocalCloud, rule: str) -> str:
    """A function that is a target of the rule."""
    function = put_function(cloud, LISTENER)
    cloud.client("logs").create_log_group(logGroupName=f"/aws/lambda/{function}")
    arn = f"arn:aws:lambda:{cloud.region}:{cloud.account}:function:{function}"
    cloud.client("events").put_targets(Rule=rule, Targets=[{"Id": function, "Arn": arn}])
    return function


def let(cloud: LocalCloud, function: str, rule: str) -> None:
    """Give a rule the permission to invoke a function."""
    cloud.client("lambda").add_permission(
        FunctionName=function, StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=f"arn:aws:events:{cloud.region}:{cloud.account}:rule/{rule}",
    )  # fmt: skip


def heard(cloud: LocalCloud, function: str) -> list[dict[str, Any]]:
    lines = [line for line in cloud.logs_of(function) if line.startswith("HEARD ")]
    return [json.loads(line.removeprefix("HEARD ")) for line in lines]


def test_a_function_hears_that_an_execution_was_stopped_if_the_rule_may_invoke_it(cloud: LocalCloud, rule: str) -> None:
    let_in, shut_out = listener(cloud, rule), listener(cloud, rule)
    let(cloud, let_in, rule)
    states = cloud.client("stepfunctions")
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    role = cloud.put_role(unique("role"), "states.amazonaws.com", EVERYTHING)
    machine = states.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=role)
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"], name="mine", input='{"a": 1}')[
        "executionArn"
    ]
    eventually(lambda: states.get_execution_history(executionArn=arn)["events"])
    states.stop_execution(executionArn=arn, error="Enough", cause="no more money")
    (event,) = eventually(lambda: heard(cloud, let_in))
    detail = event["detail"]
    assert (event["detail-type"], event["resources"]) == ("Step Functions Execution Status Change", [arn])
    assert (detail["name"], detail["status"], json.loads(detail["input"])) == ("mine", "ABORTED", {"a": 1})
    assert (detail["error"], detail["cause"]) == ("Enough", "no more money")
    assert detail["stateMachineArn"] == machine["stateMachineArn"]
    assert detail["stopDate"] >= detail["startDate"] > 1_700_000_000_000
    cloud.wait_for_events()
    assert heard(cloud, shut_out) == []


def test_a_target_gets_what_the_rule_says_and_other_targets_get_the_event_too(cloud: LocalCloud) -> None:
    rule = unique("rule")
    events, sqs = cloud.client("events"), cloud.client("sqs")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    function = listener(cloud, rule)
    let(cloud, function, rule)
    arn = f"arn:aws:lambda:{cloud.region}:{cloud.account}:function:{function}"
    queue = sqs.create_queue(QueueName=rule)["QueueUrl"]
    transformer = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '{"greeted": "<who>"}'}
    targets = [
        {"Id": "changed", "Arn": arn, "InputTransformer": transformer},
        {"Id": "constant", "Arn": arn, "Input": '{"constant": true}'},
        {"Id": "queue", "Arn": f"arn:aws:sqs:{cloud.region}:{cloud.account}:{rule}"},
    ]
    events.put_targets(Rule=rule, Targets=targets)
    events.put_events(Entries=[{"Source": rule, "DetailType": "t", "Detail": '{"who": "world"}'}])
    got = eventually(lambda: len(heard(cloud, function)) == 3 and heard(cloud, function))
    assert {"constant": True} in got
    assert {"greeted": "world"} in got
    assert [event["detail"] for event in got if "detail" in event] == [{"who": "world"}]
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["detail"] == {"who": "world"}


def test_a_rule_with_a_schedule_only_hears_of_no_event(cloud: LocalCloud, rule: str) -> None:
    daily = unique("rule")
    cloud.client("events").put_rule(Name=daily, ScheduleExpression="rate(1 day)")
    scheduled, listening = listener(cloud, daily), listener(cloud, rule)
    let(cloud, scheduled, daily)
    let(cloud, listening, rule)
    event = {"Source": "aws.states", "DetailType": "any", "Detail": json.dumps({"status": "ABORTED"})}
    cloud.client("events").put_events(Entries=[event])
    eventually(lambda: heard(cloud, listening))
    cloud.wait_for_events()
    assert not heard(cloud, scheduled)
