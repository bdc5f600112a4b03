"""A function that is invoked for its answer is waited for as long as it may run, and is not called twice while it runs."""

from __future__ import annotations

import json

import pytest

from skyburst.homes.aws import answers
from skyburst.homes.aws.answers import FunctionFailed, client_for_answers, invoke
from skyburst.homes.aws.deployed import Deployed
from tests.homes_aws.dynamodb import CREDENTIALS
from tests.homes_aws.lambdas import BUSY, Answer, Call, functions


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)


HERE = Deployed("bucket", "batches", "jobs", "skyburst")


def test_its_client_waits_for_as_long_as_a_function_may_run_and_repeats_nothing() -> None:
    config = client_for_answers(HERE, connections=64).meta.config
    assert config.read_timeout >= 900
    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == 64


def test_throttles_are_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with functions(lambda call: BUSY if call.number < 4 else (200, {}, b'{"x":1}')) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert invoke(client_for_answers(HERE), "f", {}, seconds=30) == {"x": 1}
        assert len(calls) == 4


def test_a_function_that_does_not_answer_in_time_is_not_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    monkeypatch.setattr(answers, "LONGEST_S", 0.2)
    asked = Event()

    def slow(_: Call) -> Answer:
        asked.wait(5)
        return 200, {}, b"1"

    with functions(slow) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(FunctionFailed, match="ReadTimeoutError"):
            invoke(client_for_answers(HERE), "f", {}, seconds=30)
        asked.set()
        assert len(calls) == 1


def test_an_error_of_the_function_is_told_with_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"errorType": "ValueError", "errorMessage": "no"}).encode()
    with functions(lambda _: (200, {"X-Amz-Function-Error": "Unhandled"}, said)) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(FunctionFailed, match="ValueError: no"):
            invoke(client_for_answers(HERE), "f", {}, seconds=30)


def test_a_function_that_may_not_be_invoked_is_told_with_both_ways_to_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = b'{"Message":"User: x is not authorized to perform: lambda:InvokeFunction"}'
    with functions(lambda _: (403, {"X-Amzn-ErrorType": "AccessDeniedException"}, denied)) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(FunctionFailed, match="not authorized") as failed:
            invoke(client_for_answers(HERE), "f", {}, seconds=30)
    assert "; deploy again with it in `--burst-functions`, or in `burst_functions` of the context" in str(failed.value)
