"""What a container runs first signs as AWS does, waits for what passes, and unpacks what it got."""

from __future__ import annotations

import datetime as dt
import http.server
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.conftest import needed
from workers import start

WHO = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+=", "Token": "token+/="}
NOW = dt.datetime(2026, 11, 21, 18, 30, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("who", [WHO, {name: value for name, value in WHO.items() if name != "Token"}])
def test_a_request_is_signed_as_the_sdk_of_aws_signs_it(who: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    auth = needed("botocore.auth")
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = "https://s3.eu-west-1.amazonaws.com/a-bucket/0a1b2c.zip"
    monkeypatch.setattr(auth, "get_current_datetime", lambda *_args, **_kwargs: NOW.replace(tzinfo=None), raising=False)
    theirs = AWSRequest("GET", url, headers={"X-Amz-Content-SHA256": start.hashlib.sha256(b"").hexdigest()})
    credentials = Credentials(who["AccessKeyId"], who["SecretAccessKey"], who.get("Token"))
    auth.S3SigV4Auth(credentials, "s3", "eu-west-1").add_auth(theirs)
    ours = start.signed(url, "eu-west-1", who, NOW)
    assert ours.get_header("Authorization") == theirs.headers["Authorization"]


class Answers(http.server.BaseHTTPRequestHandler):
    """Gives the answers that a test put into the list, and no more."""

    answers: ClassVar[list[tuple[int, bytes]]] = []
    asked: ClassVar[list[Any]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers)
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def server(*answers: tuple[int, bytes]) -> Iterator[str]:
    Answers.answers, Answers.asked = list(answers), []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_what_passes_is_waited_for_and_what_does_not_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.time, "sleep", lambda _: None)
    sink = io.BytesIO()
    with server((503, b"SlowDown"), (200, b"whole")) as url:
        start.fetch(start.urllib.request.Request(url), sink)
    assert sink.getvalue() == b"whole"
    for answers, said in (
        ([(403, b"AccessDenied")], "answered 403: AccessDenied"),  # as after a deployment that replaced the code
        ([(500, b"no")] * start.TRIES, "answered 500: no"),
        ([], "cannot be reached"),
    ):
        with server(*answers) as url, pytest.raises(SystemExit) as ended:
            start.fetch(start.urllib.request.Request(url), sink)
        assert ended.value.code == start.NO_CODE, "the batch is tried again"
        assert said in capsys.readouterr().err


def test_credentials_come_from_where_ecs_says_with_its_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token\n")
    with server((200, b'{"AccessKeyId": "A"}'), (200, b'{"AccessKeyId": "B"}')) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/mine")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
        assert start.credentials() == {"AccessKeyId": "A"}
        assert Answers.asked[0]["Authorization"] == "a-token"
        monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        monkeypatch.delenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x")
        monkeypatch.setattr(start, "ECS", url)
        assert start.credentials() == {"AccessKeyId": "B"}
        assert "Authorization" not in Answers.asked[1]


def test_files_keep_their_permissions_and_stay_in_their_folder(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for name, mode in (("bin/run", 0o755), ("../../outside", 0o644), ("data", 0o644)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            opened.writestr(entry, "x")
    start.unpack(archive, tmp_path / "code")
    assert (tmp_path / "code" / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "bundle.zip",
        "data",
        "outside",
        "run",
    ]
    assert not (tmp_path.parent / "outside").exists()


def test_another_python_than_the_deployments_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYBURST_PYTHON", "2.7")
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with pytest.raises(SystemExit, match=f"python3 of the image is Python {own}, and the code"):
        start.main()
