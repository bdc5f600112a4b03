"""What a blueprint says of environments."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.contracts.blueprint import COMMAND_COMBINER, COMMAND_WORKER, parse_blueprint
from skyburst.errors import InvalidBlueprint

BASE = {"blueprint": 1, "name": "one", "version": "1.0.0"}
PYTHON = {"worker": "code:work", "combiner": "code:combine"}
DIGEST = "sha256:" + "0" * 64


def test_a_command_is_run_by_the_engines_own_worker_and_what_is_stored_reads_the_same() -> None:
    blueprint = parse_blueprint({**BASE, "command": ["bash", "run.sh"]}, "here")
    assert (blueprint.worker, blueprint.combiner) == (COMMAND_WORKER, COMMAND_COMBINER)
    assert parse_blueprint(blueprint.document(), "here") == blueprint


def test_a_command_may_have_a_combiner_of_its_own() -> None:
    assert parse_blueprint({**BASE, "command": ["run"], "combiner": "code:join"}, "here").combiner == "code:join"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({**PYTHON, "command": ["run"]}, "worker is 'code:work', and there is a command too"),
        ({"command": []}, "command is"),
        ({"command": ["run"], "compute": "lambda"}, "a command needs an environment"),
        ({**PYTHON, "compute": "lambda", "environment": {"gpus": 1}}, "functions have no GPU"),
        ({**PYTHON, "compute": "gpu"}, 'compute is "gpu": expected auto, ec2 or lambda'),
        ({**PYTHON, "environment": {"image": "lab/denoise:latest"}}, "names a container image by its digest"),
        ({**PYTHON, "environment": {"instance_types": ["big one"]}}, "EC2 instance type, such as m5.4xlarge"),
        ({**PYTHON, "environment": {"pricing": "reserved"}}, "environment.pricing is"),
        ({**PYTHON, "environment": {"variables": {"SKYBURST_JOB": "1"}}}, "environment.variables has 'SKYBURST_JOB'"),
        ({**PYTHON, "environment": {"gpu": 1}}, "environment.gpu: there is no such field; did you mean 'gpus'?"),
        ({**PYTHON, "next": [{"analysis": "two", "on": "some"}]}, "next[0].on is"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(given: dict[str, Any], refusal: str) -> None:
    with pytest.raises(InvalidBlueprint) as refused:
        parse_blueprint({**BASE, **given}, "here")
    assert refusal in str(refused.value)


def test_what_an_environment_needs_is_read() -> None:
    needs = {
        "image": f"lab/denoise@{DIGEST}",
        "instance_types": ["g5.xlarge", "g6"],
        "gpus": 1,
        "ami": "ami-0849b3d20fe3258e3",
    }
    environment = parse_blueprint({**BASE, **PYTHON, "environment": needs}, "here").environment
    assert environment is not None
    assert (environment.instance_types, environment.gpus) == (["g5.xlarge", "g6"], 1)
