"""The stack: storage, the engine's functions, the analyses' functions, the state machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.bundle import Machine
from cdk_app.engine import Engine
from cdk_app.functions import Factory
from cdk_app.machine import JobMachine
from cdk_app.storage import Storage
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
    children: int | None
    """Children of one manager at most; None as measured."""
    cache: Path
    """Folder of bundles."""


class SkyburstStack(cdk.Stack):
    """Everything of one deployment. Nothing of it costs money while no job runs, but for what is stored."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name, description="Skyburst: burst-parallel jobs")
        self.storage = Storage(self, "Storage")
        factory = Factory(self, settings.prefix, settings.machine, settings.cache, self.storage, settings.input_buckets)
        self.analyses = [
            Analysis(self, found.blueprint.name, factory=factory, found=found, lanes=settings.lanes)
            for found in settings.analyses
        ]
        self.engine = Engine(self, "Engine", factory=factory, analyses=self.analyses, children=settings.children)
        self.machine = JobMachine(self, "Jobs", prefix=settings.prefix, engine=self.engine, analyses=self.analyses)
        cdk.Tags.of(self).add("skyburst", settings.prefix)
        for title, value in {
            "Bucket": self.storage.bucket.bucket_name,
            "Batches": self.storage.batches.table_name,
            "Jobs": self.storage.jobs.table_name,
            "JobMachine": self.machine.machine.state_machine_arn,
        }.items():
            cdk.CfnOutput(self, f"{title}Output", value=value).override_logical_id(title)
