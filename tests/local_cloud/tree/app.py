"""A small CDK app: a manager that calls itself, workers, a table, a state machine that waits, a combiner that writes to S3.

Run with the folder for the assembly as the only argument. `TreeWithout...` are the same with one right missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

HERE = Path(__file__).resolve().parent


class Tree(cdk.Stack):
    """Everything of one tree."""

    def __init__(self, scope: Construct, name: str, *, without: str = "") -> None:
        super().__init__(scope, name, env=cdk.Environment(account="123456789012", region="us-east-1"))
        bucket = s3.Bucket(
            self,
            "Results",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(7))],
        )
        table = dynamodb.TableV2(
            self,
            "Tasks",
            partition_key=dynamodb.Attribute(name="jobId", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="batchId", type=dynamodb.AttributeType.NUMBER),
            time_to_live_attribute="expires",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        failures = sqs.Queue(self, "Failures", enforce_ssl=True)
        code = lambda_.Code.from_asset(str(HERE / "functions"))

        def function(name: str, **more: object) -> lambda_.Function:
            return lambda_.Function(
                self,
                name,
                runtime=lambda_.Runtime.PYTHON_3_12,
                architecture=lambda_.Architecture.ARM_64,
                handler=f"tree.{name.lower()}",
                code=code,
                memory_size=256,
                timeout=cdk.Duration.seconds(60),
                on_failure=destinations.SqsDestination(failures),
                log_group=logs.LogGroup(self, f"{name}Log", removal_policy=cdk.RemovalPolicy.DESTROY),
                **more,
            )

        worker = function("Worker", environment={"TABLE": table.table_name})
        manager = function(
            "Manager", environment={"WORKER": worker.function_name}, recursive_loop=lambda_.RecursiveLoop.ALLOW
        )
        combiner = function("Combiner", environment={"TABLE": table.table_name, "BUCKET": bucket.bucket_name})
        worker.grant_invoke(manager)
        if without != "Recursion":
            invoke_itself = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[manager.function_arn])
            iam.Policy(self, "Recursion", statements=[invoke_itself], roles=[manager.role])
        if without != "Writing":
            table.grant(worker, "dynamodb:PutItem", "dynamodb:UpdateItem")
        table.grant(combiner, "dynamodb:Query")
        bucket.grant_put(combiner, "results/*")
        machine = sfn.StateMachine(
            self,
            "Job",
            definition_body=sfn.DefinitionBody.from_file(str(HERE / "job.asl.json")),
            definition_substitutions={
                "Manager": manager.function_name,
                "Combiner": combiner.function_name,
                "Table": table.table_name,
            },
            timeout=cdk.Duration.minutes(5),
            logs=sfn.LogOptions(destination=logs.LogGroup(self, "JobLog"), level=sfn.LogLevel.ERROR),
        )
        manager.grant_invoke(machine)
        combiner.grant_invoke(machine)
        table.grant(machine, "dynamodb:GetItem")
        outputs = {"Machine": machine.state_machine_arn, "Bucket": bucket.bucket_name, "Failures": failures.queue_url}
        for name, value in outputs.items():
            cdk.CfnOutput(self, f"{name}Out", value=value)


def main(folder: str) -> None:
    """Write the assembly."""
    app = cdk.App(outdir=folder, analytics_reporting=False)
    Tree(app, "Tree")
    for right in ("Recursion", "Writing"):
        Tree(app, f"TreeWithout{right}", without=right)
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
