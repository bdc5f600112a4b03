"""Lambda for tests: a server that answers invocations as it is told to, on real connections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NamedTuple

Answer = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None for a connection that breaks."""
TAKEN: Answer = (202, {}, b"")
BUSY: Answer = (429, {"x-amzn-ErrorType": "TooManyRequestsException"}, json.dumps({"message": "busy"}).encode())
GONE: Answer = (404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, json.dumps({"message": "gone"}).encode())


class Call(NamedTuple):
    """An invocation that arrived."""

    number: int
    """From 1, of all that arrived."""
    path: str
    body: bytes

    @property
    def function(self) -> str:
        """Its name."""
        return self.path.split("/")[3]

    @property
    def event(self) -> dict[str, Any]:
        """What the function is given."""
        event: dict[str, Any] = json.loads(self.body)
        return event


@contextmanager
def functions(answer: Callable[[Call], Answer]) -> Iterator[tuple[str, list[Call]]]:
    """Something that answers as Lambda does: its address, and what it was asked."""
    calls: list[Call] = []
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                call = Call(len(calls) + 1, self.path, body)
                calls.append(call)
            given = answer(call)
            if given is None:
                self.close_connection = True
                return
            status, headers, text = given
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # of connections that are made at once

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
