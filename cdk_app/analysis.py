"""An analysis: what its blueprint becomes in an account."""

from __future__ import annotations

import math
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.bundle import Contents
from cdk_app.functions import Factory
from skyburst.contracts.blueprint import COMMAND_COMBINER
from skyburst.engine.compute import choose
from skyburst.finding import Found
from skyburst.homes.aws import deployed
from skyburst.homes.aws.deployed import function_name
from skyburst.homes.aws.deployed_blueprints import METADATA
from skyburst.homes.aws.worker import MARGIN_S

LONGEST_S = 900


def has_environments(found: Found) -> bool:
    """Whether batches of an analysis run in environments, all of them or those that fall back."""
    choice = choose(found.blueprint)
    return choice.environment or choice.fallback


class Analysis(Construct):
    """The functions of one analysis: identical workers, unless its batches run in environments, and a combiner.

    Args:
        factory: makes them.
        found: the analysis.
        lanes: how many workers.
        reserved: environments kept for each worker, and its limit.
        children: of one manager at most, in jobs of this analysis; None for what is best.
    """

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, found: Found, lanes: int, reserved: int | None = None,
        children: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(scope, name)
        self.name = found.blueprint.name
        self.found = found
        lanes = 0 if choose(found.blueprint).environment else lanes
        self.lanes = lanes
        self.children = children
        self.reference = {**found.reference(), "location": "analysis", "code": "analysis"}
        resources = found.blueprint.resources
        own = factory.writes(*resources.writes) if resources.writes else []
        removes = factory.deletes(*resources.writes) if resources.writes else []
        self.worker_names = [function_name(factory.prefix, self.name, "worker", lane) for lane in range(lanes)]
        self.combiner_name = function_name(factory.prefix, self.name, "combiner")
        self.worker_statements = [
            *factory.reads_inputs_of(self.name), *factory.writes("jobs/*/partials/*"),
            *factory.batches("GetItem", "PutItem", "UpdateItem"), *factory.jobs("GetItem"), *own,
        ]  # fmt: skip
        """What a worker may do."""
        self.workers = [
            factory.function(
                self, f"Worker{lane}", worker_name, Contents(found.code),
                handler="workers.handler.handler", memory_mb=resources.memory_mb, disk_mb=resources.disk_mb,
                statements=self.worker_statements, asynchronous=True,
                timeout_s=min(LONGEST_S, math.ceil(resources.batch_timeout_s + 2 * MARGIN_S)),
                environment={
                    deployed.LANE: str(lane), deployed.ANALYSIS: self.name, deployed.CODE: self.reference["digest"],
                },
                reserved=reserved,
            )
            for lane, worker_name in enumerate(self.worker_names)
        ]  # fmt: skip
        combiner = [
            *factory.reads_inputs_of(self.name), *factory.writes("jobs/*"), *factory.deletes("jobs/*/combined/*"),
            *factory.batches("Query", "BatchGetItem", "UpdateItem"),
            *factory.jobs("GetItem", "BatchGetItem", "UpdateItem"),
            *factory.invokes(self.combiner_name), *factory.tells(), *own, *removes,
        ]  # fmt: skip
        # The engine's own combiner imports nothing of the analysis, whose packages may be more than a function takes.
        own_packages = found.blueprint.combiner != COMMAND_COMBINER
        self.combiner: lambda_.Function = factory.function(
            self, "Combiner", self.combiner_name, Contents(found.code, packages=own_packages),
            handler="combiners.handler.handler", memory_mb=resources.memory_mb, disk_mb=resources.disk_mb, statements=combiner,
            timeout_s=math.ceil(resources.combiner_timeout_s), environment={
                deployed.ANALYSIS: self.name, deployed.CODE: self.reference["digest"],
            },
        )  # fmt: skip

        resource = self.combiner.node.default_child
        if isinstance(resource, cdk.CfnResource):
            resource.add_metadata(METADATA, found.blueprint.document())

    def entry(self) -> dict[str, Any]:
        """What the planner knows of the analysis."""
        entry = {"reference": self.reference, "lanes": self.lanes}
        return entry if self.children is None else {**entry, "children": self.children}
