"""Submissions by upload: a bucket for each analysis that has them, and what runs what is put there."""

from __future__ import annotations

import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from cdk_app.bundle import ROOT, Contents
from cdk_app.engine import Engine
from cdk_app.functions import RETENTIONS, Factory
from skyburst.contracts.states import JobState
from skyburst.homes.aws.events import JOB_CHANGE, SOURCE
from skyburst.submissions.layout import SUFFIX

FUNCTION_S = 900
MEMORY_MB = 1_024
BEFORE_DAYS = 30
"""What was overwritten or removed in a bucket of submissions is kept so long."""
CORS_AGE_S = 3_000
UPLOADED = "Object Created"


class SubmissionBuckets(Construct):
    """The bucket of each analysis, as its users have it. They are kept when the stack is destroyed.

    Args:
        names: of the buckets, by analyses; an empty one leaves it to CloudFormation.
        origins: of pages whose scripts may read and write them, with the credentials of whoever looks at the page.
    """

    def __init__(self, scope: Construct, name: str, *, names: Mapping[str, str], origins: list[str]) -> None:
        super().__init__(scope, name)
        methods = [s3.HttpMethods.GET, s3.HttpMethods.PUT, s3.HttpMethods.POST, s3.HttpMethods.DELETE]
        cors = s3.CorsRule(
            allowed_headers=["*"], allowed_methods=methods, allowed_origins=origins, exposed_headers=["ETag"],
            max_age=CORS_AGE_S,
        )  # fmt: skip
        self.buckets = {
            analysis: s3.Bucket(
                self, analysis,
                bucket_name=given or None,
                encryption=s3.BucketEncryption.S3_MANAGED,
                enforce_ssl=True,
                block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
                object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
                # Clients put one submit file over the other: each is read as it was when it was uploaded.
                versioned=True,
                removal_policy=cdk.RemovalPolicy.RETAIN,
                cors=[cors] if origins else None,
                lifecycle_rules=[
                    s3.LifecycleRule(
                        id="before", noncurrent_version_expiration=cdk.Duration.days(BEFORE_DAYS),
                        abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    ),
                ],
            )
            for analysis, given in names.items()
        }  # fmt: skip
        for bucket in self.buckets.values():
            resource = bucket.node.default_child
            assert isinstance(resource, s3.CfnBucket)
            # What the construct itself offers for this is a function that sets it, with a role that may do so to any bucket.
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            )


class Submissions(Construct):
    """`step_functions/submission.asl.json`, the function that it calls, and the rule that starts it.

    Args:
        factory: makes functions.
        engine: of the deployment.
        buckets: of submissions.
        inputs: names of further buckets that all analyses may read.
        results: names of further buckets that results may go to.
        log_days: how long logs are kept.
    """

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, engine: Engine, buckets: SubmissionBuckets,
        inputs: list[str], results: list[str], log_days: int,
    ) -> None:  # fmt: skip
        super().__init__(scope, name)
        prefix = factory.prefix
        jobs, own = f"{prefix}-jobs", f"{prefix}-submissions"
        every = list(buckets.buckets.values())
        others = [f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}" for bucket in results]
        writes = [
            *(bucket.arn_for_objects(key) for bucket in every for key in ("*/results/*", "*/configs/*", "logs/*")),
            *(f"{bucket}/*" for bucket in others),
        ]
        deletes = [  # of what ran: the end of a job that was resumed, and what its failed datasets had left
            *(
                bucket.arn_for_objects(key)
                for bucket in every
                for key in ("*/results/*/process_results/*", "logs/active/*")
            ),
            *(f"{bucket}/*/process_results/*" for bucket in others),
        ]
        self.function = factory.function(
            self, "Function", own, Contents(documents={"registry.json": engine.registry}),
            handler="step_functions.submission.handler", memory_mb=MEMORY_MB, timeout_s=FUNCTION_S, asynchronous=True, retries=2,
            statements=[
                *factory.reads_inputs(), *factory.writes("items/*", "jobs/*/submission.json"),
                _allow(["s3:GetObjectVersion"], [bucket.arn_for_objects(f"*/submissions/*{SUFFIX}") for bucket in every]),
                _allow(["s3:PutObject", "s3:AbortMultipartUpload"], writes),
                _allow(["s3:DeleteObject"], deletes),
                *factory.batches("Query", "BatchGetItem"), *factory.jobs("GetItem", "BatchGetItem"),
                _allow(["states:StartExecution"], [_states("stateMachine", jobs), _states("stateMachine", own)]),
                *factory.describes(jobs),
            ],
            environment={
                "SKYBURST_SUBMISSION_BUCKETS": json.dumps(
                    {analysis: bucket.bucket_name for analysis, bucket in buckets.buckets.items()}
                ),
                "SKYBURST_INPUT_BUCKETS": json.dumps(inputs),
                "SKYBURST_SUBMISSION_MACHINE": _states("stateMachine", own),
                "SKYBURST_JOB_MACHINE": _states("stateMachine", jobs),
            },
        )  # fmt: skip
        log = logs.LogGroup(
            self, "Log", log_group_name=f"/aws/vendedlogs/states/{own}", retention=RETENTIONS[log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(_allow(["lambda:InvokeFunction"], [self.function.function_arn]))
        self.machine = stepfunctions.StateMachine(
            self, "Machine",
            state_machine_name=own,
            definition_body=stepfunctions.DefinitionBody.from_file(str(ROOT / "step_functions" / "submission.asl.json")),
            definition_substitutions={
                "Partition": cdk.Aws.PARTITION, "SubmissionFunction": self.function.function_arn,
            },
            role=role,
            logs=stepfunctions.LogOptions(destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False),
            tracing_enabled=True,
        )  # fmt: skip
        events.Rule(
            self, "Uploaded",
            description="Starts what runs a submission",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=[UPLOADED],
                detail={
                    "bucket": {"name": [bucket.bucket_name for bucket in every]},
                    "object": {"key": [{"suffix": SUFFIX}]},
                },
            ),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip
        events.Rule(
            self, "Resumed",
            description="Follows submissions again whose jobs were resumed",
            event_pattern=events.EventPattern(
                source=[SOURCE],
                detail_type=[JOB_CHANGE],
                detail={
                    "deployment": [prefix], "state": [str(JobState.RUNNING)], "run": [{"numeric": [">", 1]}],
                },
            ),
            targets=[targets.LambdaFunction(self.function, dead_letter_queue=factory.undelivered)],
        )  # fmt: skip


def _states(kind: str, name: str) -> str:
    """An ARN of Step Functions; made from the name, because the function and the machine know each other."""
    return f"arn:{cdk.Aws.PARTITION}:states:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{kind}:{name}"


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
