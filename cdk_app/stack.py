"""The stack: storage, the engine's functions, the analyses' functions, the state machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.batches import BatchMachine
from cdk_app.bundle import Machine
from cdk_app.burst import Bridge
from cdk_app.engine import Engine
from cdk_app.functions import Factory
from cdk_app.machine import JobMachine
from cdk_app.storage import Storage
from skyburst.contracts import burst
from skyburst.errors import InvalidAnalysis
from skyburst.finding import Found


@dataclass(frozen=True)
class Settings:
    """What is deployed."""

    prefix: str
    """Start of all names."""
    analyses: list[Found]
    machine: Machine
    lanes: int
    """Identical worker functions for each analysis: Lambda adds 1,000 environments every 10 s to each."""
    input_buckets: list[str]
    """Further buckets that jobs may read."""
    cache: Path
    """Folder of bundles."""
    burst_functions: list[str] = field(default_factory=list)
    """Names or ARNs of workers and combiners of burst-compute that jobs may name."""


class SkyburstStack(cdk.Stack):
    """Everything of one deployment. Nothing of it costs money while no job runs, but for what is stored."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name, description="Skyburst: burst-parallel jobs")
        self.storage = Storage(self, "Storage")
        factory = Factory(self, settings.prefix, settings.machine, settings.cache, self.storage, settings.input_buckets)
        if any(found.blueprint.name == burst.ANALYSIS for found in settings.analyses):
            raise InvalidAnalysis(
                f"an analysis cannot be called {burst.ANALYSIS!r}: jobs of burst-compute have that name"
            )
        self.analyses = [
            Analysis(self, found.blueprint.name, factory=factory, found=found, lanes=settings.lanes)
            for found in settings.analyses
        ]
        runnable: list[Analysis | Bridge] = [*self.analyses]
        if settings.burst_functions:
            functions = settings.burst_functions
            runnable.append(Bridge(self, "Bridge", factory=factory, functions=functions, lanes=settings.lanes))
        self.engine = Engine(self, "Engine", factory=factory, analyses=runnable)
        self.machine = JobMachine(self, "Jobs", prefix=settings.prefix, engine=self.engine, analyses=runnable)
        self.batch_machine = BatchMachine(self, "ManyJobs", factory=factory, engine=self.engine)
        cdk.Tags.of(self).add("skyburst", settings.prefix)
        for title, value in {
            "Bucket": self.storage.bucket.bucket_name,
            "Batches": self.storage.batches.table_name,
            "Jobs": self.storage.jobs.table_name,
            "JobMachine": self.machine.machine.state_machine_arn,
            "BatchMachine": self.batch_machine.machine.state_machine_arn,
        }.items():
            cdk.CfnOutput(self, f"{title}Output", value=value).override_logical_id(title)
