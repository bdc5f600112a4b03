"""The Lambda Runtime API of one execution environment: the HTTP interface that AWS's runtime clients speak.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.server
import json
import queue
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from skyburst.local_cloud.limits import RESPONSE_PAYLOAD


@dataclass(slots=True)
class Invocation:
    """One call of a function."""

    payload: bytes
    arn: str
    """Of the function, with the qualifier it was called by."""
    timeout_s: float
    trace: str = ""
    """The value of the header `X-Amzn-Trace-Id` that the function sends on."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    result: bytes = b"null"
    error: str | None = None
    """`Unhandled` when the function did not return."""
    lines: list[str] = field(default_factory=list)
    """What it logged."""
    deadline: float = 0.0
    """Seconds since the epoch."""

    def finish(self, result: bytes, error: str | None = None) -> None:
        """Keep the first outcome."""
        if not self.done.is_set():
            self.result, self.error = result, error
            self.done.set()

    def fail(self, error_type: str, message: str) -> None:
        """End as the Lambda service does when the function did not answer."""
        document = {"errorType": error_type, "errorMessage": f"RequestId: {self.id} Error: {message}"}
        self.finish(json.dumps(document).encode(), "Unhandled")


class RuntimeApi:
    """Serves one runtime client on a port of its own."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        """Set when the runtime asks for its first invocation, or could not start."""
        self.init_error: bytes | None = None
        """What the runtime said when the function could not be loaded."""
        self._inbox: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._current: Invocation | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """For the environment variable `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def hand_over(self, invocation: Invocation) -> None:
        """Give the runtime something to do."""
        self._current = invocation
        self._inbox.put(invocation)

    def close(self) -> None:
        """End the server, without waiting for a runtime that still asks."""
        self._inbox.put(None)
        # `shutdown` waits for the server's loop to look, half a second at most.
        threading.Thread(target=self._shut, name="runtime-api-close", daemon=True).start()

    def _shut(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> Invocation | None:
        """What the runtime is to do next; waits for it. None when there will be nothing more."""
        self.ready.set()
        return self._inbox.get()

    def failed_to_start(self, error: bytes) -> None:
        """The runtime says why the function cannot be loaded."""
        self.init_error = error
        self.ready.set()

    def answered(self, invocation_id: str, body: bytes, *, ok: bool) -> None:
        """The runtime answers; what it says of another invocation than the current one comes too late."""
        invocation = self._current
        if invocation is None or invocation.id != invocation_id:
            return
        if ok and len(body) > RESPONSE_PAYLOAD:
            message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_PAYLOAD} bytes)."
            document = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
            invocation.finish(json.dumps(document).encode(), "Unhandled")
        else:
            invocation.finish(body, None if ok else "Unhandled")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that was killed lets go of its connection; anything else is a mistake here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers leave in one segment and at once: without both, every warm call waits 80 ms for a delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the base class
        """Requests are not logged."""

    def do_GET(self) -> None:
        """The runtime asks what to do next."""
        if not self.path.endswith("/runtime/invocation/next"):
            self._send(404)
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace,
        }
        self._send(200, invocation.payload, headers)

    def do_POST(self) -> None:
        """The runtime answers, or says that it cannot start."""
        body = self._body()
        *_, before, last = self.path.split("/")
        if self.path.endswith("/runtime/init/error"):
            self.server.api.failed_to_start(body)
        elif last in ("response", "error"):
            self.server.api.answered(before, body, ok=last == "response")
        self._send(202, b"{}")

    def _body(self) -> bytes:
        if (self.headers.get("Transfer-Encoding") or "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            # The process was killed; who waits for the invocation is told by who killed it.
            self.close_connection = True


def trace_id(lineage: str = "", *, sampled: bool = False) -> str:
    """A new trace, with the functions that led to this invocation."""
    root = (
        f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled={int(sampled)}"
    )
    return f"{root};Lineage={lineage}" if lineage else root
