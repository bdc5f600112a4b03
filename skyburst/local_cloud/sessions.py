"""Tags of sessions: those that a role is taken on with, which policies have variables and conditions for. moto forgets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

TAG = re.compile(r"Tags\.member\.(\d+)\.(Key|Value)\Z")


def asked_tags(query: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a session is asked for with, by their keys."""
    parts: dict[str, dict[str, str]] = {}
    for name, values in query.items():
        found = TAG.match(name)
        if found:
            value = values[0] if isinstance(values, list) else values
            parts.setdefault(found[1], {})[found[2]] = str(value)
    return {part["Key"]: part.get("Value", "") for part in parts.values() if "Key" in part}


def with_tags(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Moto's AssumeRole, which keeps the tags of the session."""

    def assume_role(self: Any) -> Any:
        answer = original(self)
        answer.result["Credentials"].session_tags = asked_tags(self.querystring)
        return answer

    return assume_role


def session_of(key: Any, account: str) -> Any:
    """The session that a key belongs to; None of a user's key."""
    from moto.sts.models import sts_backends

    return sts_backends[account]["aws"].get_assumed_role_from_access_key(key._access_key_id)


def principal_context(key: Any, account: str) -> dict[str, Any]:
    """Condition keys, in lower case, that tell who asks: of a session its role and its tags."""
    session = session_of(key, account)
    if session is None:
        return {"aws:principalarn": key.arn}
    tags = getattr(session, "session_tags", {})
    return {
        "aws:principalarn": session.role_arn,
        **{f"aws:principaltag/{name}".lower(): value for name, value in tags.items()},
    }
