"""The function that deletes what jobs asked to be deleted, and the schedule that calls it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.functions import Factory
from skyburst.submissions.layout import RECORDS, SUBMISSIONS, SUFFIX

RETAIN_S = 900
RESULTS = (
    "jobs/*/result.json", "jobs/*/files/*", "jobs/*/combined/*", "jobs/*/partials/*", "jobs/*/datasets/*/results/*",
    "jobs/*/datasets/*/logs/*",
)  # fmt: skip
"""What of a job is deleted after its days, as `skyburst.retention.policy.is_result` has it."""
INPUTS = "*/inputs/*"
"""What groups uploaded."""


class Retention(Construct):
    """`step_functions/retain.py`, once a day. It costs one request while no job asks for anything."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, uploads: Mapping[str, s3.IBucket]) -> None:
        """Make the function.

        Args:
            scope: as ever.
            name: likewise.
            factory: makes functions.
            uploads: buckets of submissions, by analyses.
        """
        super().__init__(scope, name)
        self.function = factory.function(
            self, "Retain", f"{factory.prefix}-retain", Contents(),
            handler="step_functions.retain.handler", memory_mb=512, timeout_s=RETAIN_S, asynchronous=True, retries=2,
            statements=[
                *factory.reads("jobs/*", "items/*"), *factory.lists(), *_uploaded(list(uploads.values())),
                *factory.deletes(*RESULTS, "retention/*"),
                *factory.jobs("GetItem", "BatchGetItem", "UpdateItem"), *factory.lists_jobs(),
            ],
            environment={
                "SKYBURST_SUBMISSION_BUCKETS": json.dumps(
                    {analysis: bucket.bucket_name for analysis, bucket in uploads.items()}
                ),
            },
        )  # fmt: skip
        events.Rule(
            self, "Daily",
            description="Deletes what jobs asked to be deleted",
            schedule=events.Schedule.rate(cdk.Duration.days(1)),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip


def _uploaded(buckets: Sequence[s3.IBucket]) -> list[iam.PolicyStatement]:
    """Find and delete what groups uploaded for their submissions, as the records of these say, and see who needs it."""
    if not buckets:
        return []
    objects = [bucket.arn_for_objects(INPUTS) for bucket in buckets]
    submissions = [
        bucket.arn_for_objects(key) for bucket in buckets for key in (f"{RECORDS}/*", f"*/{SUBMISSIONS}/*{SUFFIX}")
    ]
    return [
        iam.PolicyStatement(actions=["s3:GetObject", "s3:DeleteObject"], resources=objects),
        iam.PolicyStatement(actions=["s3:GetObject"], resources=submissions),
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn for bucket in buckets]),
    ]
