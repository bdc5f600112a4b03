"""Many jobs in one execution, by the deployed template: real functions, real state machines, IAM enforced."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.deployed.conftest import PREFIX, Deployment

pytestmark = pytest.mark.slow
WORKS = {
    "analysis": "monte-carlo", "items": {"range": [0, 2]}, "batch_size": 1, "parameters": {"points_per_block": 10}
}  # fmt: skip
FAILS = {**WORKS, "items": ["no number"]}
"""All of its batches fail."""
REFUSED = {**WORKS, "items": {"manifest": "s3://a-bucket-that-does-not-exist/list"}}
"""Its execution fails before there is a job."""


def run(aws: Deployment, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run many jobs to their end."""
    return aws.run(name, given, machine="BatchMachine")


def children(aws: Deployment, name: str) -> list[dict[str, Any]]:
    """Executions of the jobs of a list, in its order."""
    pages = (
        aws.cloud.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=aws.outputs["JobMachine"])
    )
    found = [one for page in pages for one in page["executions"] if one["name"].startswith(f"{name}-")]
    return sorted(found, key=lambda one: str(one["name"]))


def test_50_jobs_run_in_one_execution_not_more_at_once_than_asked_for(aws: Deployment, job_name: str) -> None:
    denied = len([one for one in aws.cloud.decisions() if one.verdict != "allowed"])
    ended = run(aws, job_name, {"jobs": [WORKS] * 50, "max_concurrency": 6})
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert output == {
        "name": job_name, "state": "SUCCEEDED", "reason": "all 50 jobs succeeded", "jobs": 50, "counts": {"SUCCEEDED": 50},
        "not_succeeded": [], "summary": f"batches/{job_name}/summary.json",
    }  # fmt: skip
    started = children(aws, job_name)
    assert [one["name"] for one in started] == [f"{job_name}-{index:05d}" for index in range(50)]
    at_once = [sum(one["startDate"] <= other["startDate"] < one["stopDate"] for one in started) for other in started]
    assert max(at_once) <= 6
    assert len({aws.object(f"jobs/{one['name']}/result.json") for one in started}) == 1
    assert aws.cloud.count_history_events(ended["executionArn"]) < 40, "state holds no jobs"
    assert len([one for one in aws.cloud.decisions() if one.verdict != "allowed"]) == denied


def test_a_manifest_with_tolerated_failures_ends_as_partial_and_the_summary_says_which(
    aws: Deployment, job_name: str
) -> None:
    jobs = [WORKS, FAILS, WORKS, REFUSED, WORKS]
    manifest = aws.put("lists/some.json", json.dumps(jobs).encode())
    name = f"named-{job_name[-9:]}"
    ended = run(aws, job_name, {"manifest": manifest, "tolerated_failure_percent": 40, "name": name})
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert (output["name"], output["state"], output["counts"]) == (name, "PARTIAL", {"SUCCEEDED": 3, "FAILED": 2})
    assert output["reason"] == "3 of 5 jobs succeeded, 2 ended without a result, and 40 % may"
    summary = json.loads(aws.object(f"batches/{name}/summary.json"))
    failed, refused = summary["not_succeeded"]
    assert output["not_succeeded"] == [failed, {**refused, "reason": refused["reason"][:200]}], "state holds little"
    assert (failed["index"], failed["job"], failed["state"]) == (1, f"{name}-00001", "FAILED")
    assert failed["reason"].startswith("its one batch failed"), failed
    assert (refused["index"], refused["job"], refused["state"]) == (3, f"{name}-00003", "FAILED")
    assert "a-bucket-that-does-not-exist" in refused["reason"], refused


def test_too_many_failures_fail_the_execution_with_their_reasons_and_starting_again_starts_nothing_twice(
    aws: Deployment, job_name: str
) -> None:
    given = {"jobs": [WORKS, FAILS], "tolerated_failure_percent": 20, "name": job_name}
    ended = run(aws, f"{job_name}-first", given)
    assert (ended["status"], ended["error"]) == ("FAILED", "FAILED")
    assert ended["cause"].startswith(
        "1 of 2 jobs succeeded, 1 ended without a result, and 20 % may; jobs[1] FAILED: its one batch failed"
    )
    before = children(aws, job_name)
    again = run(aws, f"{job_name}-second", {**given, "tolerated_failure_percent": 50})
    assert json.loads(again["output"])["state"] == "PARTIAL"
    assert children(aws, job_name) == before
    other = run(aws, f"{job_name}-third", {**given, "jobs": [WORKS]})
    assert other["error"] == "InvalidJob"
    assert "belongs to another list of jobs" in other["cause"]


def test_jobs_that_cannot_be_run_are_named_by_their_index_before_any_starts(aws: Deployment, job_name: str) -> None:
    jobs = [
        WORKS,
        {**WORKS, "batch_size": 0},
        {**WORKS, "analysis": "monte-karlo"},
        {**WORKS, "parameters": {"integrand": "tau"}},
        {**WORKS, "labels": {"why": "x" * 110_000}},
        "none",
    ]
    ended = run(aws, job_name, {"jobs": jobs})
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidJob")
    assert errors(aws, ended) == ["InvalidJob"], "it was not tried again"
    said = json.loads(ended["cause"])["errorMessage"]
    assert said.startswith(
        "5 of 6 jobs cannot be run, and none was started: jobs[1].batch_size is 0: expected int >= 1; "
    )
    for part in (
        "jobs[2].analysis is 'monte-karlo'",
        'jobs[3]: parameters.integrand is "tau"',
        "jobs[4] has 110,",
        "jobs[5] is 'none'",
    ):
        assert part in said
    assert children(aws, job_name) == []


def test_functions_whose_processes_die_are_called_again_and_each_job_runs_once(aws: Deployment, job_name: str) -> None:
    faults, prepare, summary = aws.cloud.faults, f"{PREFIX}-prepare", f"{PREFIX}-summary"
    given = {"jobs": [WORKS, FAILS, WORKS], "tolerated_failure_percent": 50, "name": job_name}
    faults.kill_invocation(prepare, 1)
    faults.kill_invocation(prepare, 2, at_end=True)  # the manifest is written, and nobody is told
    faults.kill_invocation(summary, 1)
    faults.kill_invocation(summary, 2, at_end=True)
    ended = run(aws, f"{job_name}-first", given)
    assert ended["status"] == "SUCCEEDED", ended
    assert faults.pending() == 0, "all four processes were killed"
    assert errors(aws, ended) == ["Runtime.ExitError"] * 4
    output = json.loads(ended["output"])
    assert (output["state"], output["counts"]) == ("PARTIAL", {"SUCCEEDED": 2, "FAILED": 1})
    started = children(aws, job_name)
    assert [one["name"] for one in started] == [f"{job_name}-{index:05d}" for index in range(3)]
    assert [aws.table().job(one["name"]).runs for one in started] == [1, 1, 1]
    assert json.loads(run(aws, f"{job_name}-second", given)["output"]) == output
    assert children(aws, job_name) == started, "no job is started twice"


@pytest.mark.parametrize(("function", "before"), [("prepare", 0), ("summary", 2)])
def test_a_function_whose_process_dies_each_time_fails_the_execution_and_the_list_can_be_started_again(
    aws: Deployment, job_name: str, function: str, before: int
) -> None:
    for number in (1, 2, 3):
        aws.cloud.faults.kill_invocation(f"{PREFIX}-{function}", number)
    given = {"jobs": [WORKS, WORKS], "name": job_name}
    ended = run(aws, f"{job_name}-first", given)
    assert (ended["status"], ended["error"]) == ("FAILED", "Runtime.ExitError")
    assert aws.cloud.faults.pending() == 0, "it was tried three times"
    assert len(started := children(aws, job_name)) == before
    again = run(aws, f"{job_name}-second", given)
    assert json.loads(again["output"])["counts"] == {"SUCCEEDED": 2}
    assert len(children(aws, job_name)) == 2
    assert children(aws, job_name)[:before] == started, "those that ran before did not run again"


def errors(aws: Deployment, execution: dict[str, Any]) -> list[str]:
    """Errors of the tries of an execution's tasks, in order."""
    pages = (
        aws.cloud.client("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=execution["executionArn"])
    )
    events = [event for page in pages for event in page["events"] if event["type"] == "TaskFailed"]
    return [event["taskFailedEventDetails"]["error"] for event in events]


def test_its_role_may_do_what_only_aws_asks_for(aws: Deployment) -> None:
    machine = aws.cloud.client("stepfunctions").describe_state_machine(stateMachineArn=aws.outputs["BatchMachine"])
    role = machine["roleArn"].rpartition("/")[2]
    iam = aws.cloud.client("iam")
    allowed = [
        (action, resource)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    arn = "arn:aws:states:us-east-1:123456789012"
    # The children of a distributed map are executions that the machine starts of itself.
    for action, resource in [
        ("states:StartExecution", f"{arn}:stateMachine:skyburst-batches"),
        ("states:DescribeExecution", f"{arn}:execution:skyburst-batches/*"),
        ("states:StopExecution", f"{arn}:execution:skyburst-jobs:*"),
        (
            "events:PutRule",
            "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
        ),
    ]:
        assert (action, resource) in allowed
    wide = {action for action, resource in allowed if resource == "*"}
    assert all(action.startswith(("logs:", "xray:")) for action in wide), "what cannot be named more closely"


def as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
