"""Lambda functions behave as on AWS: errors, timeouts, limits, events and their retries, environments."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud, functions
from tests.local_cloud.helpers import ClientError, invoke, put_function, receive, unique, zip_of
from tests.waiting import eventually

SOURCE = """
import json, logging, os, sys, time
calls = 0
class Custom(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    what = (event or {}).get("do")
    if what == "raise": raise Custom("nope")
    if what == "exit": os._exit(3)
    if what == "signal": os.kill(os.getpid(), 11)
    if what == "sleep": time.sleep(event["s"])
    if what == "big": return "x" * event["n"]
    if what == "not json": return {1, 2}
    if what == "log": print("to stdout"); logging.warning("to logging")
    if what == "memory": block = bytearray(event["mb"] << 20); block[::4096] = b"x" * len(block[::4096]); time.sleep(20)
    if what == "look":
        return {"name": context.function_name, "version": context.function_version, "memory": context.memory_limit_in_mb,
                "left_ms": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
                "variable": os.environ.get("FOO"), "path": sys.path, "environ": dict(os.environ), "cwd": os.getcwd()}
    return calls
"""

GATED = """
import os, time
def handler(event, context):
    open(event + "/begun", "w").close()
    while not os.path.exists(event + "/go"): time.sleep(0.02)
    return "gone"
"""
"""Goes on when it is let to."""


@pytest.fixture(scope="module")
def function(running_cloud: LocalCloud) -> str:
    return put_function(running_cloud, SOURCE, Timeout=2, Environment={"Variables": {"FOO": "bar"}})


def test_a_warm_environment_is_used_again(cloud: LocalCloud) -> None:
    name = put_function(cloud, SOURCE)
    assert [invoke(cloud, name) for _ in range(3)] == [(None, 1), (None, 2), (None, 3)]


def test_an_environment_that_has_nothing_to_do_is_ended(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    rare, busy = put_function(cloud, SOURCE), put_function(cloud, SOURCE)
    assert invoke(cloud, rare) == (None, 1)
    monkeypatch.setattr(functions, "IDLE_S", 0.0)
    assert invoke(cloud, busy) == (None, 1), "with it, the other one had nothing to do for longer"
    monkeypatch.undo()
    assert invoke(cloud, rare) == (None, 1), "it is a new environment"
    assert invoke(cloud, rare) == (None, 2)


@pytest.mark.parametrize("most", [1, 2])
def test_so_many_environments_are_kept_warm(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(functions, "IDLE_ENVIRONMENTS", most)
    first, second = put_function(cloud, SOURCE), put_function(cloud, SOURCE)
    assert [invoke(cloud, first), invoke(cloud, second)] == [(None, 1)] * 2
    assert invoke(cloud, second) == (None, 2)
    assert invoke(cloud, first) == (None, most), "with room for one, the first has made room for the second"


def test_a_function_sees_its_configuration(cloud: LocalCloud, function: str) -> None:
    _, seen = invoke(cloud, function, {"do": "look"})
    assert seen["name"] == function
    assert seen["version"] == "$LATEST"
    assert seen["arn"].endswith(f":function:{function}")
    assert int(seen["memory"]) == 256
    assert 1_000 < seen["left_ms"] <= 2_000
    assert seen["variable"] == "bar"


def test_a_function_sees_neither_the_project_nor_the_caller(cloud: LocalCloud, function: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    _, seen = invoke(cloud, function, {"do": "look"})
    assert "A_SECRET" not in seen["environ"]
    assert not [path for path in seen["path"] if "site-packages" in path]
    source = "def handler(event, context):\n    import skyburst\n"
    error, answer = invoke(cloud, put_function(cloud, source))
    assert error == "Unhandled"
    assert answer["errorType"] == "ModuleNotFoundError"


def test_an_error_is_told_with_its_type_and_where(cloud: LocalCloud, function: str) -> None:
    error, answer = invoke(cloud, function, {"do": "raise"})
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "Custom", "nope")
    assert "index.py" in answer["stackTrace"][-1]
    assert invoke(cloud, function, {})[0] is None


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        ({"do": "exit"}, "Runtime.ExitError", "exit status 3"),
        ({"do": "signal"}, "Runtime.ExitError", "signal: segv"),
        ({"do": "sleep", "s": 10}, "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ({"do": "not json"}, "Runtime.MarshalError", "set"),
        ({"do": "big", "n": 6_500_000}, "Function.ResponseSizeTooLarge", "6291456"),
    ],
    ids=lambda value: value.get("do") if isinstance(value, dict) else "",
)
def test_what_ends_badly_is_named(cloud: LocalCloud, function: str, event: Any, kind: str, message: str) -> None:
    error, answer = invoke(cloud, function, event)
    assert error == "Unhandled"
    assert answer["errorType"] == kind
    assert message in answer["errorMessage"]
    assert invoke(cloud, function, {})[0] is None


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import nothing_of_this_name", "Runtime.ImportModuleError"),
        ("x = 1", "Runtime.HandlerNotFound"),
        ("def handler(:", "Runtime.UserCodeSyntaxError"),
        ("import os; os._exit(1)", "Runtime.ExitError"),
    ],
)
def test_a_function_that_cannot_be_loaded_says_so(cloud: LocalCloud, source: str, kind: str) -> None:
    error, answer = invoke(cloud, put_function(cloud, source))
    assert error == "Unhandled"
    assert answer["errorType"] == kind


def test_a_function_that_takes_more_memory_than_it_has_is_killed(cloud: LocalCloud) -> None:
    name = put_function(cloud, SOURCE, Timeout=30)
    error, answer = invoke(cloud, name, {"do": "memory", "mb": 400})
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert "signal: kill" in answer["errorMessage"]
    assert invoke(cloud, name) == (None, 1)


def test_loading_does_not_count_as_running(cloud: LocalCloud) -> None:
    name = put_function(cloud, "import time; time.sleep(4)\ndef handler(event, context): return 'ok'", Timeout=3)
    assert invoke(cloud, name) == (None, "ok")


def test_layers_and_what_the_runtime_brings_along_can_be_imported(cloud: LocalCloud) -> None:
    layer = cloud.client("lambda").publish_layer_version(
        LayerName=unique("layer"), Content={"ZipFile": zip_of({"python/of_layer.py": "VALUE = 7"})}
    )["LayerVersionArn"]
    source = "import boto3, of_layer\ndef handler(event, context): return of_layer.VALUE"
    assert invoke(cloud, put_function(cloud, source, Layers=[layer])) == (None, 7)


def test_new_code_and_configuration_are_used_at_once(cloud: LocalCloud) -> None:
    client = cloud.client("lambda")
    name = put_function(cloud, "import os\ndef handler(event, context): return os.environ.get('X')")
    assert invoke(cloud, name) == (None, None)
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"X": "y"}})
    assert invoke(cloud, name) == (None, "y")
    client.update_function_code(FunctionName=name, ZipFile=zip_of({"index.py": "def handler(e, c): return 'new'"}))
    assert invoke(cloud, name) == (None, "new")


def test_the_tail_of_the_log_comes_with_the_answer_and_the_log_is_kept(cloud: LocalCloud, function: str) -> None:
    payload = json.dumps({"do": "log"})
    answer = cloud.client("lambda").invoke(FunctionName=function, LogType="Tail", Payload=payload)
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "to stdout" in tail
    assert "to logging" in tail
    assert "REPORT RequestId" in tail
    assert "to stdout" in cloud.logs_of(function)


def test_payloads_that_are_too_large_are_refused(cloud: LocalCloud, function: str) -> None:
    for kind, size in (("Event", 1_048_577), ("RequestResponse", 6_291_457)):
        with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
            cloud.client("lambda").invoke(FunctionName=function, InvocationType=kind, Payload=json.dumps("x" * size))


def test_a_payload_must_be_json_and_a_function_must_exist(cloud: LocalCloud, function: str) -> None:
    client = cloud.client("lambda")
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        client.invoke(FunctionName=function, Payload=b"{nope")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.invoke(FunctionName="nobody")
    assert client.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204


def test_variables_over_4_kb_are_refused(cloud: LocalCloud) -> None:
    with pytest.raises(ClientError, match="4KB limit"):
        put_function(cloud, SOURCE, Environment={"Variables": {"LONG": "x" * 4_096}})


def test_reserved_concurrency_throttles(cloud: LocalCloud, tmp_path: Path) -> None:
    name = put_function(cloud, GATED)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    sleeper = threading.Thread(target=invoke, args=(cloud, name, str(tmp_path)))
    sleeper.start()
    eventually((tmp_path / "begun").exists)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        invoke(cloud, name, str(tmp_path))
    (tmp_path / "go").touch()
    sleeper.join()
    assert invoke(cloud, name, str(tmp_path)) == (None, "gone")


def test_calls_run_at_the_same_time(cloud: LocalCloud) -> None:
    name = put_function(cloud, SOURCE)
    with ThreadPoolExecutor(8) as pool:
        calls = list(pool.map(lambda _: invoke(cloud, name, {"do": "sleep", "s": 2}), range(8)))
    # One after the other they would be calls 1 to 8 of one environment.
    assert [error for error, _ in calls] == [None] * 8
    assert sum(number == 1 for _, number in calls) > 1


def test_an_event_that_fails_is_tried_three_times_and_goes_to_the_failure_queue(cloud: LocalCloud) -> None:
    client = cloud.client("lambda")
    name = put_function(cloud, SOURCE)
    queue = cloud.client("sqs").create_queue(QueueName=unique("failed"))["QueueUrl"]
    arn = f"arn:aws:sqs:{cloud.region}:{cloud.account}:{queue.rpartition('/')[2]}"
    client.put_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}})
    assert client.invoke(FunctionName=name, InvocationType="Event", Payload='{"do": "raise"}')["StatusCode"] == 202
    record = receive(cloud, queue)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"do": "raise"}
    assert record["responsePayload"]["errorType"] == "Custom"
    assert cloud.counts[name] == 3


def test_a_throttled_event_waits_until_there_is_room(cloud: LocalCloud) -> None:
    name = put_function(cloud, SOURCE)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for _ in range(3):
        client.invoke(FunctionName=name, InvocationType="Event", Payload='{"do": "sleep", "s": 0.3}')
    cloud.wait_for_events()
    assert cloud.counts[name] == 3


AGAIN = """
import boto3, json
def handler(event, context):
    left = event["left"]
    if left: boto3.client("lambda").invoke(FunctionName=context.function_name, InvocationType="Event",
                                           Payload=json.dumps({"left": left - 1}))
"""


def test_a_chain_of_invocations_of_itself_is_stopped_after_sixteen(cloud: LocalCloud) -> None:
    name = put_function(cloud, AGAIN)
    invoke(cloud, name, {"left": 30})
    cloud.wait_for_events()
    assert cloud.counts[name] == 16


@pytest.mark.usefixtures("node")
def test_a_function_in_javascript_runs(cloud: LocalCloud) -> None:
    source = """
    export const handler = async (event, context) => {
      if (event.fail) throw new TypeError("no " + event.fail);
      console.log("seen");
      return { twice: event.x * 2, name: context.functionName };
    };
    """
    name = put_function(cloud, {"index.mjs": source}, Runtime="nodejs20.x")
    assert invoke(cloud, name, {"x": 21}) == (None, {"twice": 42, "name": name})
    error, answer = invoke(cloud, name, {"fail": "way"})
    assert (error, answer["errorType"], answer["errorMessage"]) == ("Unhandled", "TypeError", "no way")
    assert "seen" in cloud.logs_of(name)
    assert cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}")["ExecutedVersion"] == "$LATEST"
