"""AWS Batch, and what its instances are started with."""

from __future__ import annotations

import json
from typing import Any

from skyburst.local_cloud.templates.kinds.networks import tags
from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind, tag_map

SERVICE_ROLE = "AWSServiceRoleForBatch"
OF_ENVIRONMENT = "ComputeResources ReplaceComputeEnvironment ServiceRole State Tags Type UpdatePolicy"


def _create_template(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("LaunchTemplateName"), 128)
    made = wanted.call(
        "ec2", "CreateLaunchTemplate", LaunchTemplateName=name, LaunchTemplateData=is_["LaunchTemplateData"],
        **tags(wanted, "launch-template"),
    )["LaunchTemplate"]  # fmt: skip
    return _template(made["LaunchTemplateId"], 1)


def _update_template(wanted: Wanted, made: Made) -> Made:
    version = wanted.call(
        "ec2", "CreateLaunchTemplateVersion", LaunchTemplateId=made.physical_id,
        LaunchTemplateData=wanted.properties["LaunchTemplateData"],
    )["LaunchTemplateVersion"]["VersionNumber"]  # fmt: skip
    return _template(made.physical_id, version)


def _template(name: str, version: int) -> Made:
    return Made(name, {"LaunchTemplateId": name, "LatestVersionNumber": str(version), "DefaultVersionNumber": "1"})


def _delete_template(wanted: Wanted, made: Made) -> None:
    wanted.call("ec2", "DeleteLaunchTemplate", LaunchTemplateId=made.physical_id)


def _create_profile(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("InstanceProfileName"), 128)
    made = wanted.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **wanted.only("Path"))
    for role in is_["Roles"]:
        wanted.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": made["InstanceProfile"]["Arn"]})


def _delete_profile(wanted: Wanted, made: Made) -> None:
    for role in wanted.properties["Roles"]:
        wanted.call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=made.physical_id, RoleName=role)
    wanted.call("iam", "DeleteInstanceProfile", InstanceProfileName=made.physical_id)


def _create_environment(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("ComputeEnvironmentName"), 128)
    resources: dict[str, Any] = dict(is_["ComputeResources"])
    resources.pop("UpdateToLatestImageVersion", None)  # says how it is changed
    return _environment(wanted, name, resources)


def _environment(wanted: Wanted, name: str, resources: dict[str, Any]) -> Made:
    is_ = wanted.properties
    arn = wanted.call(
        "batch", "CreateComputeEnvironment", computeEnvironmentName=name, type=str(is_["Type"]).upper(),
        state=is_.get("State", "ENABLED"), computeResources=resources, tags=is_.get("Tags") or {},
        serviceRole=is_.get("ServiceRole") or _service_role(wanted),
    )["computeEnvironmentArn"]  # fmt: skip
    return Made(arn, {"ComputeEnvironmentArn": arn})


def _service_role(wanted: Wanted) -> str:
    """The role that Batch makes for itself when none is given."""
    iam = wanted.client("iam")
    arn = f"arn:aws:iam::{wanted.services.account}:role/aws-service-role/batch.amazonaws.com/{SERVICE_ROLE}"
    if SERVICE_ROLE not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        iam.create_role(
            RoleName=SERVICE_ROLE, Path="/aws-service-role/batch.amazonaws.com/",
            AssumeRolePolicyDocument=json.dumps(trust),
        )  # fmt: skip
    return arn


def _update_environment(wanted: Wanted, made: Made) -> Made:
    """In place, as Batch does it; moto would keep the old resources."""
    from moto.batch.models import batch_backends
    from moto.batch.utils import lowercase_first_key

    is_ = wanted.properties
    backend = batch_backends[wanted.services.account][wanted.services.region]
    environment = backend.get_compute_environment_by_arn(made.physical_id)
    resources = dict(is_["ComputeResources"])
    resources.pop("UpdateToLatestImageVersion", None)
    environment.compute_resources = lowercase_first_key(resources)
    environment.state = is_.get("State", "ENABLED")
    return made


def _delete_environment(wanted: Wanted, made: Made) -> None:
    wanted.call("batch", "DeleteComputeEnvironment", computeEnvironment=made.physical_id)


def _queue(wanted: Wanted) -> dict[str, Any]:
    return {"state": wanted.properties.get("State", "ENABLED"), **wanted.only("ComputeEnvironmentOrder", "Priority")}


def _create_queue(wanted: Wanted) -> Made:
    name = wanted.name(wanted.properties.get("JobQueueName"), 128)
    given = {**_queue(wanted), "tags": wanted.properties.get("Tags") or {}}
    arn = wanted.call("batch", "CreateJobQueue", jobQueueName=name, **given)["jobQueueArn"]
    return _limited(wanted, Made(arn, {"JobQueueArn": arn}))


def _update_queue(wanted: Wanted, made: Made) -> Made:
    wanted.call("batch", "UpdateJobQueue", jobQueue=made.physical_id, **_queue(wanted))
    return _limited(wanted, made)


def _limited(wanted: Wanted, made: Made) -> Made:
    """Moto knows nothing of limits to how long jobs wait."""
    limits = wanted.properties.get("JobStateTimeLimitActions") or []
    wanted.services.batch.limit_waiting(made.physical_id, {one["Reason"]: int(one["MaxTimeSeconds"]) for one in limits})
    return made


def _delete_queue(wanted: Wanted, made: Made) -> None:
    wanted.call("batch", "DeleteJobQueue", jobQueue=made.physical_id)


def _register(wanted: Wanted) -> Made:
    """A new revision, for a new definition as for one that is changed."""
    is_ = wanted.properties
    name = wanted.name(is_.get("JobDefinitionName"), 128)
    arn = wanted.call(
        "batch", "RegisterJobDefinition", jobDefinitionName=name, tags=tag_map_of(is_.get("Tags")),
        **wanted.only(
            "ContainerProperties", "Parameters", "PlatformCapabilities", "PropagateTags", "RetryStrategy", "Timeout", "Type"
        ),
    )["jobDefinitionArn"]  # fmt: skip
    return Made(arn, {"JobDefinitionArn": arn})


def _deregister(wanted: Wanted, made: Made) -> None:
    wanted.call("batch", "DeregisterJobDefinition", jobDefinition=made.physical_id)


def _register_again(wanted: Wanted, made: Made) -> Made:
    registered = _register(wanted)
    _deregister(wanted, made)
    return registered


def tag_map_of(given: Any) -> dict[str, str]:
    """Tags of Batch, which are a mapping in most templates and a list in some."""
    return tag_map(given) if isinstance(given, list) else {name: str(value) for name, value in (given or {}).items()}


KINDS: dict[str, Kind] = {
    "AWS::EC2::LaunchTemplate": kind(
        "LaunchTemplateData LaunchTemplateName TagSpecifications", _create_template, update=_update_template,
        delete=_delete_template, replaced_by="LaunchTemplateName", fixed="TagSpecifications",
    ),
    "AWS::IAM::InstanceProfile": kind("InstanceProfileName Path Roles", _create_profile, delete=_delete_profile),
    "AWS::Batch::ComputeEnvironment": kind(
        f"{OF_ENVIRONMENT} ComputeEnvironmentName", _create_environment, update=_update_environment,
        delete=_delete_environment, replaced_by="ComputeEnvironmentName Type ServiceRole", fixed="Tags",
    ),
    "AWS::Batch::JobQueue": kind(
        "ComputeEnvironmentOrder JobQueueName JobStateTimeLimitActions Priority State Tags", _create_queue,
        update=_update_queue, delete=_delete_queue, replaced_by="JobQueueName", fixed="Tags",
        removable="JobStateTimeLimitActions",
    ),
    "AWS::Batch::JobDefinition": kind(
        "ContainerProperties JobDefinitionName Parameters PlatformCapabilities PropagateTags RetryStrategy Tags Timeout Type",
        _register, update=_register_again, delete=_deregister, replaced_by="JobDefinitionName",
        removable="Parameters RetryStrategy Timeout",
    ),
}  # fmt: skip
