"""Hints for pages: to the channel of the job's user, signed, and few."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from skyburst.errors import NotDelivered
from skyburst.homes.aws.calls import Calls
from skyburst.homes.aws.live import Live, Signed
from tests.web.buckets import web_table

DETAIL = {
    "deployment": "skyburst", "job": "search-17", "name": "mine", "user": "ada", "run": 1, "state": "RUNNING",
    "batches": 10, "items": 100, "done": 4, "failed": 0, "reason": "", "at": 5.0,
}  # fmt: skip


class AppSync:
    """Takes what is posted, over real HTTP, and answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.answer = 200, {"successful": [{"index": 0}], "failed": []}
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        taking = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                taking.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(taking.status)
                self.end_headers()
                self.wfile.write(json.dumps(taking.answer).encode())

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self.server.server_port}/event"


@pytest.fixture
def appsync() -> Iterator[AppSync]:
    taking = AppSync()
    thread = threading.Thread(target=taking.server.serve_forever, daemon=True)
    thread.start()
    yield taking
    taking.server.shutdown()
    taking.server.server_close()
    thread.join()


@pytest.fixture
def live(appsync: AppSync, dynamodb_address: str, bucket: str) -> Iterator[Live]:
    """Of a deployment that knows ada; the fixture of the bucket sets credentials."""
    del bucket
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-central-1"}
    with web_table(dynamodb_address) as (client, table):
        client.put_item(TableName=table, Item={"id": {"S": "user#ada"}, "sub": {"S": "0000-1111"}})
        yield Live(Calls(client), table, "jobs", Signed(appsync.url, environment))


def test_a_hint_goes_to_the_channel_of_the_user_signed(live: Live, appsync: AppSync) -> None:
    assert live.tell(DETAIL)
    ((headers, body),) = appsync.requests
    assert body["channel"] == "/jobs/0000-1111"
    (event,) = body["events"]
    assert json.loads(event) == {
        "job_id": "search-17", "run": 1, "state": "RUNNING", "batches": 10, "items": 100, "batches_done": 4, "failed": 0,
        "at": 5.0,
    }  # fmt: skip
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert "/eu-central-1/appsync/aws4_request" in headers["authorization"]
    assert headers["x-amz-date"]


def test_counts_that_are_not_known_are_left_out(live: Live, appsync: AppSync) -> None:
    assert live.tell({**DETAIL, "state": "PENDING", "batches": None, "items": None, "done": None, "failed": None})
    assert json.loads(appsync.requests[0][1]["events"][0]) == {
        "job_id": "search-17",
        "run": 1,
        "state": "PENDING",
        "at": 5.0,
    }


@pytest.mark.parametrize("user", [None, "nobody"])
def test_nothing_is_sent_where_nobody_listens(live: Live, appsync: AppSync, user: str | None) -> None:
    assert not live.tell({**DETAIL, "user": user})
    assert appsync.requests == []


def test_an_event_without_a_user_is_for_nobody(live: Live, appsync: AppSync) -> None:
    assert not live.tell({name: value for name, value in DETAIL.items() if name != "user"})
    assert appsync.requests == []


@pytest.mark.parametrize(("status", "temporary"), [(403, False), (429, True), (503, True)])
def test_what_appsync_refuses_is_named(live: Live, appsync: AppSync, status: int, temporary: bool) -> None:
    appsync.status, appsync.answer = status, {"errors": [{"message": "no"}]}
    with pytest.raises(NotDelivered, match=f"answered {status}") as told:
        live.tell(DETAIL)
    assert told.value.temporary is temporary


def test_an_event_that_appsync_drops_is_no_success(live: Live, appsync: AppSync) -> None:
    appsync.answer = {"successful": [], "failed": [{"index": 0, "message": "too large"}]}
    with pytest.raises(NotDelivered, match="too large"):
        live.tell(DETAIL)
