"""What members of groups may do with a bucket: documents of IAM, for one role that serves all groups. Pure.

The role is taken on for a session that is tagged with the group; the policy's resources have the tag's value in them. Nobody has
a key that stays valid, and a new group needs no new role.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

GROUP_TAG, USER_TAG = "skyburst-group", "skyburst-user"
"""Tags of sessions."""
MINE = f"${{aws:PrincipalTag/{GROUP_TAG}}}"
Kind = Literal["oidc", "saml", "identity-center"]
MAY = {
    "inputs": ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
    "configs": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    "submissions": ["s3:PutObject", "s3:DeleteObject"],
    "results": ["s3:GetObject", "s3:DeleteObject"],
}
"""Of each folder of a group. Inputs cannot be read back: the bucket is no store of files that costs nobody anything."""
SAML_AUDIENCE = "https://signin.aws.amazon.com/saml"


class Root(NamedTuple):
    """Where folders of groups are."""

    bucket: str
    """ARN of a bucket."""
    prefix: str = ""
    """What keys start with before the group's name, such as `caiman/`; empty for the bucket itself."""


def group_policy(roots: Sequence[Root]) -> dict[str, Any]:
    """What a session with a group's tag may do: with its own group's folders, and nothing else.

    A session without the tag may do nothing, as what has a variable that is not set fits no resource.
    """
    statements: list[dict[str, Any]] = [
        {
            "Sid": folder.capitalize(),
            "Effect": "Allow",
            "Action": actions,
            "Resource": [f"{root.bucket}/{root.prefix}{MINE}/{folder}/*" for root in roots],
        }
        for folder, actions in MAY.items()
    ]
    for number, root in enumerate(roots):
        mine = f"{root.prefix}{MINE}/"
        statements.append(
            {
                "Sid": f"List{number or ''}",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [root.bucket],
                "Condition": {"StringLike": {"s3:prefix": [mine, *(f"{mine}{folder}/*" for folder in MAY)]}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def trust_policy(kind: Kind, *, provider: str, audience: str = "", permission_set: str = "") -> dict[str, Any]:
    """Who may take on the role, and that the session has a tag for the group.

    Args:
        kind: `oidc` and `saml`: people whom an institution's identity provider names, which sets the tags.
            `identity-center`: people who have a permission set of IAM Identity Center, whose attributes are tags; only their
            own group is passed on.
        provider: ARN of the identity provider in IAM; for `identity-center` the id of the account.
        audience: of `oidc`, the client's id.
        permission_set: of `identity-center`, its name.
    """
    tagged: dict[str, Any] = {
        "ForAllValues:StringEquals": {"aws:TagKeys": [GROUP_TAG, USER_TAG]},
        "Null": {f"aws:RequestTag/{GROUP_TAG}": "false"},
    }
    if kind == "oidc":
        issuer = provider.partition(":oidc-provider/")[2]
        actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
        principal = {"Federated": provider}
        condition = {**tagged, "StringEquals": {f"{issuer}:aud": audience}}
    elif kind == "saml":
        actions = ["sts:AssumeRoleWithSAML", "sts:TagSession"]
        principal = {"Federated": provider}
        condition = {**tagged, "StringEquals": {"SAML:aud": SAML_AUDIENCE}}
    else:
        actions = ["sts:AssumeRole", "sts:TagSession"]
        principal = {"AWS": f"arn:aws:iam::{provider}:root"}
        roles = f"arn:aws:iam::{provider}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{permission_set}_*"
        condition = {
            **tagged,
            "ArnLike": {"aws:PrincipalArn": roles},
            "StringEquals": {f"aws:RequestTag/{GROUP_TAG}": MINE},
        }
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition}],
    }
