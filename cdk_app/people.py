"""The role with which people use the folders of their group, for an identity provider that names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from skyburst.people.policies import MAY, MINE, Kind, Root, group_policy, trust_policy

SESSION = cdk.Duration.hours(8)
"""Of a session of `oidc` and `saml`. One that goes on from a session, as that of `identity-center` does, has an hour at most."""


class PeopleRole(Construct):
    """One role for all groups: what a session may do goes by its tag `skyburst-group`, and nobody has a key that stays valid."""

    def __init__(
        self, scope: Construct, name: str, *, prefix: str, kind: Kind, provider: str, audience: str, permission_set: str,
        roots: list[Root],
    ) -> None:  # fmt: skip
        """Make the role.

        Args:
            scope: as ever.
            name: likewise.
            prefix: start of the role's name.
            kind: how people are named.
            provider: ARN of the identity provider; of `identity-center` the account's own sessions are trusted instead.
            audience: of `oidc`, the client's id.
            permission_set: of `identity-center`, its name.
            roots: where the folders of groups are.
        """
        super().__init__(scope, name)
        trusted = cdk.Aws.ACCOUNT_ID if kind == "identity-center" else provider
        self.roots = roots
        self.policy = iam.ManagedPolicy(
            self, "Folders", description="The folders of one's own group",
            document=iam.PolicyDocument.from_json(group_policy(self.roots)),
        )  # fmt: skip
        self.role = iam.Role(
            self, "Role", role_name=f"{prefix}-people", assumed_by=iam.AccountRootPrincipal(), managed_policies=[self.policy],
            max_session_duration=SESSION,
        )  # fmt: skip
        resource = self.role.node.default_child
        assert isinstance(resource, iam.CfnRole)
        # Written as it is: conditions on the tags of a session are beyond what principals of the library have.
        resource.assume_role_policy_document = _document(
            trust_policy(kind, provider=trusted, audience=audience, permission_set=permission_set)
        )

    def findings(self) -> Mapping[str, str]:
        """Resources of the policy that have wildcards, and why."""
        why = "all objects of a folder of one's own group, which the tag of the session names"
        return {f"{root.bucket}/{root.prefix}{MINE}/{folder}/*": why for root in self.roots for folder in MAY}


def _document(policy: dict[str, Any]) -> dict[str, Any]:
    """A policy, with the partition of the account's own ARN left to where it is deployed."""
    statements = policy["Statement"]
    for statement in statements:
        trusted = statement["Principal"].get("AWS")
        if trusted:
            statement["Principal"]["AWS"] = trusted.replace("arn:aws:", f"arn:{cdk.Aws.PARTITION}:")
            like = statement["Condition"]["ArnLike"]
            like["aws:PrincipalArn"] = like["aws:PrincipalArn"].replace("arn:aws:", f"arn:{cdk.Aws.PARTITION}:")
    return policy


def root_of(bucket: str) -> Root:
    """Where folders of groups are, from `BUCKET` or `BUCKET/PREFIX`."""
    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    return Root(f"arn:{cdk.Aws.PARTITION}:s3:::{name}", f"{prefix.strip('/')}/" if prefix.strip("/") else "")
