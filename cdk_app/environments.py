"""Environments: what batches run on that need more than a function has. Made only for analyses that ask for it.

For each such analysis: compute environments of AWS Batch with instances on demand and spare ones, which have none while there is
nothing to run; queues over them; and a job definition.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk_app.analysis import Analysis
from cdk_app.bundle import ENVIRONMENT_LIMIT_BYTES, ROOT, Contents, bundle, content_hash, layer
from cdk_app.functions import RETENTIONS, Factory
from cdk_app.instances import most_vcpus, types_for, update_min
from cdk_app.network import Network
from cdk_app.settings import Settings
from skyburst.contracts.blueprint import EnvironmentSection
from skyburst.errors import InvalidAnalysis
from skyburst.homes.aws import deployed
from skyburst.homes.aws.arrays import DEPLOYMENT_TAG
from skyburst.homes.aws.own_machine import SPOT

PROGRAM = "skyburst.homes.aws.environment"
"""What runs a batch, after `workers/start.py`."""
HOST_LOST = "Host EC2*"
"""Why Batch says that a job ended whose instance was taken away, or broke."""
DELIVER_S = 900
"""After its time, an environment delivers what there is."""
SMALLEST_DISK_GB = 30
"""Of the machine image of ECS."""
ROOT_DEVICE = "/dev/xvda"
MOST_ENVIRONMENTS = 50
"""Compute environments of an account and region, as queues."""
NO_CAPACITY_S = 900
PRICINGS = {"on_demand": "", "spot": "-spot"}
"""Ends of the names of queues."""
CLUSTERS = ("AWSBatch-*", "*_Batch_*")
"""Names that AWS Batch gives the clusters of its compute environments, now and before."""
ECS_POLICY = "service-role/AmazonEC2ContainerServiceforEC2Role"
SSM_POLICY = "AmazonSSMManagedInstanceCore"
MACHINE_IMAGE = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


class Environments(Construct):
    """Everything that environments of a deployment need."""

    def __init__(
        self, scope: Construct, name: str, *, factory: Factory, settings: Settings, analyses: Sequence[Analysis]
    ) -> None:
        super().__init__(scope, name)
        self._factory = factory
        self._settings = settings
        self.network = Network(self, "Network")
        self.host_role = self._host_role()
        profile = iam.CfnInstanceProfile(self, "HostProfile", roles=[self.host_role.role_name])
        self._profile = profile.attr_arn
        self.queues: list[str] = []
        """Names of all queues."""
        self._entries: dict[str, dict[str, Any]] = {}
        self._spot: dict[str, list[str]] = {}
        """ARNs of the compute environments with spare instances, by the path of the scope that they are in."""
        self._environments = 0
        for analysis in analyses:
            self._add(analysis)
        if self._environments > MOST_ENVIRONMENTS:
            raise InvalidAnalysis(
                f"the analyses of this deployment need {self._environments} compute environments, and AWS Batch has "
                f"{MOST_ENVIRONMENTS} for an account and region: deploy some of them in another region, or name fewer types in "
                "environment.instance_types of their blueprints"
            )
        self.develop_role = self._development()

    def entry(self, name: str) -> dict[str, Any]:
        """What the planner knows of the environments of an analysis; nothing when it has none."""
        return {"environment": self._entries[name]} if name in self._entries else {}

    def submits(self) -> list[iam.PolicyStatement]:
        """Submit jobs to the queues of the deployment, from its definitions; see how they stand; end them."""
        prefix = self._factory.prefix
        what = [f"job-queue/{prefix}-*", f"job-definition/{prefix}-*"]
        return [
            _allow(["batch:SubmitJob"], [_batch(one) for one in what]),
            _allow(["batch:TagResource"], [_batch("job/*")]),
            *self.ends(),
        ]

    def ends(self) -> list[iam.PolicyStatement]:
        """See how jobs of Batch stand, and end those of the deployment, also single children of arrays.

        These, whose ids end in a colon and a number, cannot have tags: those of all arrays may be ended that have none of
        another deployment.
        """
        return [
            *self.ends_whole(),
            iam.PolicyStatement(
                actions=["batch:TerminateJob"], resources=[_batch("job/*:*")],
                conditions={"StringEqualsIfExists": self._mine},
            ),
        ]  # fmt: skip

    def ends_whole(self) -> list[iam.PolicyStatement]:
        """See how jobs of Batch stand, and end those of the deployment, which have its tag: their ids are named by chance.

        An array is ended with all of its children.
        """
        return [
            iam.PolicyStatement(
                actions=["batch:TerminateJob"], resources=[_batch("job/*")], conditions={"StringEquals": self._mine}
            ),
            _allow(["batch:DescribeJobs", "batch:ListJobs"], ["*"]),  # which know no resources
        ]

    @property
    def _mine(self) -> dict[str, str]:
        """The tag of what is the deployment's."""
        return {f"aws:ResourceTag/{DEPLOYMENT_TAG}": self._factory.prefix}

    def _add(self, analysis: Analysis) -> None:
        needs = analysis.found.blueprint.environment or EnvironmentSection()
        name = deployed.environment_name(self._factory.prefix, analysis.name)
        scope = Construct(self, analysis.name)
        template = self._template(scope, needs, analysis.name)
        queues = self._place(scope, "", name, template, types_for(needs), needs)
        entry: dict[str, Any] = {"queues": queues, "definition": name}
        exact = [kind for kind in needs.instance_types if "." in kind]
        if len(needs.instance_types) > 1:
            entry["instance_types"] = {
                kind: self._place(
                    scope, kind.replace(".", "-"), f"{name}-{kind.replace('.', '-')}", template, [kind], needs
                )
                for kind in exact
            }
        self._definition(scope, analysis, name, needs)
        self._entries[analysis.name] = entry

    def _place(
        self, scope: Construct, id_: str, name: str, template: ec2.CfnLaunchTemplate, types: list[str], needs: EnvironmentSection
    ) -> dict[str, str]:  # fmt: skip
        """Compute environments with instances of some types, and queues over them; the names of these by pricing."""
        on_demand = self._environment(scope, f"{id_}OnDemand", "EC2", template, types, needs)
        spot = self._environment(scope, f"{id_}Spot", "SPOT", template, types, needs)
        self._spot.setdefault(scope.node.path, []).append(spot.ref)
        orders = {"on_demand": [on_demand], "spot": [spot, on_demand]}
        for pricing, order in orders.items():
            batch.CfnJobQueue(
                scope, f"{id_}Queue{pricing.title().replace('_', '')}",
                job_queue_name=name + PRICINGS[pricing],
                priority=1,
                compute_environment_order=[
                    batch.CfnJobQueue.ComputeEnvironmentOrderProperty(compute_environment=one.ref, order=number + 1)
                    for number, one in enumerate(order)
                ],
                # Where spare instances are not to be had and Batch does not go on to the next ones by itself, the engine does.
                job_state_time_limit_actions=[
                    batch.CfnJobQueue.JobStateTimeLimitActionProperty(
                        action="CANCEL", state="RUNNABLE", max_time_seconds=NO_CAPACITY_S,
                        reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
                    )
                ] if pricing == "spot" else None,
            )  # fmt: skip
        names = {pricing: name + end for pricing, end in PRICINGS.items()}
        self.queues += names.values()
        return names

    def _environment(
        self, scope: Construct, id_: str, kind: str, template: ec2.CfnLaunchTemplate, types: list[str], needs: EnvironmentSection
    ) -> batch.CfnComputeEnvironment:  # fmt: skip
        self._environments += 1
        image = "ECS_AL2023_NVIDIA" if needs.gpus else "ECS_AL2023"
        configuration = batch.CfnComputeEnvironment.Ec2ConfigurationObjectProperty(
            image_type=image, image_id_override=needs.ami
        )
        return batch.CfnComputeEnvironment(
            # Without a name, so that one that must be made anew does not meet its own; without a service role, so that Batch
            # uses the one that it makes itself, which can change instances in place.
            scope, id_,
            type="MANAGED",
            replace_compute_environment=False,
            compute_resources=batch.CfnComputeEnvironment.ComputeResourcesProperty(
                type=kind,
                allocation_strategy="SPOT_PRICE_CAPACITY_OPTIMIZED" if kind == "SPOT" else "BEST_FIT_PROGRESSIVE",
                minv_cpus=0,
                maxv_cpus=most_vcpus(types, needs),
                instance_types=types,
                instance_role=self._profile,
                subnets=self.network.subnets,
                security_group_ids=[self.network.group.security_group_id],
                launch_template=batch.CfnComputeEnvironment.LaunchTemplateSpecificationProperty(
                    launch_template_id=template.ref, version=template.attr_latest_version_number
                ),
                ec2_configuration=[configuration],
                update_to_latest_image_version=True,
            ),
            update_policy=batch.CfnComputeEnvironment.UpdatePolicyProperty(
                terminate_jobs_on_update=False, job_execution_timeout_minutes=update_min(needs)
            ),
        )  # fmt: skip

    def _template(self, scope: Construct, needs: EnvironmentSection, analysis: str) -> ec2.CfnLaunchTemplate:
        return self._launch(scope, "Instance", max(SMALLEST_DISK_GB, needs.disk_gb), {"skyburst-analysis": analysis})

    def _launch(
        self, scope: Construct, id_: str, disk_gb: int, tags: dict[str, str], **more: Any
    ) -> ec2.CfnLaunchTemplate:
        """A launch template: the disk is encrypted, and what asks for the metadata of an instance must have a token."""
        template = ec2.CfnLaunchTemplate
        all_tags = [
            cdk.CfnTag(key=name, value=value) for name, value in ({"skyburst": self._factory.prefix} | tags).items()
        ]
        return ec2.CfnLaunchTemplate(
            scope, id_,
            launch_template_data=template.LaunchTemplateDataProperty(
                block_device_mappings=[
                    template.BlockDeviceMappingProperty(
                        device_name=ROOT_DEVICE,
                        ebs=template.EbsProperty(
                            volume_size=disk_gb, volume_type="gp3", encrypted=True, delete_on_termination=True
                        ),
                    )
                ],
                metadata_options=template.MetadataOptionsProperty(http_tokens="required", http_put_response_hop_limit=1),
                tag_specifications=[
                    template.TagSpecificationProperty(resource_type=kind, tags=all_tags) for kind in ("instance", "volume")
                ],
                **more,
            ),
        )  # fmt: skip

    def _host_role(self) -> iam.Role:
        """Of the agent of ECS on instances: it gets images, and writes the logs of containers."""
        policies = [iam.ManagedPolicy.from_aws_managed_policy_name(ECS_POLICY)]
        return iam.Role(
            self, "HostRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), managed_policies=policies
        )

    @cached_property
    def _framework(self) -> assets.Asset:
        """The framework and the packages that it imports, for the machine of environments."""
        return _asset(self, "Framework", layer(self._settings.environment_machine, self._settings.cache))

    def _definition(self, scope: Construct, analysis: Analysis, name: str, needs: EnvironmentSection) -> None:
        factory, settings = self._factory, self._settings
        log = logs.LogGroup(
            scope, "Log", log_group_name=f"/aws/batch/{name}", retention=RETENTIONS[settings.log_days],
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )  # fmt: skip
        machine = settings.environment_machine
        contents = Contents(analysis.found.code)
        folder = bundle(contents, machine, settings.cache, ENVIRONMENT_LIMIT_BYTES)
        factory.bundles[name] = folder
        code = [_asset(scope, "Code", folder), *([] if contents.is_whole else [self._framework])]
        role = iam.Role(scope, "JobRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        iam.ManagedPolicy(
            scope, "JobPolicy", roles=[role],
            statements=[
                *analysis.worker_statements, *factory.writes("jobs/*/datasets/*"), *factory.deletes("jobs/*/datasets/*"),
                _allow(["s3:GetObject"], [one.bucket.arn_for_objects(one.s3_object_key) for one in code]),
                _finds_machine(),
            ],
        )  # fmt: skip
        variables = {
            **factory.variables(),
            deployed.ANALYSIS: analysis.name,
            deployed.CODE: analysis.reference["digest"],
            "SKYBURST_BUNDLES": " ".join(one.s3_object_url for one in code),
            "SKYBURST_PROGRAM": PROGRAM,
            "SKYBURST_PYTHON": machine.python,
            SPOT: " ".join(self._spot[scope.node.path]),
            "SKYBURST_S3": f"https://s3.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}",
            "AWS_REGION": cdk.Aws.REGION,
            "AWS_DEFAULT_REGION": cdk.Aws.REGION,
        }
        amounts = {"VCPU": needs.vcpus, "MEMORY": needs.memory_mb, **({"GPU": needs.gpus} if needs.gpus else {})}
        definition = batch.CfnJobDefinition
        batch.CfnJobDefinition(
            scope, "Definition",
            job_definition_name=name,
            type="container",
            platform_capabilities=["EC2"],
            propagate_tags=True,
            timeout=definition.TimeoutProperty(
                attempt_duration_seconds=max(60, math.ceil(60 * needs.timeout_min) + DELIVER_S)
            ),
            retry_strategy=definition.RetryStrategyProperty(
                attempts=needs.attempts,
                evaluate_on_exit=[
                    definition.EvaluateOnExitProperty(action="RETRY", on_status_reason=HOST_LOST),
                    definition.EvaluateOnExitProperty(action="EXIT", on_reason="*"),
                ],
            ),
            container_properties=definition.ContainerPropertiesProperty(
                image=needs.image or settings.environment_image,
                command=start_command(),
                job_role_arn=role.role_arn,
                resource_requirements=[
                    definition.ResourceRequirementProperty(type=kind, value=str(value)) for kind, value in amounts.items()
                ],
                environment=[
                    definition.EnvironmentProperty(name=variable, value=value) for variable, value in variables.items()
                ],
                log_configuration=definition.LogConfigurationProperty(
                    log_driver="awslogs",
                    options={
                        "awslogs-group": log.log_group_name,
                        "awslogs-region": cdk.Aws.REGION,
                        "awslogs-stream-prefix": analysis.name,
                    },
                ),
            ),
        )  # fmt: skip

    def _development(self) -> iam.Role:
        """A launch template for instances that a developer opens a shell on, by Session Manager: nothing listens there."""
        managed = [iam.ManagedPolicy.from_aws_managed_policy_name(SSM_POLICY)]
        role = iam.Role(
            self, "DevelopRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), managed_policies=managed
        )
        reads = self._factory.reads_inputs_of(*self._entries)
        iam.ManagedPolicy(self, "DevelopPolicy", roles=[role], statements=reads)
        profile = iam.CfnInstanceProfile(self, "DevelopProfile", roles=[role.role_name])
        template = ec2.CfnLaunchTemplate
        self.develop = self._launch(
            self, "Develop", 2 * SMALLEST_DISK_GB, {"skyburst-develop": "yes"},
            image_id=f"resolve:ssm:{MACHINE_IMAGE}",
            iam_instance_profile=template.IamInstanceProfileProperty(arn=profile.attr_arn),
            instance_initiated_shutdown_behavior="terminate",
            network_interfaces=[
                template.NetworkInterfaceProperty(
                    device_index=0, associate_public_ip_address=True, subnet_id=self.network.subnets[0],
                    groups=[self.network.group.security_group_id],
                )
            ],
        )  # fmt: skip
        return role


def start_command() -> list[str]:
    """The command of containers: `workers/start.py` without what is said to people, as Batch has 8,192 characters for it."""
    tree = ast.parse((ROOT / "workers" / "start.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ["python3", "-u", "-c", ast.unparse(tree)]


def _asset(scope: Construct, id_: str, folder: Path) -> assets.Asset:
    return assets.Asset(
        scope, id_, path=str(folder), asset_hash=content_hash(folder), asset_hash_type=cdk.AssetHashType.CUSTOM
    )


def _batch(rest: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:batch:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:{rest}"


def _finds_machine() -> iam.PolicyStatement:
    """Ask which machine a container runs on, by the ids of its task and of the container instance: nothing is listed."""
    start = f"arn:{cdk.Aws.PARTITION}:ecs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:"
    return iam.PolicyStatement(
        actions=["ecs:DescribeTasks", "ecs:DescribeContainerInstances"],
        resources=[f"{start}task/*", f"{start}container-instance/*"],
        conditions={"ArnLike": {"ecs:cluster": [f"{start}cluster/{name}" for name in CLUSTERS]}},
    )


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
