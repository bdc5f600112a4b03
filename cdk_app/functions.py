"""Makes functions: each with its own code, role, log and queue of what could not be run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk_app.bundle import Contents, bundle, content_hash, layer
from cdk_app.settings import LOG_DAYS, Settings
from cdk_app.storage import Storage
from skyburst.engine.sending import KEPT_S
from skyburst.homes.aws import deployed
from skyburst.homes.aws.events import SOURCE
from skyburst.homes.aws.schema import NEWEST, NEWEST_OF_USER

PRIVATE = ("people/*", "batches/*", "retention/*", "map-runs/*")
"""Keys of the deployment's bucket that code of analyses has no business with: who people are, and lists of others' jobs."""
RETENTIONS = dict(zip(LOG_DAYS, logs.RetentionDays, strict=False))  # the last one is for ever
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


def code_of(folder: Path) -> lambda_.AssetCode:
    """A folder as code, known by what is in it: the CDK would read each file once more."""
    return lambda_.Code.from_asset(
        str(folder), asset_hash=content_hash(folder), asset_hash_type=cdk.AssetHashType.CUSTOM
    )


class Factory:
    """Makes the functions of a deployment."""

    def __init__(self, scope: Construct, settings: Settings, storage: Storage) -> None:
        self.prefix = settings.prefix
        self.storage = storage
        self.bundles: dict[str, Path] = {}
        """Folders of the code of functions and of the layer, by their names."""
        self.batch_events = settings.batch_events
        self.engine_reserved = settings.engine_concurrency
        self.uploads: dict[str, str] = {}
        """Names of buckets of submissions, whose data jobs read too, by analyses."""
        self._settings = settings
        self._scope = scope
        self.undelivered = sqs.Queue(
            scope, "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, retention_period=cdk.Duration.days(14),
        )  # fmt: skip
        """Invocations that failed, for people to look at: the watcher sends their batches again by itself."""

    def function(
        self, scope: Construct, id_: str, name: str, contents: Contents, *, handler: str, memory_mb: int, timeout_s: float,
        statements: Sequence[iam.PolicyStatement], asynchronous: bool = False, recursive: bool = False,
        environment: dict[str, str] | None = None, reserved: int | None = None, disk_mb: int | None = None,
        retries: int = 0,
    ) -> lambda_.Function:  # fmt: skip
        """A function that may do what the statements allow, write its log, and nothing else.

        Of one that is invoked asynchronously the events that fail are tried again so many times, then kept in a queue; those of
        workers and managers are not, as the watcher sends again what was lost, and knows how often it may.
        """
        log = logs.LogGroup(
            scope, f"{id_}Log", log_group_name=f"/aws/lambda/{name}", retention=RETENTIONS[self._settings.log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        role = iam.Role(scope, f"{id_}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        own = [
            _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log.log_group_arn]),
            _allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),  # which know no resources
        ]
        if asynchronous:
            own.append(_allow(["sqs:SendMessage"], [self.undelivered.queue_arn]))
        policy = iam.ManagedPolicy(scope, f"{id_}Policy", roles=[role], statements=[*own, *statements])
        machine = self._settings.machine
        self.bundles[name] = bundle(contents, machine, self._settings.cache)
        layers = [] if contents.is_whole else [self._layer]
        function = lambda_.Function(
            scope, id_,
            function_name=name,
            runtime=lambda_.Runtime(f"python{machine.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=ARCHITECTURES[machine.architecture],
            code=code_of(self.bundles[name]),
            layers=layers,
            handler=handler,
            memory_size=memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(disk_mb) if disk_mb else None,
            timeout=cdk.Duration.seconds(int(timeout_s)),
            role=role.without_policy_updates(),
            log_group=log,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=reserved,
            environment={**self.variables(), **(environment or {})},
            recursive_loop=lambda_.RecursiveLoop.ALLOW if recursive else None,
        )  # fmt: skip
        function.node.add_dependency(policy)
        if asynchronous:
            lambda_.EventInvokeConfig(
                scope, f"{id_}Invocations", function=function,
                retry_attempts=retries,
                max_event_age=cdk.Duration.seconds(int(KEPT_S)),
                on_failure=destinations.SqsDestination(self.undelivered),
            )  # fmt: skip
        return function

    @cached_property
    def _layer(self) -> lambda_.LayerVersion:
        """The framework and the packages that it imports, which functions share."""
        name, machine = f"{self.prefix}-framework", self._settings.machine
        self.bundles[name] = layer(machine, self._settings.cache)
        return lambda_.LayerVersion(
            self._scope, "Framework",
            layer_version_name=name,
            description="Skyburst and the packages that it imports",
            code=code_of(self.bundles[name]),
            compatible_runtimes=[lambda_.Runtime(f"python{machine.python}", lambda_.RuntimeFamily.PYTHON)],
            compatible_architectures=[ARCHITECTURES[machine.architecture]],
        )  # fmt: skip

    def variables(self) -> dict[str, str]:
        """What everything that runs in the deployment is told of it."""
        return {
            deployed.BUCKET: self.storage.bucket.bucket_name,
            deployed.BATCHES: self.storage.batches.table_name,
            deployed.JOBS: self.storage.jobs.table_name,
            deployed.PREFIX: self.prefix,
        }

    # What functions may do

    def reads(self, *keys: str) -> list[iam.PolicyStatement]:
        """Read objects under these keys."""
        return [_allow(["s3:GetObject"], [self.storage.bucket.arn_for_objects(key) for key in keys])]

    def reads_inputs(self) -> list[iam.PolicyStatement]:
        """Read any object of the deployment's bucket and of the further ones, also those encrypted with a key of KMS.

        For functions that run no developer's code.
        """
        return self._reads_buckets(self.uploads.values())

    def reads_inputs_of(self, *analyses: str) -> list[iam.PolicyStatement]:
        """The same for what runs the code of analyses: of buckets of submissions only theirs, and not what is about people."""
        bucket = self.storage.bucket
        private = iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=["s3:GetObject"], resources=[bucket.arn_for_objects(key) for key in PRIVATE]
        )
        own = [name for analysis, name in self.uploads.items() if analysis in analyses]
        return [*self._reads_buckets(own), private]

    def _reads_buckets(self, uploads: Iterable[str]) -> list[iam.PolicyStatement]:
        start = f"arn:{cdk.Aws.PARTITION}:s3:::"
        buckets = [
            self.storage.bucket.bucket_arn,
            *(start + name for name in (*self._settings.input_buckets, *uploads)),
        ]
        keys = self._settings.input_keys
        return [
            _allow(["s3:GetObject"], [f"{bucket}/*" for bucket in buckets]),
            _allow(["s3:ListBucket"], buckets),
            *([_allow(["kms:Decrypt"], keys)] if keys else []),
        ]

    def lists(self) -> list[iam.PolicyStatement]:
        """Tell an object that is not there from one that may not be read."""
        return [_allow(["s3:ListBucket"], [self.storage.bucket.bucket_arn])]

    def writes(self, *keys: str) -> list[iam.PolicyStatement]:
        """Write objects under these keys."""
        return [
            _allow(
                ["s3:PutObject", "s3:AbortMultipartUpload"], [self.storage.bucket.arn_for_objects(key) for key in keys]
            )
        ]

    def deletes(self, *keys: str) -> list[iam.PolicyStatement]:
        """Remove objects under these keys."""
        return [_allow(["s3:DeleteObject"], [self.storage.bucket.arn_for_objects(key) for key in keys])]

    def batches(self, *actions: str) -> list[iam.PolicyStatement]:
        """Do this with rows of batches."""
        return [_allow([f"dynamodb:{action}" for action in actions], [self.storage.batches.table_arn])]

    def jobs(self, *actions: str) -> list[iam.PolicyStatement]:
        """Do this with rows of jobs."""
        return [_allow([f"dynamodb:{action}" for action in actions], [self.storage.jobs.table_arn])]

    def lists_jobs(self) -> list[iam.PolicyStatement]:
        """Go through all jobs, newest first."""
        return [_allow(["dynamodb:Query"], [f"{self.storage.jobs.table_arn}/index/{NEWEST.name}"])]

    def lists_jobs_of_users(self) -> list[iam.PolicyStatement]:
        """Go through the jobs of one user, newest first."""
        return [_allow(["dynamodb:Query"], [f"{self.storage.jobs.table_arn}/index/{NEWEST_OF_USER.name}"])]

    def pays(self) -> list[iam.PolicyStatement]:
        """Keep what jobs may cost, and put what they did cost in place of it."""
        table = self.storage.budgets.table_arn
        actions = ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem")
        return [
            _allow([f"dynamodb:{action}" for action in actions], [table]),
            _allow(["dynamodb:Query"], [f"{table}/index/newest"]),
        ]

    @property
    def purse(self) -> dict[str, str]:
        """Variable of the function that reserves and settles."""
        return {deployed.BUDGETS: self.storage.budgets.table_name}

    @property
    def topics(self) -> dict[str, str]:
        """Variable of the functions that check jobs."""
        return {deployed.TOPICS: " ".join(self._settings.notify_topics)}

    def tells(self) -> list[iam.PolicyStatement]:
        """Tell of changes on the default bus, in the name of skyburst only."""
        bus = f"arn:{cdk.Aws.PARTITION}:events:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:event-bus/default"
        only = {"ForAllValues:StringEquals": {"events:source": SOURCE}}  # a call has many events
        return [iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus], conditions=only)]

    def executions(self, machine: str) -> str:
        """What the ARNs of a state machine's executions start with; made from its name, as the machine calls its functions."""
        return f"arn:{cdk.Aws.PARTITION}:states:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:execution:{machine}:"

    def describes(self, machine: str) -> list[iam.PolicyStatement]:
        """Look how executions of a state machine stand."""
        return [_allow(["states:DescribeExecution"], [f"{self.executions(machine)}*"])]

    def starts(self, machine: str) -> list[iam.PolicyStatement]:
        """Start executions of a state machine."""
        start = f"arn:{cdk.Aws.PARTITION}:states:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:stateMachine:"
        return [_allow(["states:StartExecution"], [start + machine])]

    def invokes(self, *names: str) -> list[iam.PolicyStatement]:
        """Invoke functions of the deployment by name, or by a pattern of names."""
        start = f"arn:{cdk.Aws.PARTITION}:lambda:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:function:"
        return [_allow(["lambda:InvokeFunction"], [start + name for name in names])]


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
