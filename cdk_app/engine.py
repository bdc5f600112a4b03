"""The engine's own functions: the planner, the manager, the watcher."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.bundle import Contents
from cdk_app.burst import Bridge
from cdk_app.environments import Environments
from cdk_app.functions import Factory
from skyburst.homes.aws import deployed

PLAN_S = 120
MANAGE_S = 120
WATCH_S = 300


class Engine(Construct):
    """Functions that run no developer's code."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        factory: Factory,
        analyses: Sequence[Analysis | Bridge],
        children: int | None,
        environments: Environments | None = None,
    ) -> None:
        super().__init__(scope, name)
        manager, jobs = f"{factory.prefix}-manager", f"{factory.prefix}-jobs"
        workers = deployed.all_workers(factory.prefix)
        self.registry = {
            analysis.name: analysis.entry() | (environments.entry(analysis.name) if environments else {})
            for analysis in analyses
        }
        self.plan = factory.function(
            self, "Plan", f"{factory.prefix}-plan", Contents(documents={"registry.json": self.registry}),
            handler="step_functions.plan.handler", memory_mb=512, timeout_s=PLAN_S, asynchronous=True, retries=2,
            statements=[
                *factory.reads_inputs(), *factory.writes("jobs/*", "items/*", "retention/*"),
                *factory.batches("Query", "BatchGetItem", "UpdateItem"),
                *factory.jobs("GetItem", "BatchGetItem", "PutItem", "UpdateItem"), *factory.tells(), *factory.describes(jobs),
                *factory.starts(jobs), *factory.pays(),
                *(environments.ends() if environments else []),
            ],
            environment={
                "SKYBURST_EXECUTIONS": factory.executions(jobs), **factory.purse, **factory.topics,
                **({"SKYBURST_CHILDREN": str(children)} if children else {}),
            },
            reserved=factory.engine_reserved,
        )  # fmt: skip
        self.watch = factory.function(
            self, "Watch", f"{factory.prefix}-watch", Contents(),
            handler="step_functions.watch.handler", memory_mb=512, timeout_s=WATCH_S,
            statements=[
                *factory.reads("jobs/*"), *factory.lists(), *factory.writes("jobs/*"),
                *factory.batches("Query", "BatchGetItem", "GetItem", "PutItem", "UpdateItem"),
                *factory.jobs("GetItem", "BatchGetItem"), *factory.invokes(manager, workers, f"{factory.prefix}-plan"),
                *factory.tells(), *(environments.submits() if environments else []),
            ],
            environment={deployed.BATCH_EVENTS: factory.batch_events}, reserved=factory.engine_reserved,
        )  # fmt: skip
        self.manager = factory.function(
            self, "Manager", manager, Contents(),
            handler="manager.handler.handler", memory_mb=512, timeout_s=MANAGE_S, asynchronous=True, recursive=True,
            statements=[
                *factory.reads("jobs/*"), *factory.writes("jobs/*/spans/*"), *factory.invokes(manager, workers),
            ],
            reserved=factory.engine_reserved,
        )  # fmt: skip
