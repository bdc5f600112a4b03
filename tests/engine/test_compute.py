"""Where batches run, and why."""

from __future__ import annotations

from typing import Any

import pytest

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.engine.compute import choose

PYTHON = {"worker": "code:work", "combiner": "code:combine"}
COMMAND = {"command": ["bash", "run.sh"]}


@pytest.mark.parametrize(
    ("given", "environment", "why"),
    [
        (PYTHON, False, "its blueprint asks for no environment"),
        (COMMAND, True, "it is a command, which needs an environment"),
        ({**PYTHON, "compute": "ec2"}, True, "its blueprint says compute = 'ec2'"),
        ({**PYTHON, "compute": "lambda", "environment": {"memory_mb": 20_000}}, False, "its blueprint says compute = 'lambda'"),
        ({**PYTHON, "environment": {"gpus": 2}}, True, "it needs 2 GPUs, and functions have none"),
        ({**PYTHON, "environment": {"memory_mb": 10_241}}, True, "it needs 10,241 MiB of memory, and functions have 10,240"),
        ({**PYTHON, "environment": {"vcpus": 7, "timeout_min": 10}}, True, "it needs 7 processors, and functions have 6"),
        ({**PYTHON, "environment": {"timeout_min": 15}}, False, "all it needs is to be had in a function"),
        ({**PYTHON, "environment": {"timeout_min": 20}}, True, "it needs 20 minutes, and functions have 15"),
    ],
)  # fmt: skip
def test_batches_run_where_what_they_need_is_to_be_had(given: dict[str, Any], environment: bool, why: str) -> None:
    document = {"blueprint": 1, "name": "one", "version": "1.0.0", "environment": {"timeout_min": 10}, **given}
    if given is PYTHON:
        del document["environment"]
    choice = choose(parse_blueprint(document, "here"))
    assert (choice.environment, choice.why) == (environment, why)


def test_batches_that_may_fall_back_begin_in_functions() -> None:
    document = {"blueprint": 1, "name": "one", "version": "1.0.0", **PYTHON}
    choice = choose(parse_blueprint({**document, "environment": {"fallback": True, "memory_mb": 60_000}}, "here"))
    assert not choice.environment
    assert choice.fallback
