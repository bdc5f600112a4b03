"""Roles and policies."""

from __future__ import annotations

import json

from skyburst.local_cloud.templates.wanted import Kind, Made, Wanted, kind


def _create_role(wanted: Wanted) -> Made:
    is_ = wanted.properties
    name = wanted.name(is_.get("RoleName"))
    made = wanted.call(
        "iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(is_["AssumeRolePolicyDocument"]),
        **wanted.only("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags"),
    )["Role"]  # fmt: skip
    _put_policies(wanted, name)
    return Made(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})


def _update_role(wanted: Wanted, made: Made) -> Made:
    name = made.physical_id
    trust = json.dumps(wanted.properties["AssumeRolePolicyDocument"])
    wanted.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
    iam = wanted.client("iam")
    for arn in wanted.before.get("ManagedPolicyArns", []):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for policy in wanted.before.get("Policies", []):
        iam.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
    _put_policies(wanted, name)
    return made


def _delete_role(wanted: Wanted, made: Made) -> None:
    iam = wanted.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=made.physical_id)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=made.physical_id, PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName=made.physical_id)["PolicyNames"]:
        iam.delete_role_policy(RoleName=made.physical_id, PolicyName=name)
    wanted.call("iam", "DeleteRole", RoleName=made.physical_id)


def _put_policies(wanted: Wanted, role: str) -> None:
    is_ = wanted.properties
    for arn in is_.get("ManagedPolicyArns", []):
        wanted.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
    for policy in is_.get("Policies", []):
        text = json.dumps(policy["PolicyDocument"])
        wanted.call("iam", "PutRolePolicy", RoleName=role, PolicyName=policy["PolicyName"], PolicyDocument=text)


def _put_policy(wanted: Wanted, made: Made | None = None) -> Made:
    is_ = wanted.properties
    name, text = is_["PolicyName"], json.dumps(is_["PolicyDocument"])
    for role in is_.get("Roles", []):
        wanted.call("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=text)
    return made or Made(name, {"Id": name})


def _delete_policy(wanted: Wanted, _made: Made) -> None:
    iam = wanted.client("iam")
    for role in wanted.properties.get("Roles", []):
        iam.delete_role_policy(RoleName=role, PolicyName=wanted.properties["PolicyName"])


def _create_managed_policy(wanted: Wanted) -> Made:
    is_ = wanted.properties
    arn = wanted.call(
        "iam", "CreatePolicy", PolicyName=wanted.name(is_.get("ManagedPolicyName"), 128),
        PolicyDocument=json.dumps(is_["PolicyDocument"]), **wanted.only("Description", "Path"),
    )["Policy"]["Arn"]  # fmt: skip
    for role in is_.get("Roles", []):
        wanted.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn})


def _delete_managed_policy(wanted: Wanted, made: Made) -> None:
    iam = wanted.client("iam")
    for role in wanted.properties.get("Roles", []):
        iam.detach_role_policy(RoleName=role, PolicyArn=made.physical_id)
    iam.delete_policy(PolicyArn=made.physical_id)


KINDS: dict[str, Kind] = {
    "AWS::IAM::Role": kind(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies "
        "RoleName Tags",
        _create_role,
        update=_update_role,
        delete=_delete_role,
        replaced_by="RoleName Path",
        fixed="Description MaxSessionDuration PermissionsBoundary Tags",
        removable="ManagedPolicyArns Policies",
    ),
    "AWS::IAM::Policy": kind(
        "PolicyDocument PolicyName Roles",
        _put_policy,
        update=_put_policy,
        delete=_delete_policy,
        replaced_by="PolicyName Roles",
    ),
    "AWS::IAM::ManagedPolicy": kind(
        "Description ManagedPolicyName Path PolicyDocument Roles", _create_managed_policy, delete=_delete_managed_policy
    ),
}
