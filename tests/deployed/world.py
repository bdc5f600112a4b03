"""A deployment in a cloud on this machine, and what tests ask of it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.local_cloud.permissions import as_list, like
from tests.waiting import PATIENCE_S, eventually

if TYPE_CHECKING:
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.local_cloud import LocalCloud

HERE = Path(__file__).parent
IMAGE = f"example.org/python@sha256:{'0' * 64}"
"""Of environments of analyses that name none; it is not looked at here."""
ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}
BY_LAMBDA = "Lambda does this itself in the name of the role, outside of any request that could be seen here"
UNSEEN = {
    "logs:CreateLogStream": BY_LAMBDA,
    "logs:PutLogEvents": BY_LAMBDA,
    "xray:PutTraceSegments": BY_LAMBDA,
    "xray:PutTelemetryRecords": BY_LAMBDA,
    "sqs:SendMessage": BY_LAMBDA,
    "s3:AbortMultipartUpload": "only after S3 refused a part ten times; without it that error would be hidden",
}
"""What any role may be allowed and cannot be seen to use here, and why it is allowed."""


def context(**more: object) -> dict[str, object]:
    """Of a deployment that this machine can run, with its own Python and processor."""
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), "x86_64"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "c_library": platform.libc_ver()[1].partition(".")[2],  # not that of Lambda: functions run here
        "lanes": 1,
        "analyses": [str(HERE / "acting")],
        "cache": str(HERE.parents[1] / ".cdk-bundles"),
        "environment_image": IMAGE,
        "web": "no",  # the page has a deployment of its own
        **more,
    }


def page_files(folder: Path) -> Path:
    """A page of three files, as the client's build makes them: names in assets have the digest of what is in them."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(
        '<!doctype html><title>Skyburst</title><script type="module" src="/assets/index-0a1b2c3d.js"></script>',
        encoding="utf-8",
    )
    (folder / "favicon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    (folder / "assets" / "index-0a1b2c3d.js").write_text('document.title = "it runs";', encoding="utf-8")
    return folder


@dataclass
class World:
    """A deployment."""

    cloud: LocalCloud
    outputs: dict[str, str]

    @cached_property
    def table(self) -> DynamoTaskTable:
        """The task table, as the operator sees it."""
        from skyburst.homes.aws.task_table import DynamoTaskTable

        return DynamoTaskTable(self.cloud.client("dynamodb"), self.outputs["Batches"], self.outputs["Jobs"])

    def start(self, job: str, **spec: Any) -> str:
        """Start an execution, whose name becomes the job's id; answers its ARN."""
        given = spec if "resume" in spec else {"analysis": "acting", "batch_size": 1, **spec}
        states = self.cloud.client("stepfunctions")
        made = states.start_execution(stateMachineArn=self.outputs["JobMachine"], name=job, input=json.dumps(given))
        return str(made["executionArn"])

    def run(self, job: str, **spec: Any) -> dict[str, Any]:
        """Start an execution and wait for its end."""
        return self.cloud.wait_for_execution(self.start(job, **spec), PATIENCE_S)

    def result(self, job: str) -> Any:
        """The result of a job."""
        body = self.cloud.client("s3").get_object(Bucket=self.outputs["Bucket"], Key=f"jobs/{job}/result.json")["Body"]
        return json.loads(body.read())

    def listen(self) -> str:
        """Have all events of the deployment put into a queue; answers its URL."""
        queue = str(self.cloud.client("sqs").create_queue(QueueName="events")["QueueUrl"])
        events = self.cloud.client("events")
        events.put_rule(Name="all", EventPattern=json.dumps({"source": ["skyburst"]}))
        arn = f"arn:aws:sqs:{self.cloud.region}:{self.cloud.account}:events"
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
        return queue

    def heard(self, queue: str) -> Iterator[dict[str, Any]]:
        """All events in the queue."""
        sqs = self.cloud.client("sqs")
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                yield json.loads(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def running(self, job: str) -> int:
        """Batches that run; none of a job that is not there yet."""
        from skyburst.errors import JobNotFound

        try:
            return self.table.progress(job).running
        except JobNotFound:
            return 0

    def until(self, look: Any) -> None:
        """Wait until something is true."""
        eventually(look, every_s=0.1)

    def role_of(self, function: str) -> str:
        """ARN of a function's role."""
        found = self.cloud.client("lambda").get_function_configuration(FunctionName=function)
        return str(found["Role"])

    def statements_of(self, role_arn: str) -> list[dict[str, Any]]:
        """All statements of a role's policies."""
        iam, name = self.cloud.client("iam"), role_arn.rpartition("/")[2]
        documents = []
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            documents.append(version["PolicyVersion"]["Document"])
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents += [iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline]
        return [statement for document in documents for statement in document["Statement"]]

    def allowed_to(self, function: str) -> Iterator[tuple[str, str]]:
        """Action and resource, which may be patterns, of everything that a function's role allows."""
        for statement in self.statements_of(self.role_of(function)):
            if statement["Effect"] == "Allow":
                for action in as_list(statement["Action"]):
                    for resource in as_list(statement["Resource"]):
                        yield action, resource

    def unused(self, function: str, *, alike: Sequence[str] = ()) -> list[tuple[str, str]]:
        """What of that nobody with the role has done yet; but for what is unseen here.

        Args:
            function: its name.
            alike: names of buckets, of which using one is using all: each has the same rights.
        """

        def one_of_them(text: str) -> str:
            return next((text.replace(name, alike[0]) for name in alike if name in text), text)

        role = self.role_of(function).rpartition("/")[2]
        used = {
            (one.action, one_of_them(one.resource)) for one in self.cloud.decisions()
            if one.verdict == "allowed" and one.principal.split("/")[1] == role
        }  # fmt: skip
        return [
            (action, resource)
            for action, resource in self.allowed_to(function)
            if action not in UNSEEN
            and not any(like(action, one) and like(one_of_them(resource), on) for one, on in used)
        ]
