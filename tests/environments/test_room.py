"""How many environments run at once on a machine, and what each may take. Pure."""

from __future__ import annotations

import pytest

from skyburst.contracts.blueprint import parse_blueprint
from skyburst.contracts.records import Failure, JobRecord
from skyburst.contracts.states import BatchState, JobState
from skyburst.engine.watch import state_after
from skyburst.environments.gpus import Gpus, share_out
from skyburst.homes.local.room import Machine, limits_of, setup_of, workers_for

HERE = Machine(processors=8, memory_mb=16_000, gpus=["GPU-a", "GPU-b", "GPU-c"])


def job(environment=None, spec=None, **fields):
    document = {"blueprint": 1, "name": "fit", "version": "1.0.0", "parameters": {}, **fields}
    if environment is not None:
        document["environment"] = environment
    if "command" not in document:
        document |= {"worker": "w:w", "combiner": "c:c"}
    analysis = {"name": "fit", "blueprint": parse_blueprint(document, "here").document()}
    return JobRecord("fit-1", spec or {}, analysis, {}, JobState.RUNNING)


@pytest.mark.parametrize(
    ("environment", "spec", "named", "workers"),
    [
        ({}, {}, None, 7),
        ({"vcpus": 3}, {}, None, 2),
        ({"vcpus": 100, "memory_mb": 128}, {}, None, 1),
        ({"memory_mb": 6_000}, {}, None, 2),
        ({"memory_mb": 128, "gpus": 1}, {}, None, 3),
        ({"memory_mb": 128, "gpus": 2}, {}, None, 1),
        ({"memory_mb": 128, "max_concurrent": 4}, {}, None, 4),
        ({"memory_mb": 128}, {"max_parallelism": 2}, None, 2),
        ({"memory_mb": 6_000, "max_concurrent": 5}, {}, 12, 5),
        ({"gpus": 1}, {}, 12, 3),
    ],
)
def test_as_many_commands_run_as_there_is_room_for_and_the_blueprint_allows(environment, spec, named, workers):
    assert workers_for(job(environment, spec, command=["x"]), HERE, named) == workers


def test_where_there_are_no_gpus_a_command_that_wants_some_runs_without():
    none = HERE._replace(gpus=[])
    wanting = job({"gpus": 2, "memory_mb": 128}, command=["x"])
    assert workers_for(wanting, none) == 8
    assert setup_of(wanting, "/a", none).gpus_wanted == 2


def test_a_worker_of_python_that_runs_in_an_environment_has_its_time_and_memory():
    limits = limits_of(job({"memory_mb": 9_000, "timeout_min": 30, "attempts": 2}, compute="ec2"))
    assert limits == (1_800, 9_000, 2, 900, True)
    assert limits_of(job()) == (300, 2_048, 3, 900, False)


def test_a_job_may_wish_for_another_time():
    assert (
        limits_of(job({"timeout_min": 30}, {"environment": {"timeout_min": 1.5}}, command=["x"])).batch_timeout_s == 90
    )


def test_a_batch_that_may_fall_back_has_what_it_would_have_there():
    limits = limits_of(job({"memory_mb": 12_000, "timeout_min": 60, "fallback": True}))
    assert (limits.memory_mb, limits.batch_timeout_s, limits.environment) == (12_000, 3_600, False)


@pytest.mark.parametrize("kind", ["CommandFailed", "TimedOut", "OutOfMemory", "ObjectNotFound", "InvalidItems"])
def test_what_would_fail_again_in_an_environment_is_not_tried_again(kind):
    assert state_after(Failure(kind, "x"), 1, 3, environment=True) is BatchState.FAILED


@pytest.mark.parametrize("kind", ["Killed", "StorageError"])
def test_what_is_not_the_analysis_fault_is_tried_again_in_an_environment(kind):
    assert state_after(Failure(kind, "x"), 1, 3, environment=True) is not BatchState.FAILED


def test_time_and_memory_are_tried_again_in_a_function():
    assert state_after(Failure("TimedOut", "x"), 1, 3) is BatchState.PENDING
    assert state_after(Failure("CommandFailed", "x"), 1, 3) is BatchState.FAILED


def test_workers_share_the_gpus_and_no_two_have_the_same_while_there_are_enough():
    ids = ["a", "b", "c", "d", "e"]
    assert [share_out(ids, 2, slot) for slot in range(2)] == [["a", "b"], ["c", "d"]]
    assert share_out(ids, 2, 2) == ["a", "b"], "more workers than shares share"
    assert share_out(["a"], 2, 0) == ["a"]
    assert share_out([], 2, 0) == []


def test_gpus_that_this_process_may_not_use_are_not_offered(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert Gpus().ids() == []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    found = Gpus().ids()
    assert len(set(found)) == len(found)
    use = Gpus().use(found)
    assert (use is None) == (not found)
