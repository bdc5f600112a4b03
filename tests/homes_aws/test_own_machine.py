"""The machine of a container, as far as it can be known; in the local cloud, tests/local_cloud/test_batch.py asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from skyburst.homes.aws.container_log import METADATA
from skyburst.homes.aws.own_machine import COMPUTE_ENVIRONMENT, MACHINE, SPOT, is_spot, own_machine, told_machine

START = "arn:aws:batch:us-east-1:123456789012:compute-environment/"
SPARE = f"{START}Spot-1 {START}Spot-2"


class Agent(BaseHTTPRequestHandler):
    """What the agent of ECS says, which may be no JSON."""

    says = json.dumps({"Cluster": "one_Batch_1", "TaskARN": "arn:aws:ecs:us-east-1:123456789012:task/one_Batch_1/7"})

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.path == "/v4/1/task" else 404)
        self.end_headers()
        self.wfile.write(self.says.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Agent)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v4/1"
    server.shutdown()
    server.server_close()


class Ecs:
    """A service that forgets what it is asked for."""

    def __init__(self, tasks: list[Any], instances: list[Any]) -> None:
        self._answers = {"tasks": tasks, "containerInstances": instances}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return self._answers

    def describe_container_instances(self, **_: Any) -> dict[str, Any]:
        return self._answers


@pytest.mark.parametrize(
    ("where", "spare", "spot"),
    [
        ("Spot-2", SPARE, True), ("Spot", SPARE, False), ("OnDemand-1", SPARE, False), ("OnDemand-1", None, None),
        (None, SPARE, None),
    ],
)  # fmt: skip
def test_whether_an_instance_is_spare_is_known_by_its_compute_environment(
    where: str | None, spare: str | None, spot: bool | None
) -> None:
    variables = {name: value for name, value in ((COMPUTE_ENVIRONMENT, where), (SPOT, spare)) if value is not None}
    assert is_spot(variables) is spot


def test_what_was_found_out_is_handed_on() -> None:
    assert told_machine({}) is None
    assert told_machine({MACHINE: "null"}) is None
    assert told_machine({MACHINE: '{"type": "m5.large"}'}) == {"type": "m5.large"}


@pytest.mark.parametrize(
    ("tasks", "instances", "why"),
    [
        ([], [], "does not say where"),
        ([{}], [], "does not say where"),
        ([{"containerInstanceArn": "gone"}], [], "does not know the container instance gone"),
        ([{"containerInstanceArn": "odd"}], [{"ec2InstanceId": "i-1", "attributes": []}], "ecs.instance-type"),
    ],
)
def test_a_machine_that_ecs_does_not_know_is_not_known_and_the_log_says_why(
    address: str, caplog: pytest.LogCaptureFixture, tasks: list[Any], instances: list[Any], why: str
) -> None:
    assert own_machine(lambda: Ecs(tasks, instances), {METADATA: address}) is None
    assert why in caplog.text


@pytest.mark.parametrize("answer", ["[]", "nothing", "{}"])
def test_an_agent_that_says_something_else_is_no_reason_to_give_up_a_batch(
    address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(Agent, "says", answer)
    assert own_machine(lambda: Ecs([], []), {METADATA: address}) is None
    assert "could not be found out" in caplog.text


def test_outside_of_ecs_nobody_is_asked() -> None:
    assert own_machine(lambda: pytest.fail("it was asked"), {}) is None
    assert own_machine(lambda: pytest.fail("it was asked"), {METADATA: "file:///etc/passwd"}) is None
