"""Servers that take messages: of HTTP, which answers as a script says, and of mail."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest


class Received(NamedTuple):
    """A request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Hook(ThreadingHTTPServer):
    """Takes messages, and answers with one status after the other, the last one again and again."""

    daemon_threads = True

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.statuses = list(statuses) or [200]
        self.received: list[Received] = []
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://localhost:{self.server_address[1]}/hook?of=lab"


class Answering(BaseHTTPRequestHandler):
    """Notes what it is sent."""

    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(Received(self.path, dict(self.headers), body))
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


class Mailbox(socketserver.ThreadingTCPServer):
    """A server of mail that takes everything, but for what its script refuses by the begin of a command."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, **refusals: str) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.refusals = refusals
        self.mails: list[tuple[list[str], bytes]] = []


class Taking(socketserver.StreamRequestHandler):
    """Speaks as much of SMTP as takes mail."""

    server: Mailbox

    def handle(self) -> None:
        self.answer("220 here")
        told: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word in self.server.refusals:
                self.answer(self.server.refusals[word])
            elif word == "DATA":
                self.answer("354 go on")
                lines = []
                while (given := self.rfile.readline()) != b".\r\n":
                    lines.append(given)
                self.server.mails.append((told, b"".join(lines)))
                self.answer("250 taken")
            elif word == "QUIT":
                self.answer("221 bye")
                return
            else:
                told.append(line)
                self.answer("250 well")

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def servers() -> Iterator[list[socketserver.BaseServer]]:
    """Servers that are put in here serve until the test ends."""
    made: list[socketserver.BaseServer] = []
    yield made
    for server in made:
        server.shutdown()
        server.server_close()


def serve(servers: list[socketserver.BaseServer], server: Any) -> Any:
    """Have a server serve."""
    servers.append(server)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server
