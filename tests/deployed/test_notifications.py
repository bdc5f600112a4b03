"""Who is told that a job has ended at home `aws`: by the deployed function, under its own role."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from skyburst.notifications.webhook import is_signed
from tests.deployed.conftest import HOOK_SECRET, PREFIX, Deployment, scripts
from tests.deployed.world import World
from tests.notifications.conftest import Hook, serve, servers
from tests.waiting import eventually

__all__ = ["servers"]


@pytest.fixture
def queue(aws: Deployment) -> Iterator[str]:
    """The URL of a queue that has what a topic is told; the address that mail comes from is verified."""
    sns, sqs = aws.cloud.client("sns"), aws.cloud.client("sqs")
    topic = sns.create_topic(Name="ends")["TopicArn"]
    url = sqs.create_queue(QueueName="ends")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    aws.cloud.client("sesv2").create_email_identity(EmailIdentity="sky@example.org")
    yield url
    sns.delete_topic(TopicArn=topic)


def told(aws: Deployment, job: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def look() -> bool:
        nonlocal found
        listed = aws.cloud.client("s3").list_objects_v2(Bucket=aws.outputs["Bucket"], Prefix=f"jobs/{job}/notified/")
        entries = [json.loads(aws.object(entry["Key"])) for entry in listed.get("Contents", [])]
        found = {entry["target"]: entry for entry in entries}
        return len(entries) == number and all(entry["state"] != "sending" for entry in entries)

    eventually(look)
    return found


BY_DOMAIN = {"ses:SendEmail", "ses:SendRawEmail"}
"""An address is verified itself or with its domain, and SES asks for one right or the other: here it is always the first."""


def test_mail_topics_web_hooks_and_who_ran_a_job_are_told_and_topics_that_may_not_be_used_are_refused_before_the_job(
    aws: Deployment, job_name: str, queue: str, servers: list[Any]
) -> None:
    hook = serve(servers, Hook())
    topic = f"sns:arn:aws:sns:{aws.cloud.region}:{aws.cloud.account}"
    targets = ["mailto:ada@example.org", f"{topic}:ends", hook.url]
    refused = aws.run(f"{job_name}-refused", scripts("ok", notify=[*targets, f"{topic}:others"]))
    assert (refused["status"], refused["error"]) == ("FAILED", "InvalidJob")
    assert f"this deployment publishes to {topic.removeprefix('sns:')}:ends: deploy with it" in refused["cause"]
    ended = aws.run(job_name, scripts("ok", notify=targets))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    entries = told(aws, job_name, 3)
    states = [entries[target]["state"] for target in targets]
    assert states == ["sent", "sent", "sent"], entries
    ((_, headers, body),) = hook.received
    assert is_signed(
        HOOK_SECRET.encode(), headers["Skyburst-Timestamp"], body, headers["Skyburst-Signature"], time.time()
    )
    message = json.loads(body)
    assert (message["job"], message["state"], message["home"]) == (job_name, "SUCCEEDED", "aws")
    assert json.loads(aws.object(message["result"].partition(f"{aws.outputs['Bucket']}/")[2])) is not None
    (received,) = aws.cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(received["Body"])["job"] == job_name
    event = {"detail": {"job": job_name, "run": 1}}
    aws.cloud.client("lambda").invoke(FunctionName="skyburst-notify", Payload=json.dumps(event).encode())
    assert len(hook.received) == 1, "an event that comes twice tells nobody twice"
    profile = f'name = "{job_name}"\napproved = true\nnotify = "always"\nwebhook = "{hook.url}"\n'
    aws.put(f"people/users/{job_name}.toml", profile.encode())
    aws.run(f"{job_name}-mine", scripts("ok", user=job_name))
    assert told(aws, f"{job_name}-mine", 1)[hook.url]["state"] == "sent", "as the profile of its user wishes"
    unused = World(aws.cloud, aws.outputs).unused(f"{PREFIX}-notify")
    assert [entry for entry in unused if entry[0] not in BY_DOMAIN] == [], "its role may do nothing else"


def test_a_job_that_tells_nobody_calls_nobody(aws: Deployment, job_name: str) -> None:
    before = len(aws.cloud.logs_of("skyburst-notify"))
    aws.run(job_name, scripts("ok"))
    aws.cloud.wait_for_events()
    assert len(aws.cloud.logs_of("skyburst-notify")) == before
