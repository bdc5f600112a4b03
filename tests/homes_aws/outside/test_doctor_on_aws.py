"""`skyburst doctor --on aws` against a deployment of the real template in the local cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skyburst.cli.checks.deployment.listening import Listening
from skyburst.cli.checks.deployment.resources import resources_of
from skyburst.cli.checks.deployment.traces import check_undelivered
from skyburst.cli.checks.finding import Finding
from skyburst.contracts.records import JobRecord
from skyburst.contracts.states import JobState
from skyburst.homes.aws.events import SOURCE
from skyburst.homes.aws.home import AwsHome
from tests.cli.terminal import skyburst as program
from tests.homes_aws.outside.conftest import Run

pytestmark = pytest.mark.slow
Somebody = Callable[..., dict[str, str]]


def findings(output: str) -> dict[str, tuple[str, str]]:
    return {entry["what"]: (entry["verdict"], entry["details"]) for entry in json.loads(output)}


@pytest.fixture
def somebody(home: AwsHome, variables: dict[str, str]) -> Iterator[Somebody]:
    """Makes variables of a user who may do so much only."""
    iam = home.account.client("iam")
    made: list[tuple[str, str]] = []

    def somebody(*actions: str) -> dict[str, str]:
        name = f"somebody-{time.time_ns()}"
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.append((name, key["AccessKeyId"]))
        return {**variables, "AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    yield somebody
    for name, key in made:
        iam.delete_access_key(UserName=name, AccessKeyId=key)
        iam.delete_user_policy(UserName=name, PolicyName="rights")
        iam.delete_user(UserName=name)


def test_the_doctor_proves_what_a_job_promises_and_leaves_nothing(run: Run, home: AwsHome) -> None:
    ended = run("doctor", "--json")  # SKYBURST_ON says where
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = findings(ended.stdout)
    assert list(found) == [
        "Python", "credentials", "deployment", "version", "concurrency", "manager", "analysis monte-carlo",
        "analysis notes-index", "analysis reader", "analysis word-statistics",
        "smoke job", "result", "retry", "partial results", "certificate", "execution", "logs", "managers", "deletion",
    ]  # fmt: skip
    unknown = {"concurrency": "lambda:GetAccountSettings", "manager": "lambda:GetFunctionRecursionConfig"}
    for what, (verdict, details) in found.items():
        assert verdict == ("warning" if what in unknown else "ok"), (what, details)
    for what, right in unknown.items():
        assert found[what][1] == f"not looked at: this cloud does not answer {right}, as an account does"
    assert found["credentials"][1].endswith("user/administrator, account 123456789012, region us-east-1")
    assert found["result"][1].startswith("right, from 2 lanes: Python 3.")
    assert found["managers"][1] == "27 of them on 3 levels split the job, as their log says"
    job_id = found["smoke job"][1].partition(":")[0]
    assert not list(home.objects.list(f"jobs/{job_id}/"))
    client, names = home.account.client("dynamodb"), home.account.outputs
    for table in ("Batches", "Jobs"):
        items = client.scan(TableName=names[table], ProjectionExpression="jobId")["Items"]
        assert not [item for item in items if job_id in item["jobId"]["S"]]


def test_the_doctor_names_the_rights_that_lack(somebody: Somebody, tmp_path: Path) -> None:
    def told(*actions: str) -> dict[str, tuple[str, str]]:
        ended = program("doctor", "--on", "aws", "--json", folder=tmp_path, **somebody(*actions))
        assert ended.returncode == 1, ended.stderr
        return findings(ended.stdout)

    few = told("cloudformation:DescribeStacks")
    assert few["deployment"][0] == "ok"
    lacks = "not looked at: these credentials lack the right"
    assert few["analyses"] == ("warning", f"{lacks} cloudformation:ListStackResources")
    more = told("cloudformation:DescribeStacks", "cloudformation:ListStackResources")
    assert more["analyses"] == ("warning", f"{lacks} lambda:GetFunctionConfiguration")
    assert few["smoke job"][0] == "failed"
    assert "takes the right states:StartExecution" in few["smoke job"][1]
    none = told("sts:GetCallerIdentity")
    assert list(none) == ["Python", "credentials", "deployment"]
    assert "takes the right cloudformation:DescribeStacks" in none["deployment"][1]


def test_the_doctor_says_that_nothing_is_deployed(variables: dict[str, str], tmp_path: Path) -> None:
    ended = program("doctor", folder=tmp_path, **{**variables, "SKYBURST_PREFIX": "other"})
    assert ended.returncode == 1
    assert "failed   deployment: nothing is deployed as 'other' in region us-east-1" in ended.stdout
    assert ended.stdout.endswith("1 of 3 checks failed\n")


def test_events_are_listened_to_and_nothing_of_that_stays(home: AwsHome) -> None:
    job = JobRecord("told-1", {}, {}, {}, JobState.SUCCEEDED)
    client = home.account.client("events")
    with Listening(home.account) as listening:
        for state, deployment in (("RUNNING", "skyburst"), ("SUCCEEDED", "skyburst"), ("FAILED", "other")):
            detail = json.dumps({"deployment": deployment, "job": "told-1", "state": state})
            entry = {"Source": SOURCE, "DetailType": "Skyburst Job State Change", "Detail": detail}
            client.put_events(Entries=[entry])
        verdict = listening.check(job)
    assert verdict == Finding("events", verdict.verdict, "EventBridge told a queue of RUNNING, SUCCEEDED")
    assert verdict.verdict == "ok"
    assert not client.list_rules(NamePrefix="skyburst-doctor")["Rules"]
    assert "QueueUrls" not in home.account.client("sqs").list_queues(QueueNamePrefix="skyburst-doctor")


def test_invocations_of_the_job_are_taken_from_the_queue_and_others_stay(home: AwsHome) -> None:
    kinds = resources_of(home.account)
    assert not isinstance(kinds, Finding)
    [queue] = kinds["AWS::SQS::Queue"]
    client = home.account.client("lambda")
    for job in ("gone-1", "gone-2"):  # there are no such jobs, and so the function fails
        payload = json.dumps({"job": job, "run": 1, "batch": 0, "attempt": 1, "level": 0})
        client.invoke(FunctionName="skyburst-probe-worker-0", InvocationType="Event", Payload=payload)
    for job in ("gone-2", "gone-1"):
        found = check_undelivered(home.account, queue, job, expected=1)
        assert found.verdict == "ok", found
    left = home.account.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    assert [message["Body"] for message in left if '"gone-' in message["Body"]] == []
