"""State machines run as on AWS, with real functions: what the project's own machines use, and what moto had wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from skyburst.local_cloud.state_machines import problems, too_many_failed
from tests.local_cloud.helpers import EVERYTHING, ClientError, output_of, put_function, run_machine, unique
from tests.waiting import eventually

GATE = """
import os, time
def handler(event, context):
    while not os.path.exists(event): time.sleep(0.02)
"""
ECHO = """
import time
class Wrong(Exception): pass
calls = 0
def handler(event, context):
    global calls
    calls += 1
    if isinstance(event, dict):
        if event.get("fail"): raise Wrong("told to")
        if calls <= event.get("fail_first", 0): raise Wrong("at first")
        time.sleep(event.get("sleep", 0))
        if event.get("size"): return "x" * event["size"]
    return {"echo": event, "calls": calls}
"""
END: dict[str, Any] = {"Type": "Pass", "End": True}
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]


@pytest.fixture(scope="module")
def echo(running_cloud: LocalCloud) -> str:
    return put_function(running_cloud, ECHO, Timeout=5)


@pytest.fixture(scope="module")
def table(running_cloud: LocalCloud) -> str:
    name = unique("table")
    running_cloud.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture(scope="module")
def bucket(running_cloud: LocalCloud) -> str:
    name = unique("bucket")
    running_cloud.client("s3").create_bucket(Bucket=name)
    return name


def call(function: str, **more: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$", **more.pop("parameters", {})}
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, **ends, **more}


def task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    ends = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **ends, **more}


def test_pass_wait_and_choice(cloud: LocalCloud) -> None:
    states = {
        "Begin": {"Type": "Pass", "Result": {"n": 5, "a": [{"b": "x"}]}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Choose"},
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Take"}],
            "Default": "Fail",
        },
        "Take": {"Type": "Pass", "Parameters": {"one.$": "$.a[0].b", "all.$": "$.a[*].b"}, "End": True},
        "Fail": {"Type": "Fail", "Error": "No"},
    }
    assert output_of(run_machine(cloud, states)) == {"one": "x", "all": ["x"]}


def test_a_function_is_called_and_its_result_selected(cloud: LocalCloud, echo: str) -> None:
    state = call(echo, ResultSelector={"v.$": "$.Payload.echo.a"}, ResultPath="$.r")
    assert output_of(run_machine(cloud, {"A": state}, {"a": 1})) == {"a": 1, "r": {"v": 1}}
    legacy = {"Type": "Task", "Resource": f"arn:aws:lambda:{cloud.region}:{cloud.account}:function:{echo}", "End": True}
    assert output_of(run_machine(cloud, {"A": legacy}, {"a": 1}))["echo"] == {"a": 1}


def test_an_event_is_not_waited_for(cloud: LocalCloud, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    name = put_function(cloud, GATE, Timeout=300)
    state = call(name, parameters={"InvocationType": "Event"})
    assert output_of(run_machine(cloud, {"A": state}, str(gate)))["StatusCode"] == 202
    assert cloud.counts[name] == 0, "it has not ended"
    gate.touch()
    eventually(lambda: cloud.counts[name] == 1)


def test_errors_are_retried_and_caught_by_name(cloud: LocalCloud) -> None:
    name = put_function(cloud, ECHO)
    retry = [{"ErrorEquals": ["Wrong"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.0}]
    assert output_of(run_machine(cloud, {"A": call(name, Retry=retry)}, {"fail_first": 1}))["Payload"]["calls"] == 2
    catch = [{"ErrorEquals": ["Wrong"], "ResultPath": "$.error", "Next": "Caught"}]
    caught = output_of(run_machine(cloud, {"A": call(name, Catch=catch), "Caught": END}, {"fail": 1}))
    assert caught["error"]["Error"] == "Wrong"
    assert json.loads(caught["error"]["Cause"])["errorMessage"] == "told to"


def test_an_error_that_nobody_catches_fails_the_execution(cloud: LocalCloud, echo: str) -> None:
    execution = run_machine(cloud, {"A": call(echo)}, {"fail": 1})
    assert (execution["status"], execution["error"]) == ("FAILED", "Wrong")


def test_tasks_and_machines_have_deadlines(cloud: LocalCloud, echo: str) -> None:
    states = {"A": call(echo, TimeoutSeconds=1, Catch=CATCH_ALL), "Caught": END}
    assert output_of(run_machine(cloud, states, {"sleep": 2.5}))["Error"] == "States.Timeout"
    waits = {"A": {"Type": "Wait", "Seconds": 20, "End": True}}
    assert run_machine(cloud, waits, TimeoutSeconds=1)["status"] == "TIMED_OUT"


def test_branches_run_beside_each_other_and_one_that_fails_is_caught(cloud: LocalCloud, echo: str) -> None:
    one = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": True}}}
    two = {"StartAt": "L", "States": {"L": call(echo, OutputPath="$.Payload.echo")}}
    both = {"Type": "Parallel", "Branches": [one, two], "End": True}
    assert output_of(run_machine(cloud, {"A": both}, {"q": 2})) == [1, {"q": 2}]
    bad = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad"}}}
    states = {"A": {"Type": "Parallel", "Branches": [one, bad], "Catch": CATCH_ALL, "End": True}, "Caught": END}
    assert output_of(run_machine(cloud, states))["Error"] == "Bad"


def map_over(echo: str, mode: str, **more: Any) -> dict[str, Any]:
    config = {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})}
    inner = {"L": call(echo, OutputPath="$.Payload.echo")}
    return {
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": "L", "States": inner},
        "MaxConcurrency": 2,
        "End": True,
        **more,
    }


def test_an_inline_map_keeps_the_order_of_its_items(cloud: LocalCloud, echo: str) -> None:
    selector = {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}
    state = map_over(echo, "INLINE", ItemsPath="$.xs", ItemSelector=selector)
    expected = [{"v": value, "i": index} for index, value in enumerate([10, 20, 30])]
    assert output_of(run_machine(cloud, {"A": state}, {"xs": [10, 20, 30]})) == expected


def test_a_distributed_map_reads_its_items_from_s3(cloud: LocalCloud, echo: str, bucket: str) -> None:
    items = [{"i": number} for number in range(5)]
    cloud.client("s3").put_object(Bucket=bucket, Key="items.json", Body=json.dumps(items))
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": bucket, "Key": "items.json"},
    }
    state = map_over(echo, "DISTRIBUTED", ItemReader=reader)
    assert output_of(run_machine(cloud, {"A": state})) == items


def test_a_distributed_map_fails_with_more_failures_than_it_tolerates(cloud: LocalCloud, echo: str) -> None:
    given = {"xs": [{"fail": 1}, {"a": 1}, {"a": 2}]}
    intolerant = map_over(echo, "DISTRIBUTED", ItemsPath="$.xs", Catch=CATCH_ALL)
    caught = output_of(run_machine(cloud, {"A": intolerant, "Caught": END}, given))
    assert caught["Error"] == "States.ExceedToleratedFailureThreshold"
    tolerant = map_over(echo, "DISTRIBUTED", ItemsPath="$.xs", ToleratedFailureCount=1)
    assert [one for one in output_of(run_machine(cloud, {"A": tolerant}, given)) if one] == given["xs"][1:]


@pytest.mark.parametrize(
    ("failed", "total", "count", "percent", "expected"),
    [(0, 9, 0, 0, False), (1, 9, 0, 0, True), (2, 9, 2, 0, False), (3, 9, 2, 0, True), (5, 10, 0, 50, False),
     (6, 10, 0, 50, True), (3, 10, 2, 50, True), (10, 10, 0, 100, False)],
)  # fmt: skip
def test_tolerated_failures(failed: int, total: int, count: int, percent: float, expected: bool) -> None:
    assert too_many_failed(failed, total, count, percent) is expected


def test_tables_are_written_and_read(cloud: LocalCloud, table: str) -> None:
    key = {"pk": {"S.$": "$.id"}}
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    states = {
        "Put": task(
            "dynamodb:putItem",
            {"TableName": table, "Item": {**key, "n": {"N": "1"}}},
            ResultPath=None,
            Next="Update",
        ),
        "Update": task("dynamodb:updateItem", {"TableName": table, "Key": key, **update}, ResultPath=None, Next="Get"),
        "Get": task("dynamodb:getItem", {"TableName": table, "Key": key}, ResultPath="$.got", Next="Query"),
        "Query": task(
            "aws-sdk:dynamodb:query",
            {
                "TableName": table,
                "KeyConditionExpression": "pk = :p",
                "ExpressionAttributeValues": {":p": {"S.$": "$.id"}},
                "Select": "COUNT",
            },
            ResultPath="$.found",
        ),
    }
    output = output_of(run_machine(cloud, states, {"id": "a"}))
    assert output["got"]["Item"]["n"]["N"] == "2"
    assert output["found"]["Count"] == 1


def test_a_condition_that_does_not_hold_is_caught_by_name(cloud: LocalCloud, table: str) -> None:
    parameters = {"TableName": table, "Item": {"pk": {"S": "z"}}, "ConditionExpression": "attribute_exists(pk)"}
    catch = [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": "Caught"}]
    states = {"A": task("dynamodb:putItem", parameters, Catch=catch), "Caught": END}
    assert output_of(run_machine(cloud, states))["Error"] == "DynamoDB.ConditionalCheckFailedException"


def test_objects_are_written_and_read(cloud: LocalCloud, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "object"}
    states = {
        "Put": task("aws-sdk:s3:putObject", {**place, "Body": {"h": 1}}, ResultPath=None, Next="Get"),
        "Get": task("aws-sdk:s3:getObject", place, ResultSelector={"body.$": "States.StringToJson($.Body)"}),
    }
    assert output_of(run_machine(cloud, states)) == {"body": {"h": 1}}
    missing = task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "none"}, Catch=CATCH_ALL)
    assert output_of(run_machine(cloud, {"A": missing, "Caught": END}))["Error"] == "S3.NoSuchKeyException"


def test_events_and_messages_are_sent(cloud: LocalCloud) -> None:
    queue = cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    entry = {"Source": "skyburst", "DetailType": "job", "Detail": {"a": 1}, "EventBusName": "default"}
    states = {
        "Put": task("events:putEvents", {"Entries": [entry]}, ResultPath="$.put", Next="Send"),
        "Send": task("sqs:sendMessage", {"QueueUrl": queue, "MessageBody.$": "$"}, ResultPath="$.sent"),
    }
    output = output_of(run_machine(cloud, states))
    assert output["put"]["FailedEntryCount"] == 0
    assert output["sent"]["MessageId"]


def a_child(cloud: LocalCloud, state: dict[str, Any]) -> str:
    name = unique("child")
    role = cloud.put_role(f"{name}-role", "states.amazonaws.com", [])
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    made = cloud.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def test_another_machine_is_started_and_waited_for_or_not(cloud: LocalCloud) -> None:
    child = a_child(cloud, {"Type": "Pass", "Result": {"c": 1}, "End": True})
    started = {"StateMachineArn": child, "Input": {"from.$": "$$.Execution.Id"}}
    assert "ExecutionArn" in output_of(run_machine(cloud, {"A": task("states:startExecution", started)}))
    synced = output_of(run_machine(cloud, {"A": task("states:startExecution.sync:2", started)}))
    assert synced["Output"] == {"c": 1}
    assert json.loads(output_of(run_machine(cloud, {"A": task("states:startExecution.sync", started)}))["Output"]) == {
        "c": 1
    }
    failing = {"StateMachineArn": a_child(cloud, {"Type": "Fail", "Error": "ChildError"})}
    states = {"A": task("states:startExecution.sync:2", failing, Catch=CATCH_ALL), "Caught": END}
    caught = output_of(run_machine(cloud, states))
    assert caught["Error"] == "States.TaskFailed"
    assert "ChildError" in caught["Cause"]


CALLBACK = """
import boto3, json
def handler(event, context):
    states = boto3.client("stepfunctions")
    if event.get("fail"):
        states.send_task_failure(taskToken=event["token"], error="Mine", cause="because")
    else:
        states.send_task_heartbeat(taskToken=event["token"])
        states.send_task_success(taskToken=event["token"], output=json.dumps({"answer": 42}))
"""


@pytest.mark.parametrize("more", [{}, {"HeartbeatSeconds": 5}], ids=["", "heartbeat"])
def test_a_task_token_is_answered(cloud: LocalCloud, more: dict[str, Any]) -> None:
    name = put_function(cloud, CALLBACK)
    payload = {"token.$": "$$.Task.Token", "fail.$": "$.fail"}
    state = task("lambda:invoke.waitForTaskToken", {"FunctionName": name, "Payload": payload}, Catch=CATCH_ALL, **more)
    states = {"A": state, "Caught": END}
    assert output_of(run_machine(cloud, states, {"fail": False})) == {"answer": 42}
    assert output_of(run_machine(cloud, states, {"fail": True})) == {"Error": "Mine", "Cause": "because"}


def test_jsonata_and_variables(cloud: LocalCloud, echo: str) -> None:
    states = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {
                "FunctionName": echo,
                "Payload": {"s": "{% $sum($states.input.xs) %}", "text": "{% $states.input.text %}"},
            },
            "Assign": {"total": "{% $states.result.Payload.echo.s %}", "text": "{% $states.input.text %}"},
            "Next": "B",
        },
        "B": {"Type": "Choice", "Choices": [{"Condition": "{% $total = 6 %}", "Next": "C"}], "Default": "D"},
        "C": {"Type": "Succeed", "Output": {"total": "{% $total %}", "text": "{% $text %}"}},
        "D": {"Type": "Fail"},
    }
    given = {"xs": [1, 2, 3], "text": 'a "quoted"\nline'}
    assert output_of(run_machine(cloud, states, given, QueryLanguage="JSONata")) == {"total": 6, "text": given["text"]}
    states = {
        "A": {"Type": "Pass", "Assign": {"v.$": "$.q"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"r.$": "$v"}, "End": True},
    }
    assert output_of(run_machine(cloud, states, {"q": 7})) == {"r": 7}


def test_the_context_object_knows_the_execution(cloud: LocalCloud) -> None:
    parameters = {"name.$": "$$.Execution.Name", "at.$": "$$.Execution.StartTime", "state.$": "$$.State.Name"}
    output = output_of(run_machine(cloud, {"A": {"Type": "Pass", "Parameters": parameters, "End": True}}))
    assert output["state"] == "A"
    assert output["at"].startswith("20")
    assert output["name"] != "None"


def test_more_than_256_kib_between_states_ends_an_execution_and_is_caught_by_its_own_name_only(
    cloud: LocalCloud, echo: str
) -> None:
    too_long = "States.DataLimitExceeded"
    caught = {"A": call(echo, Catch=[{"ErrorEquals": [too_long], "Next": "Caught"}]), "Caught": END}
    assert output_of(run_machine(cloud, caught, {"size": 270_000}))["Error"] == too_long
    states = {"A": call(echo, Retry=[{"ErrorEquals": ["States.ALL"]}], Catch=CATCH_ALL), "Caught": END}
    ended = run_machine(cloud, states, {"size": 270_000})
    assert (ended["status"], ended["error"]) == ("FAILED", too_long)
    with pytest.raises(ClientError, match="ValidationException"):
        run_machine(cloud, states, {"x": "y" * 262_144})
    wrapped = call(echo, Catch=CATCH_ALL)
    wrapped["Parameters"]["Payload"] = {"given.$": "$", "name": "n" * 200}
    fits, does_not = {"x": "y" * 261_000}, {"x": "y" * 262_000}
    assert "Error" not in output_of(run_machine(cloud, {"A": wrapped, "Caught": END}, fits))
    assert run_machine(cloud, {"A": wrapped, "Caught": END}, does_not)["error"] == too_long


def test_a_definition_that_leads_nowhere_is_refused(cloud: LocalCloud) -> None:
    for states in ({"A": {"Type": "Pass", "Next": "Nowhere"}}, {"A": {"Type": "Pass"}}):
        with pytest.raises(ClientError, match=r"InvalidDefinition.*States/A"):
            run_machine(cloud, states)
    nested = {"Type": "Map", "ItemProcessor": {"StartAt": "X", "States": {}}, "End": True}
    assert [one.split(":")[0] for one in problems({"StartAt": "A", "States": {"A": nested}})] == [
        "MISSING_TRANSITION_TARGET"
    ]


def test_a_stopped_execution_says_why(cloud: LocalCloud) -> None:
    states = cloud.client("stepfunctions")
    arn = a_child(cloud, {"Type": "Wait", "Seconds": 30, "End": True})
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    time.sleep(0.2)
    states.stop_execution(executionArn=execution, error="Cancelled", cause="by the user")
    found = cloud.wait_for_execution(execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Cancelled", "by the user")


def test_a_name_can_be_used_again_for_the_same_input_only(cloud: LocalCloud) -> None:
    states = cloud.client("stepfunctions")
    arn = a_child(cloud, {"Type": "Wait", "Seconds": 1, "End": True})
    first = states.start_execution(stateMachineArn=arn, name="same", input='{"a": 1}')
    assert (
        states.start_execution(stateMachineArn=arn, name="same", input='{"a": 1}')["executionArn"]
        == first["executionArn"]
    )
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        states.start_execution(stateMachineArn=arn, name="same", input='{"a": 2}')


def test_history_events_are_counted(cloud: LocalCloud) -> None:
    execution = run_machine(cloud, {"A": {"Type": "Pass", "Next": "B"}, "B": END}, statements=EVERYTHING)
    # Started, two states entered and left, succeeded.
    assert cloud.count_history_events(execution["executionArn"]) == 6
