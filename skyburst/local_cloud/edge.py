"""The door of the local cloud: what is refused before moto sees it, by size or on purpose."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from skyburst.local_cloud import limits
from skyburst.local_cloud.batch import credentials, metadata
from skyburst.local_cloud.custom_resources import PATH as CUSTOM_RESOURCES
from skyburst.local_cloud.faults import Faults
from skyburst.local_cloud.requests import Request
from skyburst.local_cloud.running import current
from skyburst.local_cloud.web import origins

SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/aws4_request")

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Edge:
    """A WSGI application in front of moto's."""

    def __init__(self, application: Application, faults: Faults) -> None:
        self._application = application
        self._faults = faults

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = read(environ)
        if request.path.startswith(credentials.PATH):
            return _credentials(request, start_response)
        if request.path.startswith(metadata.PATH):
            return _answer(*current().batch.metadata.answer(request.path), start_response)
        if request.path.startswith(CUSTOM_RESOURCES):
            body = (
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                if not request.body
                else request.body
            )
            return _answer(current().answers.put(request.path, body), b"", start_response)
        if (allowed := origins.preflight(request)) is not None:
            start_response(_status(allowed[0]), [*allowed[1], ("Content-Length", "0")])
            return []
        if "origin" in request.headers:
            start_response = _for_pages(request, start_response)
        refusal = self._faults.refusal(request) or limits.refusal(request)
        if refusal is None:
            return self._application(environ, start_response)
        body = refusal.body(request.service)
        headers = [*refusal.headers(request.service), ("Content-Length", str(len(body)))]
        start_response(_status(refusal.status), headers)
        return [] if request.method == "HEAD" else [body]


def _for_pages(request: Request, start_response: Any) -> Any:
    """Have the headers of an answer say which pages may use it."""

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, origins.of_answer(request, headers), exc_info)

    return start


def _credentials(request: Request, start_response: Any) -> Iterable[bytes]:
    """What a container asks for, which no service of AWS is asked for."""
    token = request.headers.get("authorization", "")
    return _answer(*current().batch.credentials.answer(request.path, token), start_response)


def _answer(status: int, body: bytes, start_response: Any) -> Iterable[bytes]:
    start_response(_status(status), [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _status(code: int) -> str:
    phrase = next((one.phrase for one in HTTPStatus if one == code), "Error")
    return f"{code} {phrase}"


def read(environ: dict[str, Any]) -> Request:
    """The request of a WSGI environment, whose body can be read again."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = scope[1] if scope else ""
    body = b""
    # Objects can be large, and nothing is asked about their bodies.
    if service != "s3" and environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(body)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=unquote(environ.get("RAW_URI", environ.get("PATH_INFO", "/")).partition("?")[0]),
        service=service,
        operation=environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2],
        headers={key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")},
        body=body,
    )
