"""The state machine that runs many jobs in one execution, and the functions that only it calls."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from cdk_app.bundle import ROOT, Contents
from cdk_app.engine import Engine
from cdk_app.functions import RETENTIONS, Factory

PREPARE_S = 900
SUMMARISE_S = 900
MEMORY_MB = 2_048
"""100,000 job specifications fit."""
SYNC_RULE = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
"""By which Step Functions learns that an execution that another one waits for has ended."""


class BatchMachine(Construct):
    """`step_functions/batch.asl.json`, with the functions that it calls."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, engine: Engine, log_days: int) -> None:
        super().__init__(scope, name)
        prefix, bucket = factory.prefix, factory.storage.bucket
        jobs, own = f"{prefix}-jobs", f"{prefix}-batches"
        prepare = factory.function(
            self, "Prepare", f"{prefix}-prepare",
            Contents(documents={"registry.json": engine.registry}),
            handler="step_functions.prepare.handler", memory_mb=MEMORY_MB, timeout_s=PREPARE_S, environment=factory.topics,
            statements=[*factory.reads_inputs(), *factory.writes("batches/*/manifest.json")],
        )  # fmt: skip
        summary = factory.function(
            self, "Summary", f"{prefix}-summary", Contents(),
            handler="step_functions.summary.handler", memory_mb=MEMORY_MB, timeout_s=SUMMARISE_S,
            environment={"SKYBURST_EXECUTIONS": _states("execution", f"{jobs}:")},
            statements=[
                *factory.writes("batches/*/summary.json"), *factory.jobs("BatchGetItem"),
                _allow(["states:DescribeExecution"], [_states("execution", f"{jobs}:*")]),
            ],
        )  # fmt: skip
        log = logs.LogGroup(
            self, "Log", log_group_name=f"/aws/vendedlogs/states/{own}", retention=RETENTIONS[log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        for statement in (
            _allow(["lambda:InvokeFunction"], [prepare.function_arn, summary.function_arn]),
            # The jobs, and the children of the map, which are executions of this machine.
            _allow(["states:StartExecution"], [_states("stateMachine", jobs), _states("stateMachine", own)]),
            _allow(
                ["states:DescribeExecution", "states:StopExecution"],
                [_states("execution", f"{jobs}:*"), _states("execution", f"{own}/*"), _states("execution", f"{own}:*")],
            ),
            _allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], [_arn("events", SYNC_RULE)]),
            _allow(["s3:GetObject"], [bucket.arn_for_objects("batches/*/manifest.json")]),
            _allow(
                ["s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
                [bucket.arn_for_objects("map-runs/*")],
            ),
        ):
            role.add_to_policy(statement)
        self.machine = stepfunctions.StateMachine(
            self, "Machine",
            state_machine_name=own,
            definition_body=stepfunctions.DefinitionBody.from_file(str(ROOT / "step_functions" / "batch.asl.json")),
            definition_substitutions={
                "Partition": cdk.Aws.PARTITION,
                "Bucket": bucket.bucket_name,
                "PrepareFunction": prepare.function_arn,
                "SummaryFunction": summary.function_arn,
                "JobMachine": _states("stateMachine", jobs),
            },
            role=role,
            logs=stepfunctions.LogOptions(destination=log, level=stepfunctions.LogLevel.ERROR),
            tracing_enabled=True,
        )  # fmt: skip


def _states(kind: str, name: str) -> str:
    """An ARN of Step Functions; made from the name, because a machine cannot refer to itself in its own role."""
    return _arn("states", f"{kind}:{name}")


def _arn(service: str, rest: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:{service}:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{rest}"


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
