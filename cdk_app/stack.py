"""The stack: storage, the engine's functions, the analyses' functions, the state machine."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from cdk_app.analysis import Analysis, has_environments
from cdk_app.batches import BatchMachine
from cdk_app.budgets import BillBudget
from cdk_app.burst import Bridge
from cdk_app.drift import DriftCheck
from cdk_app.engine import Engine
from cdk_app.environments import Environments
from cdk_app.functions import Factory
from cdk_app.machine import JobMachine
from cdk_app.monitoring import Monitoring
from cdk_app.notifications import Notifications
from cdk_app.people import PeopleRole, root_of
from cdk_app.reaper import ReaperFunction
from cdk_app.retention import Retention
from cdk_app.settings import Settings
from cdk_app.storage import Storage
from cdk_app.submissions import SubmissionBuckets, Submissions
from cdk_app.web import WebStack
from skyburst._version import __version__
from skyburst.contracts import burst
from skyburst.errors import InvalidAnalysis
from skyburst.finding import PROBE, Found, find_probe
from skyburst.people.policies import Root

PROBE_LANES = 2
"""At most: more prove no more."""
PROBE_CHILDREN = 5
"""Of one manager, so that a job of little more than a hundred batches has managers of managers."""
RESERVED = {burst.ANALYSIS: "jobs of burst-compute have that name", PROBE: "`skyburst doctor` runs one of that name"}
"""Names of analyses that others cannot have, and why."""


class SkyburstStack(cdk.Stack):
    """Everything of one deployment. Nothing of it costs money while no job runs, but for what is stored."""

    def __init__(self, scope: Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name, description="Skyburst: burst-parallel jobs")
        for found in settings.analyses:
            _check(found)
        self.settings = settings
        self.storage = Storage(self, "Storage", request_metrics=settings.monitoring != "none")
        self.submission_buckets = SubmissionBuckets(
            self, "Submitted", names=settings.submission_buckets, origins=settings.submission_origins
        )
        factory = Factory(self, settings, self.storage)
        factory.uploads = {name: bucket.bucket_name for name, bucket in self.submission_buckets.buckets.items()}
        self._run_jobs(factory)
        self._serve_people(factory)
        self.web: WebStack | None = None
        if settings.web is not None:
            self.web = WebStack(
                self, "Web", factory=factory, engine=self.engine, settings=settings.web,
                combiners=[analysis.combiner_name for analysis in self.analyses], log_days=settings.log_days,
            )  # fmt: skip
        self.bundles = factory.bundles
        self.undelivered = factory.undelivered
        self._watch(factory)
        cdk.Tags.of(self).add("skyburst", settings.prefix)
        for tag, value in settings.tags.items():
            cdk.Tags.of(self).add(tag, value)
        for title, value in self._outputs().items():
            cdk.CfnOutput(self, f"{title}Output", value=value).override_logical_id(title)

    def _run_jobs(self, factory: Factory) -> None:
        """What takes jobs from their start to their end."""
        settings = self.settings
        self.analyses = [
            Analysis(
                self, found.blueprint.name, factory=factory, found=found, lanes=settings.lanes,
                reserved=settings.reserved_concurrency,
            )
            for found in settings.analyses
        ]  # fmt: skip
        probe = Analysis(
            self, PROBE, factory=factory, found=find_probe(), lanes=min(settings.lanes, PROBE_LANES),
            children=PROBE_CHILDREN,
        )  # fmt: skip
        runnable: list[Analysis | Bridge] = [*self.analyses, probe]
        if settings.burst_functions:
            functions = settings.burst_functions
            runnable.append(Bridge(self, "Bridge", factory=factory, functions=functions, lanes=settings.lanes))
        self._lanes = [entry.workers[0] for entry in runnable if entry is not probe and entry.workers]
        asking = [analysis for analysis in self.analyses if has_environments(analysis.found)]
        self.environments: Environments | None = None
        if asking:
            self.environments = Environments(self, "Environments", factory=factory, settings=settings, analyses=asking)
            ReaperFunction(self, "Reaper", factory=factory, environments=self.environments)
        self.engine = Engine(
            self, "Engine", factory=factory, analyses=runnable, children=settings.children, environments=self.environments
        )  # fmt: skip
        self.machine = JobMachine(
            self, "Jobs", prefix=settings.prefix, engine=self.engine, analyses=runnable, undelivered=factory.undelivered,
            log_days=settings.log_days,
        )  # fmt: skip
        self.batch_machine = BatchMachine(
            self, "ManyJobs", factory=factory, engine=self.engine, log_days=settings.log_days
        )

    def _serve_people(self, factory: Factory) -> None:
        """What people have of jobs beside their results: messages, submissions by upload, deletion, folders of groups."""
        settings = self.settings
        self.notifications = Notifications(self, "Notifications", factory=factory, settings=settings)
        self.retention = Retention(self, "Retention", factory=factory, uploads=self.submission_buckets.buckets)
        self.people = _people_role(self, settings)
        self.submissions: Submissions | None = None
        if settings.submission_buckets:
            self.submissions = Submissions(
                self, "Submissions", factory=factory, engine=self.engine, buckets=self.submission_buckets,
                inputs=settings.input_buckets, results=settings.result_buckets, log_days=settings.log_days,
            )  # fmt: skip

    def _watch(self, factory: Factory) -> None:
        """What an operator hears of the deployment."""
        settings = self.settings
        self.drift: DriftCheck | None = None
        if settings.drift_check != "none":
            self.drift = DriftCheck(self, "Drift", factory=factory, every=settings.drift_check)
        if settings.budget_usd is not None and settings.budget_email is not None:
            BillBudget(self, "Bill", prefix=settings.prefix, usd=settings.budget_usd, email=settings.budget_email)
        self.monitoring: Monitoring | None = None
        if settings.monitoring == "none":
            return
        self.monitoring = Monitoring(
            self, "Monitoring", prefix=settings.prefix, storage=self.storage, undelivered=factory.undelivered,
            lanes=self._lanes, email=settings.alarm_email,
        )  # fmt: skip
        if self.drift is not None:
            self.monitoring.watch_drift()
        if self.environments is not None:
            self.monitoring.watch_reaper()
        if settings.monitoring == "full":
            self.monitoring.add_dashboard(machine=self.machine.machine, engine=self.engine, analyses=self.analyses)

    def _outputs(self) -> dict[str, str]:
        """What clients need to know, by name."""
        outputs = {
            "Bucket": self.storage.bucket.bucket_name,
            "Batches": self.storage.batches.table_name,
            "Jobs": self.storage.jobs.table_name,
            "Budgets": self.storage.budgets.table_name,
            "JobMachine": self.machine.machine.state_machine_arn,
            "BatchMachine": self.batch_machine.machine.state_machine_arn,
            "Version": __version__,
        }
        if self.environments:
            outputs["DevelopTemplate"] = self.environments.develop.ref
        if self.people:
            outputs["PeopleRole"] = self.people.role.role_arn
        if self.web:
            outputs |= self.web.outputs
        for analysis, bucket in self.submission_buckets.buckets.items():
            outputs["".join(part.capitalize() for part in analysis.split("-")) + "Submissions"] = bucket.bucket_name
        return outputs


def _check(found: Found) -> None:
    """Refuse what cannot be deployed before its code is bundled, which takes a while."""
    if found.blueprint.name in RESERVED:
        raise InvalidAnalysis(
            f"{found.location}: what is deployed cannot be called {found.blueprint.name!r}, because "
            f"{RESERVED[found.blueprint.name]}: give it another name in its blueprint"
        )


def _people_role(stack: SkyburstStack, settings: Settings) -> PeopleRole | None:
    people = settings.people
    if people is None:
        return None
    return PeopleRole(
        stack, "People", prefix=settings.prefix, kind=people.kind, provider=people.provider, audience=people.audience,
        permission_set=people.permission_set,
        roots=[
            *(Root(bucket.bucket_arn) for bucket in stack.submission_buckets.buckets.values()), *map(root_of, people.buckets),
        ],
    )  # fmt: skip
