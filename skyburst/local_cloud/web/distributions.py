"""Distributions of CloudFront: what is in front of a bucket and an API. Nothing is cached, and there is no TLS."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyburst.local_cloud.permissions import as_list, like, matches
from skyburst.local_cloud.web import http_api
from skyburst.local_cloud.web.scripts import ScriptError

if TYPE_CHECKING:
    from skyburst.local_cloud.services import Services

log = logging.getLogger(__name__)

BUCKET = re.compile(r"(?P<bucket>.+)\.s3(\.[a-z0-9-]+)?\.amazonaws\.com\Z")
API = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.")
CONDITIONS = {
    "If-None-Match": "IfNoneMatch",
    "If-Match": "IfMatch",
    "Range": "Range",
}
"""Headers that are sent on to a bucket, and what they are called there."""
OF_OBJECT = {
    "ContentType": "Content-Type", "CacheControl": "Cache-Control", "ETag": "ETag", "ContentEncoding": "Content-Encoding",
    "ContentRange": "Content-Range", "AcceptRanges": "Accept-Ranges", "ContentDisposition": "Content-Disposition",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Function:
    """A function of CloudFront."""

    arn: str
    code: str


class Distribution:
    """One distribution, as a template describes it."""

    def __init__(self, services: Services, distribution_id: str, settings: Mapping[str, Any]) -> None:
        self._services = services
        self.id = distribution_id
        self.settings = settings
        """`DistributionConfig`; replaced when the stack changes."""
        self.host = ""
        """Where it answers."""

    @property
    def arn(self) -> str:
        """As policies name it."""
        return f"arn:aws:cloudfront::{self._services.account}:distribution/{self.id}"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        from werkzeug.wrappers import Request

        response = self._answer(Request(environ))
        answered: Iterable[bytes] = response(environ, start_response)
        return answered

    def _answer(self, request: Any) -> Any:
        behavior = self._behavior(request.path)
        if request.method not in behavior.get("AllowedMethods", ["GET", "HEAD"]):
            response = _page(403, "MethodNotAllowed", f"{request.method} is not allowed for this path")
        else:
            uri, response = self._viewed(behavior, request)
            response = response or self._fetched(behavior, uri, request)
        policy = self._services.web.headers.get(behavior.get("ResponseHeadersPolicyId", ""))
        for name, value, override in headers_of(policy or {}):
            if override or name not in response.headers:
                response.headers[name] = self._here(value)
        return response

    def _behavior(self, path: str) -> Mapping[str, Any]:
        for behavior in self.settings.get("CacheBehaviors", []):
            if like(behavior["PathPattern"], path) or like(behavior["PathPattern"], path.lstrip("/")):
                found: Mapping[str, Any] = behavior
                return found
        default: Mapping[str, Any] = self.settings["DefaultCacheBehavior"]
        return default

    def _viewed(self, behavior: Mapping[str, Any], request: Any) -> tuple[str, Any]:
        """The path after the behavior's function has seen the request, or what it answers itself."""
        for association in behavior.get("FunctionAssociations", []):
            if association["EventType"] != "viewer-request":
                continue
            function = self._services.web.functions[association["FunctionARN"]]
            try:
                seen = self._services.web.scripts.run("cloudfront", function.code, self._event(request))
            except ScriptError as error:
                log.warning("the function %s failed: %s", function.arn, error)
                return request.path, _page(503, "FunctionExecutionError", str(error))
            if "statusCode" in seen:
                return request.path, _said(seen)
            return str(seen["uri"]), None
        return request.path, None

    def _event(self, request: Any) -> dict[str, Any]:
        return {
            "version": "1.0",
            "context": {
                "distributionDomainName": self.host, "distributionId": self.id, "eventType": "viewer-request",
                "requestId": uuid.uuid4().hex,
            },
            "viewer": {"ip": request.remote_addr or ""},
            "request": {
                "method": request.method,
                "uri": request.path,
                "querystring": {name: {"value": value} for name, value in request.args.items()},
                "headers": {name.lower(): {"value": value} for name, value in request.headers.items()},
                "cookies": {name: {"value": value} for name, value in request.cookies.items()},
            },
        }  # fmt: skip

    def _fetched(self, behavior: Mapping[str, Any], uri: str, request: Any) -> Any:
        origin = next(one for one in self.settings["Origins"] if one["Id"] == behavior["TargetOriginId"])
        domain = str(origin["DomainName"])
        if (found := API.match(domain)) and "CustomOriginConfig" in origin:
            return http_api.answer(self._services, found["api"], request)
        if (found := BUCKET.match(domain)) and "S3OriginConfig" in origin:
            return self._object(found["bucket"], uri.lstrip("/"), bool(origin.get("OriginAccessControlId")), request)
        return _page(502, "OriginUnknown", f"the local cloud has no origin {domain}")

    def _object(self, bucket: str, key: str, signs: bool, request: Any) -> Any:
        """An object, if the bucket's policy lets this distribution read it."""
        from botocore.exceptions import ClientError
        from werkzeug.http import http_date
        from werkzeug.wrappers import Response

        if not (signs and self._may_read(bucket, key)):
            return _page(403, "AccessDenied", "Access Denied")
        conditions = {CONDITIONS[name]: request.headers[name] for name in CONDITIONS if name in request.headers}
        client = self._services.client("s3")
        try:
            found = client.get_object(Bucket=bucket, Key=key, **conditions)
        except ClientError as error:
            status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
            if status == 304:
                return Response(status=304, headers={"ETag": request.headers.get("If-None-Match", "")})
            # Who may not list a bucket does not learn that something is not there.
            status = 403 if status == 404 else status
            return _page(status, "AccessDenied", "Access Denied")
        body = found["Body"].read()
        headers = {name: str(found[given]) for given, name in OF_OBJECT.items() if given in found}
        headers["Last-Modified"] = http_date(found["LastModified"])
        response = Response(b"" if request.method == "HEAD" else body, 206 if "ContentRange" in found else 200, headers)
        response.headers["Content-Length"] = str(len(body))
        return response

    def _may_read(self, bucket: str, key: str) -> bool:
        from moto.s3.models import s3_backends

        policy = s3_backends[self._services.account]["aws"].get_bucket_policy(bucket)
        context = {"aws:sourcearn": self.arn, "aws:securetransport": True}
        verdicts = {
            statement["Effect"]
            for statement in json.loads(policy or '{"Statement": []}')["Statement"]
            if _is_cloudfront(statement.get("Principal"))
            and matches(statement, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", context)
        }
        return verdicts == {"Allow"}

    def _here(self, value: str) -> str:
        """A header with addresses of this cloud in place of those that its services have on AWS."""
        endpoint, region = self._services.endpoint, self._services.region
        own = f"https?://{{}}\\.{re.escape(region)}\\.amazonaws\\.com"
        value = re.sub(own.format(r"(?P<bucket>[a-z0-9-]+)\.s3"), rf"{endpoint}/\g<bucket>/", value)
        value = re.sub(own.format("(cognito-idp|s3)"), endpoint, value)
        return re.sub(r"(http|ws)s://(?=127\.0\.0\.1:)", r"\1://", value)


def headers_of(policy: Mapping[str, Any]) -> Iterable[tuple[str, str, bool]]:
    """Name and value of each header of a policy, and whether it takes the place of the origin's."""
    for given, one in (policy.get("SecurityHeadersConfig") or {}).items():
        name, value = SECURITY[given]
        yield name, value(one), _true(one.get("Override"))
    for one in (policy.get("CustomHeadersConfig") or {}).get("Items", []):
        yield one["Header"], one["Value"], _true(one.get("Override"))


def _is_cloudfront(principal: Any) -> bool:
    if principal == "*":
        return True
    named = principal if isinstance(principal, dict) else {}
    return "cloudfront.amazonaws.com" in as_list(named.get("Service", [])) or "*" in as_list(named.get("AWS", []))


def _transport(one: Mapping[str, Any]) -> str:
    parts = [f"max-age={one['AccessControlMaxAgeSec']}"]
    parts += ["includeSubDomains"] if _true(one.get("IncludeSubdomains")) else []
    parts += ["preload"] if _true(one.get("Preload")) else []
    return "; ".join(parts)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _said(seen: Mapping[str, Any]) -> Any:
    """What a function answers instead of the origin."""
    from werkzeug.wrappers import Response

    headers = {name: one["value"] for name, one in (seen.get("headers") or {}).items()}
    body = seen.get("body") or ""
    return Response(body.get("data", "") if isinstance(body, dict) else body, int(seen["statusCode"]), headers)


def _page(status: int, code: str, message: str) -> Any:
    from xml.sax.saxutils import escape

    from werkzeug.wrappers import Response

    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    return Response(text, status, content_type="application/xml")


SECURITY: dict[str, tuple[str, Callable[[Any], str]]] = {
    "ContentSecurityPolicy": ("Content-Security-Policy", lambda one: one["ContentSecurityPolicy"]),
    "ContentTypeOptions": ("X-Content-Type-Options", lambda _: "nosniff"),
    "FrameOptions": ("X-Frame-Options", lambda one: one["FrameOption"]),
    "ReferrerPolicy": ("Referrer-Policy", lambda one: one["ReferrerPolicy"]),
    "StrictTransportSecurity": ("Strict-Transport-Security", _transport),
    "XSSProtection": ("X-XSS-Protection", lambda one: "1; mode=block" if one.get("ModeBlock") else "1"),
}
"""Headers of a policy that have names of their own there."""
