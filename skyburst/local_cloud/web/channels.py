"""Live events of AppSync: publishing over HTTP, signed; subscribing over web sockets, with a token of a pool of users.

https://docs.aws.amazon.com/appsync/latest/eventapi/event-api-websocket-protocol.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from skyburst.errors import Invalid
from skyburst.local_cloud.web.addresses import HOST, Address
from skyburst.local_cloud.web.scripts import ScriptError
from skyburst.local_cloud.web.tokens import InvalidToken, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skyburst.local_cloud.services import Services

log = logging.getLogger(__name__)

PROTOCOL = "aws-appsync-event-ws"
HEADER = "header-"
ALIVE_S = 60.0
TIMEOUT_MS = 300_000
MOST_EVENTS = 5
EVENT_BYTES = 240 * 1024
CHANNEL = re.compile(r"/?[A-Za-z0-9-]{1,50}(/[A-Za-z0-9-]{1,50}){0,4}(/\*)?\Z")
COGNITO, IAM = "AMAZON_COGNITO_USER_POOLS", "AWS_IAM"
UNAUTHORIZED, BAD_REQUEST = "UnauthorizedException", "BadRequestException"


class Refused(Exception):
    """What AppSync answers instead of doing what was asked."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def errors(self) -> list[dict[str, Any]]:
        """As messages have them."""
        return [{"errorType": self.kind, "message": str(self)}]


@dataclass(eq=False)
class Connection:
    """One open web socket."""

    socket: Any
    channels: dict[str, str] = field(default_factory=dict)
    """By the ids of subscriptions."""


class Channels:
    """An Events API: its channels, and who listens to them. Where it answers are `http` and `realtime`."""

    def __init__(self, services: Services, api_id: str) -> None:
        from websockets.sync.server import serve

        self._services = services
        self._api_id = api_id
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._address = Address(self._publishing)
        self._sockets = serve(
            self._connected, HOST, 0, process_request=_checked_path, select_subprotocol=_protocol,
            ping_interval=None, logger=log,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._sockets.serve_forever, name="channels", daemon=True)
        self._thread.start()

    @property
    def http(self) -> str:
        """Host to publish to."""
        return self._address.host

    @property
    def realtime(self) -> str:
        """Host to subscribe at."""
        return f"{HOST}:{self._sockets.socket.getsockname()[1]}"

    def close(self) -> None:
        """End all connections."""
        self._sockets.shutdown()
        self._thread.join()
        self._address.close()

    # Publishing

    def _publishing(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        from werkzeug.wrappers import Request, Response

        request = Request(environ)
        try:
            status, document = 200, self._publish(request)
        except Refused as error:
            status = {UNAUTHORIZED: 401, "NotFoundException": 404}.get(error.kind, 400)
            document = {"errors": error.errors}
        answered: Iterable[bytes] = Response(json.dumps(document), status, content_type="application/json")(
            environ, start_response
        )
        return answered

    def _publish(self, request: Any) -> dict[str, Any]:
        if request.path != "/event" or request.method != "POST":
            raise Refused("NotFoundException", "events are posted to /event")
        body = request.get_data()
        try:
            asked = json.loads(body)
            channel, events = str(asked["channel"]), list(asked["events"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(BAD_REQUEST, "expected an object with channel and events") from error
        namespace = self._namespace(channel)
        modes = namespace.publish_auth_modes or self._settings["defaultPublishAuthModes"]
        if IAM not in _kinds(modes):
            raise Refused(
                UNAUTHORIZED, f"the local cloud publishes with {IAM} only, which {namespace.name} does not take"
            )
        _check_signature(self._services, request, body, namespace.channel_namespace_arn)
        if channel.endswith("*") or not 0 < len(events) <= MOST_EVENTS:
            raise Refused(BAD_REQUEST, f"expected one channel, and 1 to {MOST_EVENTS} events")
        done: dict[str, Any] = {"failed": [], "successful": []}
        for index, event in enumerate(events):
            problem = _problem_of(event)
            if problem:
                done["failed"].append(
                    {"identifier": str(uuid.uuid4()), "index": index, "code": 400, "message": problem}
                )
                continue
            self._tell(channel, event)
            done["successful"].append({"identifier": str(uuid.uuid4()), "index": index})
        return done

    def _tell(self, channel: str, event: str) -> None:
        name = _normal(channel)
        with self._lock:
            listening = [
                (connection, subscription)
                for connection in self._connections
                for subscription, wanted in connection.channels.items()
                if wanted == name or (wanted.endswith("/*") and name.startswith(wanted[:-1]))
            ]
        for connection, subscription in listening:
            _send(connection, {"type": "data", "id": subscription, "event": event})

    # Subscribing

    def _connected(self, socket: Any) -> None:
        """Serve one connection until it is closed."""
        from websockets.exceptions import ConnectionClosed

        connection = Connection(socket)
        with contextlib.suppress(ConnectionClosed):
            try:
                self._claims(_header_of(socket.request.headers), self._settings["connectionAuthModes"])
            except Refused as error:
                socket.send(json.dumps({"type": "connection_error", "errors": error.errors}))
                return
            with self._lock:
                self._connections.add(connection)
            try:
                self._listen(connection)
            finally:
                with self._lock:
                    self._connections.discard(connection)

    def _listen(self, connection: Connection) -> None:
        alive_at = time.monotonic() + ALIVE_S
        while True:
            try:
                text = connection.socket.recv(timeout=max(0.0, alive_at - time.monotonic()))
            except TimeoutError:
                connection.socket.send(json.dumps({"type": "ka"}))
                alive_at = time.monotonic() + ALIVE_S
                continue
            try:
                message = json.loads(text)
                answer = self._answer(connection, message if isinstance(message, dict) else {})
            except ValueError:
                answer = {"type": "error", "errors": Refused(BAD_REQUEST, "a message is an object in JSON").errors}
            connection.socket.send(json.dumps(answer))

    def _answer(self, connection: Connection, message: dict[str, Any]) -> dict[str, Any]:
        kind, subscription = message.get("type"), str(message.get("id", ""))
        if kind == "connection_init":
            return {"type": "connection_ack", "connectionTimeoutMs": TIMEOUT_MS}
        if kind == "subscribe":
            try:
                channel = self._subscribed(connection, subscription, message)
            except Refused as error:
                return {"type": "subscribe_error", "id": subscription, "errors": error.errors}
            with self._lock:
                connection.channels[subscription] = channel
            return {"type": "subscribe_success", "id": subscription}
        if kind == "unsubscribe":
            with self._lock:
                known = connection.channels.pop(subscription, None)
            if known is None:
                errors = Refused("UnknownOperationError", f"there is no subscription {subscription}").errors
                return {"type": "unsubscribe_error", "id": subscription, "errors": errors}
            return {"type": "unsubscribe_success", "id": subscription}
        errors = Refused("UnsupportedOperation", f"the local cloud does not know messages of type {kind}").errors
        return {"type": "error", "id": subscription, "errors": errors}

    def _subscribed(self, connection: Connection, subscription: str, message: dict[str, Any]) -> str:
        """The channel that may be heard. Raises Refused."""
        if not subscription or subscription in connection.channels:
            raise Refused("DuplicatedOperationError", "a subscription has an id of its own")
        channel = str(message.get("channel", ""))
        namespace = self._namespace(channel)
        modes = namespace.subscribe_auth_modes or self._settings["defaultSubscribeAuthModes"]
        claims = self._claims(message.get("authorization") or {}, modes)
        code = namespace.code_handlers
        if code:
            self._run(str(code), _normal(channel), namespace.name, claims)
        return _normal(channel)

    def _run(self, code: str, channel: str, namespace: str, claims: dict[str, Any]) -> None:
        """Have the handler of the namespace decide. Raises Refused."""
        context: dict[str, Any] = {
            "identity": {
                "sub": claims["sub"],
                "username": claims.get("cognito:username") or claims.get("username"),
                "issuer": claims["iss"],
                "claims": claims,
                "groups": claims.get("cognito:groups"),
                "sourceIp": [HOST],
                "defaultAuthStrategy": "ALLOW",
            },
            "info": {
                "channel": {"path": channel, "segments": channel.strip("/").split("/")},
                "channelNamespace": {"name": namespace},
                "operation": "SUBSCRIBE",
            },
            "request": {"headers": {}},
            "stash": {},
            "error": None,
            "events": None,
        }
        try:
            self._services.web.scripts.run("appsync", code, context, handler="onSubscribe")
        except ScriptError as error:
            kind = UNAUTHORIZED if error.name == "Unauthorized" else error.name
            raise Refused(kind, error.message) from error
        except Invalid as error:
            raise Refused("InternalFailure", str(error)) from error

    # Who may

    @property
    def _settings(self) -> dict[str, Any]:
        from moto.appsync.models import appsync_backends

        backend = appsync_backends[self._services.account][self._services.region]
        settings: dict[str, Any] = backend.events_apis[self._api_id].event_config or {}
        return settings

    def _namespace(self, channel: str) -> Any:
        """The namespace of a channel. Raises Refused."""
        from moto.appsync.models import appsync_backends

        if not CHANNEL.match(channel):
            raise Refused(
                BAD_REQUEST, f"{channel!r} is no channel: expected /namespace/name, of letters, digits and hyphens"
            )
        name = _normal(channel).split("/")[1]
        api = appsync_backends[self._services.account][self._services.region].events_apis[self._api_id]
        for namespace in api.channel_namespaces:
            if namespace.name == name:
                return namespace
        raise Refused(BAD_REQUEST, f"there is no channel namespace {name!r}")

    def _claims(self, header: Mapping[str, Any], modes: list[dict[str, str]]) -> dict[str, Any]:
        """Claims of the token in an authorization. Raises Refused."""
        if COGNITO not in _kinds(modes):
            raise Refused(UNAUTHORIZED, f"the local cloud subscribes with {COGNITO} only, which is not allowed here")
        token = str(header.get("Authorization") or "")
        providers = [one for one in self._settings["authProviders"] if one["authType"] == COGNITO]
        problem = "there is no token"
        for provider in providers:
            config = provider["cognitoConfig"]
            issuer = f"https://cognito-idp.{config['awsRegion']}.amazonaws.com/{config['userPoolId']}"
            clients = re.compile(config.get("appIdClientRegex") or ".*")
            try:
                return claims_of(token, self._services.account, issuer, partial(_is_of, clients))
            except InvalidToken as error:
                problem = str(error)
        raise Refused(UNAUTHORIZED, f"You are not authorized to make this call: {problem}")


def _check_signature(services: Services, request: Any, body: bytes, arn: str) -> None:
    """Raise Refused unless a request is signed by somebody who may publish to a namespace."""
    from moto.iam.access_control import IAMRequest
    from werkzeug.exceptions import HTTPException

    from skyburst.local_cloud.authorization import Need, decide
    from skyburst.local_cloud.sessions import principal_context

    try:
        signed = IAMRequest(
            account_id=services.account, method=request.method, path=request.full_path.rstrip("?"), data={}, body=body,
            headers=request.headers, action="EventPublish",
        )  # fmt: skip
        signed.check_signature()
        context = principal_context(signed._access_key, services.account)
        decide(signed._access_key, "appsync", [Need("appsync:EventPublish", arn)], context, {})
    except HTTPException as error:
        raise Refused(UNAUTHORIZED, str(error.description)) from error
    except (KeyError, AttributeError, IndexError, TypeError) as error:
        raise Refused(UNAUTHORIZED, "the request is not signed") from error


def _header_of(headers: Any) -> dict[str, Any]:
    """The authorization of a connection, which is a sub-protocol in base64url."""
    for offered in headers.get_all("Sec-WebSocket-Protocol"):
        for name in offered.split(","):
            if name.strip().startswith(HEADER):
                text = name.strip()[len(HEADER) :]
                try:
                    found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
                except ValueError:
                    return {}
                return found if isinstance(found, dict) else {}
    return {}


def _checked_path(connection: Any, request: Any) -> Any:
    if request.path.partition("?")[0] != "/event/realtime":
        return connection.respond(404, "live events are at /event/realtime\n")
    return None


def _protocol(_connection: Any, offered: Any) -> Any:
    return PROTOCOL if PROTOCOL in offered else None


def _send(connection: Connection, message: dict[str, Any]) -> None:
    from websockets.exceptions import ConnectionClosed

    with contextlib.suppress(ConnectionClosed):  # who has gone does not want to know
        connection.socket.send(json.dumps(message))


def _problem_of(event: Any) -> str:
    """Why something is no event; empty when it is one."""
    if not isinstance(event, str):
        return "an event is a text in JSON"
    if len(event.encode()) > EVENT_BYTES:
        return f"an event has {EVENT_BYTES} bytes at most"
    try:
        json.loads(event)
    except ValueError:
        return "an event is a text in JSON"
    return ""


def _is_of(clients: re.Pattern[str], client: str) -> bool:
    return clients.search(client) is not None


def _normal(channel: str) -> str:
    return "/" + channel.strip("/")


def _kinds(modes: list[dict[str, str]]) -> set[str]:
    return {mode["authType"] for mode in modes}
