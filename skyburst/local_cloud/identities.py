"""Who calls: the administrator of the local cloud, and the roles that its services take on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyburst.local_cloud.permissions import as_list, matches

ADMINISTRATOR = "administrator"
KEEP_S = 1_800
"""Credentials of a role are valid for an hour, and taken anew after half of it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What requests are signed with."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def for_boto3(self) -> dict[str, str | None]:
        """Arguments of `boto3.client`."""
        return {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }

    def variables(self) -> dict[str, str]:
        """Environment variables."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }
        return {**variables, "AWS_SESSION_TOKEN": self.session_token} if self.session_token else variables


class Identities:
    """Credentials of one account. Safe to use from any thread."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region
        self._lock = threading.Lock()
        self._roles: dict[tuple[str, str, str], tuple[float, Credentials]] = {}
        self.administrator = self._make_administrator()

    def of_role(self, role_arn: str, session: str, service: str) -> Credentials:
        """Temporary credentials of a role for a service, such as `lambda.amazonaws.com`, that its trust policy names.

        Raises PermissionError when the role does not exist or does not trust the service.
        """
        key = (role_arn, session, service)
        with self._lock:
            made_at, credentials = self._roles.get(key, (0.0, None))
            if credentials is None or time.monotonic() - made_at > KEEP_S:
                credentials = self._assume(role_arn, session, service)
                self._roles[key] = (time.monotonic(), credentials)
        return credentials

    def _assume(self, role_arn: str, session: str, service: str) -> Credentials:
        from moto.iam.exceptions import NotFoundException
        from moto.iam.models import iam_backends
        from moto.sts.models import sts_backends

        try:
            role = iam_backends[self._account]["aws"].get_role_by_arn(role_arn)
        except NotFoundException as error:
            raise PermissionError(f"the role {role_arn} does not exist") from error
        trust = role.assume_role_policy_document
        if not trusts(json.loads(trust) if isinstance(trust, str) else trust, service):
            raise PermissionError(f"the trust policy of the role {role_arn} does not name {service}")
        assumed = sts_backends[self._account]["aws"].assume_role(
            region_name=self._region,
            role_session_name=session[:64],
            role_arn=role_arn,
            policy=None,
            duration=3_600,
            external_id=None,
        )
        return Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)

    def _make_administrator(self) -> Credentials:
        from moto.iam.models import iam_backends

        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        backend = iam_backends[self._account]["aws"]
        backend.create_user(self._region, ADMINISTRATOR)
        backend.put_user_policy(ADMINISTRATOR, "everything", json.dumps(everything))
        key = backend.create_access_key(ADMINISTRATOR, prefix="AKIA")
        return Credentials(key.access_key_id, key.secret_access_key)


def managed_policies_of_aws(original: Any) -> Any:
    """The 1,500 policies that AWS manages, for the partition `aws` only.

    moto makes them anew for each partition that exists, which takes half a second each.
    """

    def policies(self: Any) -> list[Any]:
        found: list[Any] = original(self) if self.region_name == "aws" else []
        return found

    return policies


def trusts(document: dict[str, Any], service: str) -> bool:
    """True when a trust policy lets a service take on the role."""
    for statement in as_list(document["Statement"]):
        principal = statement.get("Principal", {})
        services = as_list(principal.get("Service", [])) if isinstance(principal, dict) else []
        if statement["Effect"] == "Allow" and service in services:
            return True
    return False


def trusts_principal(
    document: dict[str, Any], principal: str, account: str, action: str, context: Mapping[str, Any]
) -> bool:
    """True when a trust policy lets a user or a role do this with the role, by its ARN or by its account."""
    account_wide = {account, f"arn:aws:iam::{account}:root", "*"}
    of_role = f"arn:aws:iam::{account}:role/{principal.split('/')[1]}" if ":assumed-role/" in principal else principal
    for statement in as_list(document["Statement"]):
        named = statement.get("Principal", {})
        who = as_list(named.get("AWS", [])) if isinstance(named, dict) else as_list(named)
        named_here = ({principal, of_role} | account_wide) & set(who)
        if statement["Effect"] == "Allow" and named_here and matches(statement, action, "", context):
            return True
    return False
