"""Files of items, read one by one or ahead."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import skyburst
from skyburst.reading import AT_ONCE, read_each, read_location

WAIT_S = 0.3


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers each request late with its own path; 404 for what is called missing."""

    at_once = most = asked = connections = 0
    lock = threading.Lock()
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        with Slow.lock:
            Slow.connections += 1

    def do_GET(self) -> None:
        with Slow.lock:
            Slow.asked += 1
            Slow.at_once += 1
            Slow.most = max(Slow.most, Slow.at_once)
        time.sleep(WAIT_S)
        body = self.path.encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
        self.end_headers()
        with Slow.lock:
            Slow.at_once -= 1
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a server of which every answer takes a while."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1")
    Slow.at_once = Slow.most = Slow.asked = Slow.connections = 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    yield "s3://bucket"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_many_reads_are_in_flight_and_come_in_the_order_of_the_items(slow: str) -> None:
    read = [(item, read()) for item, read in read_each(range(60), lambda item: f"{slow}/{item % 7}/{item}")]
    assert read == [(item, f"/bucket/{item % 7}/{item}".encode()) for item in range(60)]
    assert AT_ONCE // 2 <= Slow.most <= AT_ONCE
    assert Slow.connections <= 2 * AT_ONCE, "connections are used again"


def test_no_more_is_read_than_is_ahead_when_nobody_wants_the_rest(slow: str) -> None:
    reading = read_each(range(1_000), lambda item: f"{slow}/{item}")
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert Slow.asked <= AT_ONCE + 1


def test_a_file_that_is_not_there_costs_its_own_item_only(slow: str) -> None:
    found, missing = [], []
    for item, read in read_each(["a", "missing", "c"], lambda item: f"{slow}/{item}"):
        try:
            found.append(read())
        except skyburst.ObjectNotFound:
            missing.append(item)
    assert (found, missing) == ([b"/bucket/a", b"/bucket/c"], ["missing"])


def test_local_files_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    names = [str(tmp_path / str(number)) for number in range(5)]
    for name in names[:3]:
        Path(name).write_text(name)
    reading = read_each(names, str)
    assert [read() for _, read in (next(reading), next(reading))] == [name.encode() for name in names[:2]]
    Path(names[2]).write_text("changed")
    assert next(reading)[1]() == b"changed"
    with pytest.raises(FileNotFoundError):
        next(reading)[1]()


def test_one_store_serves_all_files_of_a_bucket(slow: str) -> None:
    for number in range(10):
        assert read_location(f"{slow}/{number}/x") == f"/bucket/{number}/x".encode()
    # A connection that is not back in the store's pool yet is not used again: there may be some, but not one for each file.
    assert Slow.connections <= 5
