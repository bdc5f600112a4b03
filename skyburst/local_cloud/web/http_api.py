"""The data plane of HTTP APIs: from a request to its route, its authorizer, its function, and back."""

from __future__ import annotations

import base64
import json
import logging
import re
import time
import uuid
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from skyburst.local_cloud.functions import Throttled
from skyburst.local_cloud.limits import SYNC_PAYLOAD
from skyburst.local_cloud.permissions import as_list, conditions_met
from skyburst.local_cloud.web.tokens import InvalidToken, claims_of

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

log = logging.getLogger(__name__)

ANSWER_S = 30.0
REQUEST_BYTES = 10 * 1024 * 1024
VARIABLE = re.compile(r"\{(\w+)(\+?)\}")
TEXT = re.compile(r"text/|application/(json|javascript|xml|x-www-form-urlencoded|problem\+json|[\w.-]+\+json)")
FROM_HEADER = "$request.header."
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "te", "trailer"}
)


class Matched(NamedTuple):
    """A route that a request fits."""

    route: Any
    parameters: dict[str, str]
    """Of the path."""


def answer(services: Services, api_id: str, request: Any) -> Any:
    """Answer a request to an API, both of werkzeug."""
    from moto.apigatewayv2.models import apigatewayv2_backends

    api = apigatewayv2_backends[services.account][services.region].apis.get(api_id)
    if api is None or "$default" not in api.stages:
        return _refused(404, "Not Found")
    matched = route_of(api, request.method, request.path)
    if matched is None:
        return _refused(404, "Not Found")
    try:
        claims = _claims(services, api, matched.route, request)
    except InvalidToken as error:
        refused = _refused(401, "Unauthorized")
        refused.headers["WWW-Authenticate"] = f'Bearer error="invalid_token" error_description="{error}"'
        return refused
    if (request.content_length or 0) > REQUEST_BYTES:
        return _refused(413, "Request Entity Too Large")
    event = json.dumps(event_of(services, api_id, matched, claims, request)).encode()
    if len(event) > SYNC_PAYLOAD:
        return _refused(413, "Request Entity Too Large")
    function = _function(services, api, matched.route, request)
    if function is None:
        return _refused(500, "Internal Server Error")
    return _called(services, function, event)


def route_of(api: Any, method: str, path: str) -> Matched | None:
    """The route of a request: the one that says most of its path, and of its method."""
    found: list[tuple[tuple[int, int, int], Matched]] = []
    for route in api.routes.values():
        if route.route_key == "$default":
            found.append(((0, 0, 0), Matched(route, {})))
            continue
        wanted, _, pattern = route.route_key.partition(" ")
        parameters = fits(pattern, path)
        if wanted in (method, "ANY") and parameters is not None:
            greedy = "+}" in pattern
            found.append(((2 - greedy, len(VARIABLE.sub("", pattern)), wanted != "ANY"), Matched(route, parameters)))
    return max(found, key=lambda one: one[0])[1] if found else None


def fits(pattern: str, path: str) -> dict[str, str] | None:
    """Parameters of a path that fits a pattern such as `/api/{proxy+}`; None for one that does not."""
    parts, last = [], 0
    for variable in VARIABLE.finditer(pattern):
        parts.append(re.escape(pattern[last : variable.start()]))
        parts.append(f"(?P<{variable[1]}>{'.+' if variable[2] else '[^/]+'})")
        last = variable.end()
    parts.append(re.escape(pattern[last:]))
    found = re.fullmatch("".join(parts), path)
    return found.groupdict() if found else None


def event_of(
    services: Services, api_id: str, matched: Matched, claims: dict[str, Any] | None, request: Any
) -> dict[str, Any]:
    """What the function is given, in payload format 2.0."""
    now = time.time()
    body = request.get_data()
    is_text = not body or (bool(TEXT.match(request.content_type or "")) and "Content-Encoding" not in request.headers)
    host = f"{api_id}.execute-api.{services.region}.amazonaws.com"
    headers = {
        name.lower(): ",".join(request.headers.getlist(name))
        for name in dict(request.headers)
        if name.lower() not in HOP_BY_HOP | {"cookie"}
    }
    headers |= {"host": host, "x-forwarded-for": request.remote_addr or "", "x-forwarded-proto": "https"}
    cookies = [part.strip() for part in request.headers.get("Cookie", "").split(";") if part.strip()]
    query = {name: ",".join(values) for name, values in request.args.lists()}
    # As it came over the wire: whoever reads it decodes it.
    raw_path = request.environ.get("RAW_URI", request.path).partition("?")[0]
    context: dict[str, Any] = {
        "accountId": services.account,
        "apiId": api_id,
        "domainName": host,
        "domainPrefix": api_id,
        "http": {
            "method": request.method,
            "path": raw_path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr or "",
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": uuid.uuid4().hex,
        "routeKey": matched.route.route_key,
        "stage": "$default",
        "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }
    if claims is not None:
        context["authorizer"] = {
            "jwt": {"claims": {name: _text(value) for name, value in claims.items()}, "scopes": None}
        }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": matched.route.route_key,
        "rawPath": raw_path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": not is_text,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if matched.parameters:
        event["pathParameters"] = matched.parameters
    if body:
        event["body"] = body.decode("utf-8") if is_text else base64.b64encode(body).decode()
    return event


def response_of(result: bytes) -> Any:
    """The answer that a function's result stands for: what it says, or else the result itself, in JSON."""
    from werkzeug.wrappers import Response

    document = json.loads(result)
    if not isinstance(document, dict) or "statusCode" not in document:
        text = document if isinstance(document, str) else json.dumps(document)
        return Response(text, 200, content_type="application/json")
    body = document.get("body") or ""
    data = base64.b64decode(body) if document.get("isBase64Encoded") else str(body).encode()
    response = Response(data, int(document["statusCode"]))
    response.headers.clear()
    for name, value in (document.get("headers") or {}).items():
        if name.lower() not in HOP_BY_HOP | {"content-length"}:
            response.headers[name] = _text(value)
    response.headers.setdefault("Content-Type", "text/plain;charset=UTF-8")
    for cookie in document.get("cookies") or []:
        response.headers.add("Set-Cookie", cookie)
    response.headers["Content-Length"] = str(len(data))
    return response


def _called(services: Services, function: Any, event: bytes) -> Any:
    """Call the function, and wait as long as API Gateway does."""
    call: Future[Any] = services.web.pool.submit(services.functions.call, function, event)
    try:
        invocation = call.result(ANSWER_S)
    except TooLate:
        return _refused(503, "Service Unavailable")
    except Throttled:
        return _refused(503, "Service Unavailable")
    except PermissionError as error:
        log.warning("%s could not be called: %s", function.function_name, error)
        return _refused(500, "Internal Server Error")
    if invocation.error is not None:
        log.warning("%s failed: %s", function.function_name, invocation.result.decode("utf-8", "replace"))
        return _refused(500, "Internal Server Error")
    try:
        return response_of(invocation.result)
    except (ValueError, TypeError) as error:
        log.warning("%s answered what is no response: %s", function.function_name, error)
        return _refused(500, "Internal Server Error")


def _claims(services: Services, api: Any, route: Any, request: Any) -> dict[str, Any] | None:
    """The claims of who asks; None where nobody is asked. Raises InvalidToken."""
    if (route.authorization_type or "NONE") == "NONE":
        return None
    if route.authorization_type != "JWT":
        raise InvalidToken(f"the local cloud has no authorization {route.authorization_type}")
    authorizer = api.authorizers[route.authorizer_id]
    settings = {name.lower(): value for name, value in authorizer.jwt_config.items()}
    for source in as_list(authorizer.identity_source):
        token = request.headers.get(str(source).removeprefix(FROM_HEADER), "")
        if token:
            return claims_of(token, services.account, settings["issuer"], lambda client: client in settings["audience"])
    raise InvalidToken("there is no token")


def _function(services: Services, api: Any, route: Any, request: Any) -> Any:
    """The function of a route, if its policy lets this API call it."""
    from moto.awslambda.models import lambda_backends

    integration = api.integrations[(route.target or "").removeprefix("integrations/")]
    function = lambda_backends[services.account][services.region].get_function(integration.integration_uri)
    _, _, path = route.route_key.partition(" ")
    arn = f"arn:aws:execute-api:{services.region}:{services.account}:{api.api_id}/$default/{request.method}{path}"
    for statement in function.policy.statements:
        if statement.get("Principal") == {"Service": "apigateway.amazonaws.com"} and conditions_met(
            statement.get("Condition") or {}, {"aws:sourcearn": arn}
        ):
            return function
    log.warning("the API %s may not invoke %s: it needs a Lambda permission", api.api_id, function.function_name)
    return None


def _refused(status: int, message: str) -> Any:
    from werkzeug.wrappers import Response

    return Response(json.dumps({"message": message}), status, content_type="application/json")


def _text(value: Any) -> str:
    """A claim or a header as API Gateway writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return str(value)
