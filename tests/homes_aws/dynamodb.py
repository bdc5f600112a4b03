"""DynamoDB and S3 for tests: moto's server, with one request at a time so that its writes are as atomic as AWS's."""

from __future__ import annotations

import functools
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from skyburst.homes.aws.calls import connect
from skyburst.homes.aws.schema import SCHEMA, creation
from skyburst.homes.aws.task_table import DynamoTaskTable

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass
class Tables:
    """The two tables of one test."""

    endpoint: str
    client: Any
    batches: str
    jobs: str

    def open(self, client: Any = None, **options: Any) -> DynamoTaskTable:
        """Open the task table."""
        return DynamoTaskTable(client or self.client, self.batches, self.jobs, **options)

    @property
    def opening(self) -> str:
        """Python source that opens it in another program, as `table`."""
        return (
            f"import os\nos.environ.update({CREDENTIALS!r})\n"
            "from skyburst.homes.aws.calls import connect\n"
            "from skyburst.homes.aws.task_table import DynamoTaskTable\n"
            f"table = DynamoTaskTable(connect({REGION!r}, {self.endpoint!r}), {self.batches!r}, {self.jobs!r})\n"
        )

    def items(self, table: str | None = None) -> list[dict[str, Any]]:
        """All items of a table, of the one with the batches unless said otherwise."""
        pages = self.client.get_paginator("scan").paginate(TableName=table or self.batches)
        return [item for page in pages for item in page["Items"]]


class Troubled:
    """A client some of whose calls fail: before they arrive, or after, so that only the answer is lost."""

    def __init__(self, client: Any, operation: str, errors: list[ClientError], *, lost: bool = False) -> None:
        self._client, self._operation, self._errors, self._lost = client, operation, errors, lost
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Operations and their arguments, in order."""

    def __getattr__(self, operation: str) -> Any:
        function = getattr(self._client, operation)

        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            if operation != self._operation or not self._errors:
                return function(**arguments)
            if self._lost:
                function(**arguments)
            raise self._errors.pop(0)

        return call


def an_error(code: str, message: str = "told to fail", operation: str = "Query", reasons: Sequence[str] = ()) -> Any:
    """An error as AWS gives it; reasons are those of a cancelled transaction."""
    response: Any = {"Error": {"Code": code, "Message": message}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, operation)


def size_of(item: dict[str, Any]) -> int:
    """Bytes of an item as AWS counts them: names and values; a number about half a byte for each digit and one more."""
    return sum(len(name.encode()) + _size_of_value(*next(iter(value.items()))) for name, value in item.items())


def _size_of_value(kind: str, value: Any) -> int:
    if kind == "N":
        return (len(value) + 1) // 2 + 1
    if kind == "S":
        return len(value.encode())
    return len(value) if kind == "B" else 1


@contextmanager
def serving() -> Iterator[str]:
    """A server of DynamoDB and S3 in this process; its address."""
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.responses import DynamoHandler
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import create_environ, run_wsgi_app

    lock, original, original_size = threading.RLock(), DynamoHandler.call_action, DynamoType.size

    @functools.wraps(original)
    def one_at_a_time(self: DynamoHandler) -> Any:
        with lock:
            return original(self)

    def size(self: DynamoType) -> int:
        """Of bytes their number, where moto takes the length of their base64."""
        return len(self.value) * 3 // 4 if self.type == "B" else original_size(self)

    DynamoHandler.call_action, DynamoType.size = one_at_a_time, size
    app = DomainDispatcherApplication(create_backend_app)

    class Handler(BaseHTTPRequestHandler):
        """Keeps connections open, as AWS does: moto's own server opens one for each request, which takes half of the time."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            environ = create_environ(self.path, method=self.command, headers=list(self.headers.items()), data=data)
            pieces, status, headers = run_wsgi_app(app, environ, buffered=True)
            body = b"".join(pieces)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_response_only(int(status.split()[0]))
            for name, value in headers:
                if name.lower() not in ("content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_DELETE = do_POST  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        DynamoHandler.call_action, DynamoType.size = original, original_size


@contextmanager
def new_tables(endpoint: str) -> Iterator[Tables]:
    """Two new tables, as they are deployed."""
    client = connect(REGION, endpoint)
    names = {kind: f"{kind}-{uuid.uuid4().hex[:8]}" for kind in SCHEMA}
    for kind, schema in SCHEMA.items():
        client.create_table(**creation(schema, names[kind]))
        ttl = {"Enabled": True, "AttributeName": schema.ttl}
        client.update_time_to_live(TableName=names[kind], TimeToLiveSpecification=ttl)
    try:
        yield Tables(endpoint, client, **names)
    finally:
        for name in names.values():
            client.delete_table(TableName=name)
        client.close()


def main() -> None:
    """Serve until standard input is closed, and say where first."""
    with serving() as address:
        print(address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
