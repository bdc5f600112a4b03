"""The address at which a container gets the credentials of its job's role, as ECS has it."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyburst.local_cloud.identities import Identities

PATH = "/skyburst/container-credentials/"
SERVICE = "ecs-tasks.amazonaws.com"
VALID_S = 3_600


@dataclass(frozen=True, slots=True)
class Grant:
    """What a container may have."""

    role: str
    session: str
    token: str


class ContainerCredentials:
    """Grants of the containers that run. Safe to use from several threads."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def grant(self, role: str, session: str) -> tuple[str, str]:
        """The path and the token of a container's credentials. Raises PermissionError when its role does not trust ECS."""
        self._identities.of_role(role, session, SERVICE)
        name, token = secrets.token_urlsafe(16), secrets.token_urlsafe(24)
        with self._lock:
            self._grants[name] = Grant(role, session, token)
        return PATH + name, token

    def revoke(self, path: str) -> None:
        """The container has ended."""
        with self._lock:
            self._grants.pop(path.removeprefix(PATH), None)

    def answer(self, path: str, token: str) -> tuple[int, bytes]:
        """Status and body of the answer to a container."""
        with self._lock:
            grant = self._grants.get(path.removeprefix(PATH))
        if grant is None or not hmac.compare_digest(grant.token.encode(), token.encode()):
            return 403, b'{"code": "AccessDenied", "message": "these are not your credentials"}'
        found = self._identities.of_role(grant.role, grant.session, SERVICE)
        until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=VALID_S)
        document = {
            "RoleArn": grant.role,
            "AccessKeyId": found.access_key_id,
            "SecretAccessKey": found.secret_access_key,
            "Token": found.session_token,
            "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}",
        }
        return 200, json.dumps(document).encode()
