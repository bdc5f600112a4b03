import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from cdk_app.analysis import Analysis
from cdk_app.engine import Engine
from cdk_app.functions import Factory
from cdk_app.machine import JobMachine
from cdk_app.settings import NAMES, settings_of
from cdk_app.storage import Storage


class LabStack(cdk.Stack):
    """Skyburst beside what else the lab has: here, a role that may start jobs."""

    def __init__(self, app: cdk.App) -> None:
        super().__init__(app, "lab")
        context = {name: app.node.try_get_context(name) for name in NAMES}
        settings = settings_of({**context, "prefix": "lab"})
        storage = Storage(self, "Storage")
        factory = Factory(self, settings, storage)
        analyses = [
            Analysis(self, found.blueprint.name, factory=factory, found=found, lanes=settings.lanes)
            for found in settings.analyses
        ]
        engine = Engine(self, "Engine", factory=factory, analyses=analyses, children=None)
        jobs = JobMachine(
            self, "Jobs", prefix="lab", engine=engine, analyses=analyses, undelivered=factory.undelivered, log_days=30
        )
        students = iam.Role(self, "Students", assumed_by=iam.AccountRootPrincipal())
        jobs.machine.grant_start_execution(students)
        storage.bucket.grant_read(students, "jobs/*")
        cdk.CfnOutput(self, "JobMachine", value=jobs.machine.state_machine_arn)


app = cdk.App()
LabStack(app)
app.synth()
