"""What X-Ray is told by deployed functions, from the very bundles that are deployed."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.deployed.conftest import PREFIX, Deployment

pytestmark = pytest.mark.slow
PLAN = f"{PREFIX}-plan"


def test_a_planner_that_refuses_a_job_is_found_in_a_trace_by_the_job(aws: Deployment, job_name: str) -> None:
    client = aws.cloud.client("lambda")
    client.meta.events.register("before-call.lambda.Invoke", ask_for_trace)
    before = client.get_function_configuration(FunctionName=PLAN)["Environment"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        address = {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}"}
        variables = {**before["Variables"], **address}
        client.update_function_configuration(FunctionName=PLAN, Environment={"Variables": variables})
        try:
            event = {"task": "plan", "execution": job_name, "given": {"analysis": "unheard-of"}}
            answer = client.invoke(FunctionName=PLAN, Payload=json.dumps(event))
            assert json.loads(answer["Payload"].read())["errorType"] == "InvalidJob"
            part = json.loads(daemon.recv(65_536).partition(b"\n")[2])
        finally:
            client.update_function_configuration(FunctionName=PLAN, Environment=before)
    assert (part["name"], part["annotations"]) == ("## plan", {"job": job_name, "task": "plan"})
    assert "unheard-of" in part["cause"]["exceptions"][0]["message"]


def ask_for_trace(params: dict[str, Any], **_: Any) -> None:
    """As a state machine does whose execution was sampled."""
    params["headers"]["X-Amzn-Trace-Id"] = "Root=1-65a5b0c0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"


@pytest.mark.parametrize("entry", sorted((REPOSITORY / "workers").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_workers_import_no_tracer(entry: Path) -> None:
    assert "traced" not in entry.read_text(encoding="utf-8"), (
        "it takes over a quarter of what their cold start may take"
    )
