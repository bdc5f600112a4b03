"""Custom resources: CloudFormation calls a function, which tells how that ended at an address that it is given."""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skyburst.errors import InvalidTemplate
from skyburst.local_cloud.functions import Throttled, TooRecursive

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services
    from skyburst.local_cloud.templates.wanted import Wanted

PATH = "/_custom-resource/"
TOLD_S = 60.0
"""A function that has ended may have left the answer to another one, which has so long, and no longer than the template says."""
NOT_OURS = ("ServiceToken", "ServiceTimeout")
"""Properties that CloudFormation needs itself; it hands on the first."""


@dataclass
class Answers:
    """What functions tell."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[str, dict[str, Any]] = field(default_factory=dict)
    _waiting: dict[str, threading.Event] = field(default_factory=dict)

    def expect(self) -> str:
        """A token of one answer, which is put at `PATH` with it."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._waiting[token] = threading.Event()
        return token

    def put(self, path: str, body: bytes) -> int:
        """Take an answer; the status of HTTP with which it is."""
        token = path.removeprefix(PATH)
        try:
            document = json.loads(body)
        except ValueError:
            return 400
        with self._lock:
            event = self._waiting.get(token)
            if event is None or not isinstance(document, dict):
                return 403
            self._told[token] = document
        event.set()
        return 200

    def wait(self, token: str, timeout_s: float) -> dict[str, Any] | None:
        """The answer, or None when there is none in time."""
        self._waiting[token].wait(timeout_s)
        with self._lock:
            del self._waiting[token]
            return self._told.pop(token, None)


def ask(
    wanted: Wanted, kind: str, physical_id: str | None = None, before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Have the function of a custom resource do something, and answer what it told.

    Args:
        wanted: the resource.
        kind: `Create`, `Update` or `Delete`.
        physical_id: of one that is there.
        before: its properties until now, for `Update`.

    Raises:
        InvalidTemplate: with the function's reason.
    """
    services = wanted.services
    token = services.answers.expect()
    event: dict[str, Any] = {
        "RequestType": kind,
        "ServiceToken": wanted.properties["ServiceToken"],
        "ResponseURL": f"{services.endpoint}{PATH}{token}",
        "StackId": f"arn:aws:cloudformation:{services.region}:{services.account}:stack/{wanted.stack}/{uuid.uuid4()}",
        "RequestId": str(uuid.uuid4()),
        "ResourceType": wanted.kind,
        "LogicalResourceId": wanted.logical_id,
        "ResourceProperties": properties_of(wanted.properties),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if before is not None:
        event["OldResourceProperties"] = properties_of(before)
    failed = _called(services, str(wanted.properties["ServiceToken"]), json.dumps(event).encode())
    longest = float(wanted.properties.get("ServiceTimeout") or TOLD_S)
    told = services.answers.wait(token, 0 if failed else min(TOLD_S, longest))
    if told is None:
        raise InvalidTemplate(f"{wanted.kind} {wanted.logical_id}: its function told nothing{failed and f': {failed}'}")
    if told.get("Status") != "SUCCESS":
        raise InvalidTemplate(
            f"{wanted.kind} {wanted.logical_id}: {told.get('Reason') or 'its function gave no reason'}"
        )
    return told


def properties_of(properties: Any) -> dict[str, Any]:
    """Properties as the function gets them: numbers and truth values are texts."""
    found = {name: _as_text(value) for name, value in properties.items() if name not in NOT_OURS[1:]}
    return dict(found)


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _called(services: Services, arn: str, payload: bytes) -> str:
    """Run the function; why it failed, or nothing."""
    from moto.awslambda.models import lambda_backends

    function = lambda_backends[services.account][services.region].get_function(arn)
    try:
        invocation = services.functions.call(function, payload)
    except (Throttled, TooRecursive, PermissionError) as error:
        return str(error) or type(error).__name__
    return invocation.result.decode("utf-8", "replace") if invocation.error else ""
