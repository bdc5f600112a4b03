"""The function that ends environments that have outlived their job, four times an hour."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.environments import Environments
from cdk_app.functions import Factory

EVERY = cdk.Duration.minutes(15)
REAP_S = 300


class ReaperFunction(Construct):
    """Only where there are environments."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, environments: Environments) -> None:
        super().__init__(scope, name)
        jobs = f"{factory.prefix}-jobs"
        self.function = factory.function(
            self, "Reap", f"{factory.prefix}-reap", Contents(documents={"queues.json": environments.queues}),
            handler="manager.reap.handler", memory_mb=512, timeout_s=REAP_S, asynchronous=True,
            environment={"SKYBURST_EXECUTIONS": factory.executions(jobs)},
            statements=[
                *factory.jobs("BatchGetItem"), *factory.describes(jobs), *factory.tells(), *environments.ends_whole(),
                iam.PolicyStatement(actions=["ec2:DescribeInstances"], resources=["*"]),  # which knows no resources
                iam.PolicyStatement(
                    actions=["ec2:TerminateInstances"],
                    resources=[f"arn:{cdk.Aws.PARTITION}:ec2:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:instance/*"],
                    conditions={
                        "StringEquals": {"ec2:ResourceTag/skyburst": factory.prefix},
                        "StringLike": {"ec2:ResourceTag/skyburst-develop": "*"},
                    },
                ),
            ],
        )  # fmt: skip
        events.Rule(
            self, "Schedule", description="Ends environments that have outlived their job",
            schedule=events.Schedule.rate(EVERY),
            targets=[targets.LambdaFunction(self.function)],
        )  # fmt: skip
