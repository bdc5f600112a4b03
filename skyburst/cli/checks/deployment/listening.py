"""Listen to the events of a job: a queue and a rule that exist only meanwhile."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from skyburst.cli.checks.deployment.asked import asked, tried
from skyburst.cli.checks.deployment.traces import until
from skyburst.cli.checks.finding import Finding, Verdict
from skyburst.contracts.records import JobRecord
from skyburst.homes.aws.account import Account
from skyburst.homes.aws.events import SOURCE

WHAT = "events"
RIGHTS = (
    "sqs:CreateQueue, GetQueueAttributes, SetQueueAttributes, ReceiveMessage and DeleteQueue, events:PutRule, PutTargets, "
    "RemoveTargets and DeleteRule"
)
TARGET = "queue"


class Listening:
    """While entered, the events of a deployment's jobs come into a queue.

    A rule takes some seconds to come into effect on AWS: the first events of a job may be missed.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._name = f"{account.prefix}-doctor-{secrets.token_hex(4)}"
        self._made = ExitStack()
        self._queue: str | Finding = ""

    def __enter__(self) -> Listening:
        try:
            self._queue = asked(WHAT, RIGHTS, self._make)
        except BaseException:
            self._made.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        del kind, error, traceback
        self._made.close()

    def check(self, job: JobRecord) -> Finding:
        """Whether the end of the job was told."""
        if isinstance(self._queue, Finding):
            return self._queue
        queue = self._queue
        return tried(WHAT, "sqs:ReceiveMessage", lambda: self._heard(queue, job))

    def _heard(self, queue: str, job: JobRecord) -> Finding:
        client = self._account.client("sqs")
        states: list[str] = []

        def told() -> bool:
            answer = client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                detail = json.loads(message["Body"])["detail"]
                if detail["job"] == job.job_id:
                    states.append(detail["state"])
                client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return str(job.state) in states

        if until(told):
            return Finding(WHAT, Verdict.GOOD, f"EventBridge told a queue of {', '.join(sorted(states))}")
        return Finding(
            WHAT, Verdict.BAD, f"EventBridge did not tell of {job.state}, only of {', '.join(states) or 'nothing'}"
        )

    def _make(self) -> str:
        sqs, events = self._account.client("sqs"), self._account.client("events")
        queue = str(sqs.create_queue(QueueName=self._name)["QueueUrl"])
        self._made.callback(sqs.delete_queue, QueueUrl=queue)
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        rule = str(events.put_rule(Name=self._name, EventPattern=json.dumps(self._pattern()))["RuleArn"])
        self._made.callback(events.delete_rule, Name=self._name)
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(_policy(arn, rule))})
        events.put_targets(Rule=self._name, Targets=[{"Id": TARGET, "Arn": arn}])
        self._made.callback(events.remove_targets, Rule=self._name, Ids=[TARGET])
        return queue

    def _pattern(self) -> dict[str, Any]:
        return {
            "source": [SOURCE], "detail-type": ["Skyburst Job State Change"],
            "detail": {"deployment": [self._account.prefix]},
        }  # fmt: skip


def _policy(queue: str, rule: str) -> dict[str, Any]:
    """Only this rule may send to the queue."""
    statement = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": queue, "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }  # fmt: skip
    return {"Version": "2012-10-17", "Statement": [statement]}
