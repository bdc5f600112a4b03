"""Live events: who may hear and who may tell, and that what is told is heard, as the protocol of AppSync says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from skyburst.local_cloud.identities import Credentials
from skyburst.local_cloud.web import channels
from tests.conftest import needed
from tests.local_cloud.helpers import unique
from tests.local_cloud.test_sign_in import claims_in
from tests.local_cloud.web_world import World


@contextmanager
def connected(world: World, token: str) -> Iterator[Any]:
    """A web socket as a page opens it."""
    client = needed("websockets.sync.client")
    header = json.dumps({"Authorization": token, "host": world.outputs["Http"]}).encode()
    offered = ["aws-appsync-event-ws", "header-" + base64.urlsafe_b64encode(header).decode().rstrip("=")]
    with client.connect(f"ws://{world.outputs['Realtime']}/event/realtime", subprotocols=offered) as socket:
        yield socket


def said(socket: Any, **message: Any) -> dict[str, Any]:
    """What is answered to a message."""
    socket.send(json.dumps(message))
    return heard(socket)


def heard(socket: Any, timeout_s: float = 10) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=timeout_s))
    return message


def publisher(world: World, resource: str | None = None) -> Credentials:
    """Credentials of a role that may publish."""
    name = unique("publisher")
    allowed = {"Effect": "Allow", "Action": "appsync:EventPublish", "Resource": resource or world.outputs["Namespace"]}
    return world.cloud.credentials_of(world.cloud.put_role(name, "lambda.amazonaws.com", [allowed]))


def publish(world: World, who: Credentials | None, channel: str, *events: Any) -> httpx.Response:
    """POST events, signed by somebody."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Keys

    url = f"http://{world.outputs['Http']}/event"
    body = json.dumps({"channel": channel, "events": list(events)})
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    if who is not None:
        keys = Keys(who.access_key_id, who.secret_access_key, who.session_token)
        SigV4Auth(keys, "appsync", world.cloud.region).add_auth(request)
    return httpx.post(url, content=body, headers=dict(request.headers))


def test_a_user_hears_what_is_told_on_the_own_channel(world: World) -> None:
    token = world.token(world.user())
    channel = f"/jobs/{claims_in(token)['sub']}"
    with connected(world, token) as socket:
        assert socket.subprotocol == "aws-appsync-event-ws"
        assert said(socket, type="connection_init") == {"type": "connection_ack", "connectionTimeoutMs": 300_000}
        wanted = {"type": "subscribe", "id": "one", "channel": channel, "authorization": {"Authorization": token}}
        assert said(socket, **wanted) == {"type": "subscribe_success", "id": "one"}
        assert said(socket, **wanted)["type"] == "subscribe_error", "each subscription has an id of its own"
        event = json.dumps({"job_id": "a", "state": "RUNNING"})
        done = publish(world, publisher(world), channel, event, "no json")
        assert done.status_code == 200
        assert [one["index"] for one in done.json()["successful"]] == [0]
        assert [one["index"] for one in done.json()["failed"]] == [1]
        assert heard(socket) == {"type": "data", "id": "one", "event": event}
        assert said(socket, type="unsubscribe", id="one") == {"type": "unsubscribe_success", "id": "one"}
        publish(world, publisher(world), channel, event)
        with pytest.raises(TimeoutError):
            heard(socket, 0.3)


def test_nobody_hears_the_channel_of_another_or_all(world: World) -> None:
    token, other = world.token(world.user()), world.token(world.user())
    with connected(world, token) as socket:
        for channel in (f"/jobs/{claims_in(other)['sub']}", "/jobs/*", "/jobs"):
            answer = said(socket, type="subscribe", id=channel, channel=channel, authorization={"Authorization": token})
            assert answer["type"] == "subscribe_error"
            assert answer["errors"][0]["errorType"] == "UnauthorizedException"
        for channel in ("/none/a", "jobs//a", "/jobs/a_b"):
            answer = said(socket, type="subscribe", id=channel, channel=channel, authorization={"Authorization": token})
            assert answer["errors"][0]["errorType"] == "BadRequestException"


def test_without_a_token_of_the_client_there_is_no_connection(world: World) -> None:
    for token in ("", "not.a.token", world.token(world.user(), client="Stranger")):
        with connected(world, token) as socket:
            refused = heard(socket)
            assert refused["type"] == "connection_error"
            assert refused["errors"][0]["errorType"] == "UnauthorizedException"
            with pytest.raises(needed("websockets.exceptions").ConnectionClosed):
                heard(socket)


def test_a_subscription_wants_a_token_of_its_own(world: World) -> None:
    token = world.token(world.user())
    with connected(world, token) as socket:
        answer = said(socket, type="subscribe", id="a", channel=f"/jobs/{claims_in(token)['sub']}")
        assert answer["errors"][0]["errorType"] == "UnauthorizedException"


def test_only_who_may_publish_does(world: World) -> None:
    event = json.dumps({"a": 1})
    assert publish(world, publisher(world), "/jobs/a", event).status_code == 200
    assert publish(world, None, "/jobs/a", event).status_code == 401
    other = publish(world, publisher(world, f"{world.outputs['Namespace']}x"), "/jobs/a", event)
    assert (other.status_code, "appsync:EventPublish" in other.text) == (401, True)
    right = publisher(world)
    wrong = Credentials(right.access_key_id, "not the secret", right.session_token)
    assert publish(world, wrong, "/jobs/a", event).status_code == 401
    assert publish(world, right, "/jobs/a", *[event] * 6).status_code == 400
    assert publish(world, right, "/jobs/*", event).status_code == 400
    assert publish(world, right, "/others/a", event).status_code == 400


def test_the_connection_is_kept_alive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "ALIVE_S", 0.1)
    with connected(world, world.token(world.user())) as socket:
        assert heard(socket) == {"type": "ka"}
        assert said(socket, type="nonsense", id="x")["type"] in ("error", "ka")
