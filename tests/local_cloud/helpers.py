"""Small functions and state machines for the tests of the local cloud."""

from __future__ import annotations

import io
import itertools
import json
import os
import zipfile
from typing import Any

import pytest

from skyburst.local_cloud import LocalCloud
from tests.waiting import PATIENCE_S, eventually

if not os.environ.get("CI"):
    # Whoever imports this is skipped without the extra; in CI, the next import fails instead.
    pytest.importorskip("moto", reason="moto is not installed (the extra `cloud`)")
from botocore.exceptions import ClientError as ClientError

EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
_numbers = itertools.count()


def unique(prefix: str) -> str:
    """A name that no other test has."""
    return f"{prefix}-{next(_numbers)}"


def zip_of(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def put_function(cloud: LocalCloud, source: str | dict[str, str], **fields: Any) -> str:
    """A function of its own; its code is `index.py` with `handler`, unless said otherwise."""
    name = unique("function")
    files = {"index.py": source} if isinstance(source, str) else source
    statements = fields.pop("statements", EVERYTHING)
    role = cloud.put_role(f"{name}-role", "lambda.amazonaws.com", statements)
    spec = {"Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Timeout": 10, "MemorySize": 256}
    client = cloud.client("lambda")
    client.create_function(FunctionName=name, Code={"ZipFile": zip_of(files)}, **{**spec, **fields})
    return name


def invoke(cloud: LocalCloud, name: str, event: Any = None, **fields: Any) -> tuple[str | None, Any]:
    """The kind of error and the result of a call."""
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **fields)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def run_machine(
    cloud: LocalCloud,
    states: dict[str, Any],
    given: Any = None,
    *,
    statements: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Run a state machine whose first state is the first that is given, and describe its end."""
    name = unique("machine")
    role = cloud.put_role(f"{name}-role", "states.amazonaws.com", EVERYTHING if statements is None else statements)
    definition = {"StartAt": next(iter(states)), "States": states, **fields}
    client = cloud.client("stepfunctions")
    arn = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=arn, input=json.dumps({} if given is None else given))
    return cloud.wait_for_execution(execution["executionArn"], PATIENCE_S)


def output_of(execution: dict[str, Any]) -> Any:
    """What an execution returned; fails with why it did not."""
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(execution["output"])


def receive(cloud: LocalCloud, queue_url: str) -> dict[str, Any]:
    """The next message of a queue, in JSON."""
    sqs = cloud.client("sqs")
    messages = eventually(lambda: sqs.receive_message(QueueUrl=queue_url).get("Messages"))
    document: dict[str, Any] = json.loads(messages[0]["Body"])
    return document
