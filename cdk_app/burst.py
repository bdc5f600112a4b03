"""The bridge to functions of burst-compute: what runs jobs whose worker and combiner are functions of somebody else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.bundle import ROOT, Contents
from cdk_app.functions import Factory
from skyburst.contracts import burst
from skyburst.contracts.blueprint import Blueprint, JobDefaults, Resources, digest_of_code
from skyburst.homes.aws.deployed import LANE, function_name
from skyburst.homes.aws.worker import MARGIN_S

BLUEPRINT = Blueprint(
    blueprint=1,
    name=burst.ANALYSIS,
    version="1.0.0",
    title="burst-compute",
    description="Runs a worker and a combiner that were written for burst-compute, in any language, unchanged.",
    worker="bridge:handler",
    combiner="bridge:handler",
    job=JobDefaults(),
    # The bridge only waits: little memory, and as much time as a function may have.
    resources=Resources(memory_mb=256, batch_timeout_s=890, combiner_timeout_s=900, attempts=3),
    parameters=None,
)


class Bridge(Construct):
    """Functions that hand batches, and what was found, on to the functions that the context names in `burst_functions`."""

    def __init__(self, scope: Construct, name: str, *, factory: Factory, functions: Sequence[str], lanes: int) -> None:
        super().__init__(scope, name)
        self.name = burst.ANALYSIS
        self.functions = list(functions)
        self.lanes = lanes
        resources = BLUEPRINT.resources
        self.worker_names = [function_name(factory.prefix, self.name, "worker", lane) for lane in range(lanes)]
        self.combiner_name = function_name(factory.prefix, self.name, "combiner")
        foreign = iam.PolicyStatement(
            actions=["lambda:InvokeFunction"], resources=[_arn(function) for function in self.functions]
        )
        self.workers = [
            factory.function(
                self, f"Worker{lane}", worker_name, Contents(),
                handler="workers.bridge.handler", memory_mb=resources.memory_mb, asynchronous=True,
                timeout_s=math.ceil(resources.batch_timeout_s + 2 * MARGIN_S),
                environment={LANE: str(lane)},
                statements=[
                    *factory.reads("jobs/*"), *factory.lists(), *factory.writes("jobs/*/spans/*"),
                    *factory.batches("GetItem", "BatchGetItem", "PutItem", "UpdateItem"), *factory.jobs("GetItem"), foreign,
                ],
            )
            for lane, worker_name in enumerate(self.worker_names)
        ]  # fmt: skip
        self.combiner: lambda_.Function = factory.function(
            self, "Combiner", self.combiner_name, Contents(),
            handler="combiners.bridge.handler", memory_mb=resources.memory_mb, timeout_s=math.ceil(resources.combiner_timeout_s),
            statements=[
                *factory.reads("jobs/*"), *factory.lists(), *factory.writes("jobs/*"), *factory.deletes("jobs/*/set-aside-*"),
                *factory.batches("Query", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem"),
                *factory.jobs("GetItem", "BatchGetItem", "UpdateItem"), *factory.tells(), foreign,
            ],
        )  # fmt: skip

    def entry(self) -> dict[str, Any]:
        """What the planner knows of it."""
        reference = {
            "name": self.name,
            "version": BLUEPRINT.version,
            "location": "bridge",
            "digest": digest_of_code(ROOT / "workers" / "bridge.py"),
            "worker": BLUEPRINT.worker,
            "combiner": BLUEPRINT.combiner,
            "items": None,
            "blueprint": BLUEPRINT.document(),
        }
        return {"reference": reference, "lanes": self.lanes, "functions": self.functions}


def _arn(function: str) -> str:
    """The ARN of a function of this account and region that was given by name."""
    if function.startswith("arn:"):
        return function
    return f"arn:{cdk.Aws.PARTITION}:lambda:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:function:{function}"
