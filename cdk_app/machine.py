"""The state machine that takes a job through its life."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.bundle import ROOT
from cdk_app.burst import Bridge
from cdk_app.engine import Engine
from cdk_app.functions import RETENTIONS
from skyburst.homes.aws.unfinished import EXECUTION_CHANGE


class JobMachine(Construct):
    """`step_functions/job.asl.json`, with the functions that it calls."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        prefix: str,
        engine: Engine,
        analyses: Sequence[Analysis | Bridge],
        undelivered: sqs.Queue,
        log_days: int,
    ) -> None:
        super().__init__(scope, name)
        functions = [engine.plan, engine.watch, *(analysis.combiner for analysis in analyses)]
        log = logs.LogGroup(
            self, "Log", log_group_name=f"/aws/vendedlogs/states/{prefix}-jobs", retention=RETENTIONS[log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[function.function_arn for function in functions]
            )
        )
        self.machine = stepfunctions.StateMachine(
            self, "Machine",
            state_machine_name=f"{prefix}-jobs",
            definition_body=stepfunctions.DefinitionBody.from_file(str(ROOT / "step_functions" / "job.asl.json")),
            definition_substitutions={
                "Partition": cdk.Aws.PARTITION,
                "PlanFunction": engine.plan.function_arn,
                "WatchFunction": engine.watch.function_arn,
            },
            role=role,
            logs=stepfunctions.LogOptions(
                destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False
            ),
            tracing_enabled=True,
        )  # fmt: skip
        # A job whose execution was stopped, or ran into a limit of Step Functions, gets a final state all the same.
        events.Rule(
            self, "Ended",
            description="Ends jobs whose execution ended before they did",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=[EXECUTION_CHANGE],
                detail={"stateMachineArn": [self.machine.state_machine_arn], "status": ["ABORTED", "FAILED", "TIMED_OUT"]},
            ),
            targets=[targets.LambdaFunction(engine.plan, dead_letter_queue=undelivered)],
        )  # fmt: skip
