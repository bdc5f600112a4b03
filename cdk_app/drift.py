"""Looks on a schedule whether the deployment is as its template says, for those who ask for it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.functions import Factory

EVERY = {"daily": cdk.Duration.days(1), "hourly": cdk.Duration.hours(1)}
COMPARE_S = 900
READS = [
    "apigateway:GET", "appsync:Get*", "appsync:ListTagsForResource", "batch:Describe*", "batch:ListTagsForResource",
    "budgets:ViewBudget", "cloudfront:Describe*", "cloudfront:Get*", "cloudfront:ListTagsForResource",
    "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource", "cognito-idp:Describe*",
    "cognito-idp:GetGroup", "cognito-idp:GetUserPoolMfaConfig", "cognito-idp:ListTagsForResource", "dynamodb:Describe*",
    "dynamodb:ListTagsOfResource", "ec2:Describe*", "events:DescribeRule", "events:ListTargetsByRule",
    "iam:GetInstanceProfile", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions", "iam:ListRolePolicies",
    "iam:ListRoleTags", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration", "lambda:GetFunctionEventInvokeConfig", "lambda:GetFunctionRecursionConfig",
    "lambda:GetLayerVersion", "lambda:GetPolicy", "lambda:GetRuntimeManagementConfig", "lambda:ListTags",
    "logs:DescribeLogGroups", "logs:ListTagsForResource", "s3:GetAccelerateConfiguration",
    "s3:GetAnalyticsConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
    "s3:GetIntelligentTieringConfiguration", "s3:GetInventoryConfiguration", "s3:GetLifecycleConfiguration",
    "s3:GetMetricsConfiguration", "s3:GetReplicationConfiguration", "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource", "sqs:GetQueueAttributes",
    "sqs:ListQueueTags", "states:DescribeStateMachine", "states:ListTagsForResource",
]  # fmt: skip
"""What CloudFormation reads of resources with the rights of who has it compare; no object, no item, no message."""


class DriftCheck(Construct):
    """A function on a schedule. It tells of drift by an event, `Skyburst Deployment Drift`, and counts `DriftedResources`."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, every: str) -> None:
        super().__init__(scope, name)
        stack = cdk.Stack.of(self)
        self.function: lambda_.Function = factory.function(
            self, "Look", f"{factory.prefix}-drift", Contents(),
            handler="step_functions.drift.handler", memory_mb=256, timeout_s=COMPARE_S, asynchronous=True, retries=1,
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "cloudformation:DescribeStackResourceDrifts", "cloudformation:DetectStackDrift",
                        "cloudformation:DetectStackResourceDrift",
                    ],
                    resources=[
                        stack.format_arn(
                            service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*",
                            arn_format=cdk.ArnFormat.SLASH_RESOURCE_NAME,
                        )
                    ],
                ),
                iam.PolicyStatement(
                    # The first two know no resources, and neither do most of the others.
                    actions=[
                        "cloudformation:BatchDescribeTypeConfigurations",
                        "cloudformation:DescribeStackDriftDetectionStatus", *READS,
                    ],
                    resources=["*"],
                ),
                *factory.tells(),
            ],
        )  # fmt: skip
        events.Rule(
            self, "Schedule", description="Compares the deployment with its template",
            schedule=events.Schedule.rate(EVERY[every]),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip
