"""Which pages may use the answers of services: each bucket says it for itself, and Cognito lets all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skyburst.local_cloud.permissions import as_list, like
from skyburst.local_cloud.requests import Request
from skyburst.local_cloud.running import current

Headers = list[tuple[str, str]]
ASKED_METHOD, ASKED_HEADERS = "access-control-request-method", "access-control-request-headers"
TARGET = "x-amz-target"
CORS = "access-control-"


def preflight(request: Request) -> tuple[int, Headers] | None:
    """The answer to a browser that asks whether a page may send a request; None for anything else."""
    if request.method != "OPTIONS" or ASKED_METHOD not in request.headers or "origin" not in request.headers:
        return None
    wanted = request.headers.get(ASKED_HEADERS, "")
    if TARGET in wanted.lower():
        return 200, [
            ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "POST"),
            ("Access-Control-Allow-Headers", wanted), ("Access-Control-Max-Age", "172800"),
        ]  # fmt: skip
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    allowed = _allowed(request, request.headers[ASKED_METHOD], names)
    return (200, allowed) if allowed else (403, [])


def of_answer(request: Request, headers: Headers) -> Headers:
    """The headers of an answer; of one of a bucket those about origins are as the bucket says."""
    if "origin" not in request.headers or request.service not in ("", "s3") or TARGET in request.headers:
        return headers
    others = [(name, value) for name, value in headers if not name.lower().startswith(CORS)]
    return [*others, *_allowed(request, request.method, [])]


def _allowed(request: Request, method: str, names: list[str]) -> Headers:
    """Headers that let a page send this to a bucket; none when no rule of the bucket does."""
    origin = request.headers["origin"]
    for rule in _rules(request.path.lstrip("/").partition("/")[0]):
        origins, headers = as_list(rule.allowed_origins), as_list(rule.allowed_headers or [])
        fits = any(like(one, origin) for one in origins) and method in as_list(rule.allowed_methods)
        if fits and all(any(like(one.lower(), name.lower()) for one in headers) for name in names):
            answer = {
                "Access-Control-Allow-Origin": "*" if "*" in origins else origin,
                "Access-Control-Allow-Methods": ", ".join(as_list(rule.allowed_methods)),
                "Access-Control-Allow-Headers": ", ".join(names),
                "Access-Control-Expose-Headers": ", ".join(as_list(rule.exposed_headers or [])),
                "Access-Control-Max-Age": str(rule.max_age_seconds or ""),
                "Vary": "Origin",
            }
            return [(name, value) for name, value in answer.items() if value]
    return []


def _rules(bucket: str) -> Iterator[Any]:
    from moto.s3.models import s3_backends

    buckets: Mapping[str, Any] = s3_backends[current().account]["aws"].buckets
    if bucket in buckets:
        yield from buckets[bucket].cors or []
