"""The function that tells that jobs have ended, and the rule that calls it: only for jobs that name whom to tell, or a user."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.functions import Factory
from cdk_app.settings import Settings
from skyburst.contracts.states import JobState
from skyburst.homes.aws import notifying
from skyburst.homes.aws.events import JOB_CHANGE, SOURCE

NOTIFY_S = 180
"""Ten targets at a time, four attempts of ten seconds each, and what is waited between them."""


class Notifications(Construct):
    """`step_functions/notify.py`. It may read what jobs are, note whom it told, and use what the settings name."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, settings: Settings) -> None:
        super().__init__(scope, name)
        self.function = factory.function(
            self, "Notify", f"{settings.prefix}-notify", Contents(),
            handler="step_functions.notify.handler", memory_mb=256, timeout_s=NOTIFY_S, asynchronous=True, retries=2,
            statements=[
                *factory.reads("jobs/*", "people", "people/*"), *factory.lists(), *factory.writes("jobs/*/notified/*"),
                *factory.batches("Query"), *factory.jobs("GetItem", "BatchGetItem"), *_means(settings),
            ],
            environment={
                notifying.MAIL_FROM: settings.mail_from or "",
                notifying.SECRET: settings.webhook_secret or "",
                notifying.PRIVATE: settings.private_webhooks,
            },
        )  # fmt: skip
        events.Rule(
            self, "Ends",
            description="Tells who is to be told that a job has ended",
            event_pattern=events.EventPattern(
                source=[SOURCE],
                detail_type=[JOB_CHANGE],
                detail={
                    "deployment": [settings.prefix],
                    "state": [str(state) for state in JobState if state.finished],
                    "notifies": [True],
                },
            ),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip


def _means(settings: Settings) -> list[iam.PolicyStatement]:
    """Mail from one address, some topics, one secret; nothing of what is not set."""
    means = []
    if settings.mail_from:
        start = f"arn:{cdk.Aws.PARTITION}:ses:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:identity/"
        verified = [settings.mail_from, settings.mail_from.partition("@")[2]]  # the address, or all of its domain
        means.append(
            iam.PolicyStatement(
                actions=["ses:SendEmail", "ses:SendRawEmail"], resources=[start + name for name in verified],
                conditions={"StringEquals": {"ses:FromAddress": settings.mail_from}},
            )
        )  # fmt: skip
    if settings.notify_topics:
        means.append(iam.PolicyStatement(actions=["sns:Publish"], resources=settings.notify_topics))
    if settings.webhook_secret:
        means.append(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[settings.webhook_secret])
        )
    return means
