"""The API on this machine, for who started it and nobody else.

Only loopback addresses are listened to. A request must have the token of this start, in a header or in a cookie that the address
that is printed sets; name this server in its `Host`, so that no page can reach it under a name of its own; and, when it has an
`Origin`, come from this server's pages.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from litestar import Response, get
from litestar.enums import MediaType, ScopeType
from litestar.exceptions import NotFoundException
from litestar.middleware import ASGIMiddleware
from litestar.params import FromPath, FromQuery

from skyburst.web.app import ENDING, make_app
from skyburst.web.client import HEADERS, Client, client_folder
from skyburst.web.documents import Problem
from skyburst.web.problems import MEDIA_TYPE, problem

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import ASGIApp, Receive, Scope, Send

    from skyburst.web.service import Service

LOOPBACK = "127.0.0.1"
THREADS = 64
"""Requests that are answered at once, at most; others wait."""
NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Skyburst</title>
<h1>Skyburst</h1>
<p>The pages are not built in this checkout: run <code>make client</code>, which needs Node, and start the server again.</p>
<p>Programs can use <a href="/api/schema/openapi.json">the API</a>.</p>
</html>
"""

REFUSED = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Skyburst</title>
<h1>{title}</h1>
<p>{detail}</p>
</html>
"""

NOT_LET_IN = "Open the address that <code>skyburst serve</code> printed last: it lets you in."


@dataclass(frozen=True, slots=True)
class Door:
    """Who is let in."""

    port: int
    token: str

    @property
    def address(self) -> str:
        """What is opened in a browser, once: the token is then kept as a cookie."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """Its name: cookies do not tell ports apart."""
        return f"skyburst-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What `Host` may be."""
        return f"{LOOPBACK}:{self.port}", f"localhost:{self.port}"

    def refusal(self, method: str, path: str, headers: dict[str, str], query: str) -> Problem | None:
        """Why a request is not let in; None when it is. Pure."""
        if headers.get("host", "").lower() not in self.hosts:
            return problem(403, "wrong_host", f"this server is {self.hosts[0]}: open the address that it printed")
        origin = headers.get("origin")
        if origin is not None and origin not in [f"http://{host}" for host in self.hosts]:
            return problem(403, "wrong_origin", "pages of other sites cannot use this server")
        if (
            path == "/"
            and method == "GET"
            and secrets.compare_digest(_first(query, "token").encode(), self.token.encode())
        ):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        tokens = [given.strip()] if scheme.lower() == "bearer" else []
        if any(
            secrets.compare_digest(one.encode(), self.token.encode())
            for one in (*tokens, *_cookies(headers.get("cookie", ""), self.cookie))
        ):
            return None
        return problem(
            401, "no_token",
            "open the address that `skyburst serve` printed: it lets you in; programs send `Authorization: Bearer TOKEN`",
        )  # fmt: skip


class Doorkeeper(ASGIMiddleware):
    """Answers for the app when somebody is not let in."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let a request through, or not."""
        if scope["type"] != ScopeType.HTTP:
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"").decode("latin-1")
        found = self._door.refusal(scope["method"], scope["path"], headers, query)
        if found is None:
            await next_app(scope, receive, send)
            return
        if "text/html" in headers.get("accept", "") and not scope["path"].startswith("/api/"):
            detail = escape(found.detail) if found.status != 401 else NOT_LET_IN
            page = REFUSED.format(title=escape(found.title), detail=detail)
            answer: Response[Any] = Response(page, status_code=found.status, media_type=MediaType.HTML, headers=HEADERS)
        else:
            wanted = {"WWW-Authenticate": "Bearer"} if found.status == 401 else None
            answer = Response(found, status_code=found.status, media_type=MEDIA_TYPE, headers=wanted)
        await answer.to_asgi_response(scope["litestar_app"], None)(scope, receive, send)  # type: ignore[arg-type]


def make_local_app(service: Service, door: Door, client: Client | None) -> Litestar:
    """The API and the pages of the client, for who has the token.

    Args:
        service: what the API does.
        door: who is let in.
        client: the pages; None where they were not built.
    """

    @get("/", include_in_schema=False, sync_to_thread=True)
    def start(token: FromQuery[str | None] = None) -> Response[bytes]:
        if not token:
            return page("")
        answer = Response(b"", status_code=303, headers={"Location": "/"})
        answer.set_cookie(key=door.cookie, value=door.token, httponly=True, samesite="strict", path="/")
        return answer

    @get("/{path:path}", include_in_schema=False, sync_to_thread=True)
    def any_page(path: FromPath[Path]) -> Response[bytes]:
        return page(str(path).lstrip("/"))

    def page(path: str) -> Response[bytes]:
        found = client.answer(path) if client else (NOT_BUILT.encode(), "text/html; charset=utf-8", "no-store")
        if found is None or path.startswith("api/"):
            raise NotFoundException(f"there is no /{path}")
        body, kind, kept = found
        return Response(body, media_type=kind, headers={**HEADERS, "Cache-Control": kept})

    return make_app(service, middleware=[Doorkeeper(door)], more=[start, any_page], on_startup=[_have_threads])


async def _have_threads() -> None:
    """So that requests which wait, for a lock or a disk, do not keep others waiting."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "request"))


def listening(port: int) -> socket.socket:
    """A socket of this machine alone; of any free port for 0. Who comes at once waits until the server is up. Raises OSError."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((LOOPBACK, port))
    found.listen()
    return found


def serve(service: Service, door: Door, on: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    import uvicorn

    class Server(uvicorn.Server):
        """Tells the app that it ends, so that streams do."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            app.state[ENDING] = True
            super().handle_exit(sig, frame)

    folder = client_folder()
    app = make_local_app(service, door, Client(folder) if folder else None)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, lifespan="on", timeout_graceful_shutdown=2
    )
    Server(config).run(sockets=[on])


def _cookies(header: str, name: str) -> Iterator[str]:
    """Values of the cookies of a name. Other servers of this machine have cookies here, too, and those may be anything."""
    for cookie in header.split(";"):
        known_as, _, value = cookie.strip().partition("=")
        if known_as == name:
            yield value


def _first(query: str, name: str) -> str:
    return parse_qs(query).get(name, [""])[0]
