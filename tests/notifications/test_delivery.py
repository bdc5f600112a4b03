"""Messages reach real servers; what does not is tried again, given up, and remembered."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import json
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

import skyburst
from skyburst.errors import InvalidJob, NotDelivered
from skyburst.notifications.delivery import ATTEMPTS, STALE_S, Delivery, identity_of, notified
from skyburst.notifications.mail import SmtpServer
from skyburst.notifications.secrets import webhook_secret
from skyburst.notifications.webhook import Webhook, is_signed
from skyburst.objects import ObjectStore, open_store
from tests.cli.conftest import Program, program, project
from tests.conftest import needed
from tests.notifications.conftest import Hook, Mailbox, serve
from tests.waiting import eventually

__all__ = ["program", "project"]
MESSAGE: dict[str, Any] = {
    "event": "job.ended", "job": "j", "name": None, "run": 1, "state": "SUCCEEDED", "text": "It is done: ä\n",
}  # fmt: skip
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return open_store(tmp_path)


def deliver(
    objects: ObjectStore, *targets: str, secret: bytes | None = None
) -> tuple[list[dict[str, Any]], list[float]]:
    """What became of a message, and how long was waited between attempts."""
    waits: list[float] = []

    def send(target: Any, message: dict[str, Any], delivery: str) -> None:
        Webhook(secret, private=True).send(target.address, message, delivery, time.time())

    return Delivery(objects, "j/", send, sleep=waits.append).deliver(MESSAGE, list(targets)), waits


# Web hooks


def test_a_web_hook_gets_a_message_that_it_can_check(objects: ObjectStore, servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    (entry,), waits = deliver(objects, hook.url, secret=SECRET.encode())
    assert (entry["state"], entry["attempts"], waits) == ("sent", 1, [])
    ((path, headers, body),) = hook.received
    assert path == "/hook?of=lab"
    assert json.loads(body) == MESSAGE
    assert headers["Skyburst-Delivery"] == f"j/1/{identity_of(hook.url)}"
    assert is_signed(SECRET.encode(), headers["Skyburst-Timestamp"], body, headers["Skyburst-Signature"], time.time())


def test_without_a_secret_there_is_no_signature(objects: ObjectStore, servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    deliver(objects, hook.url)
    assert "Skyburst-Signature" not in hook.received[0].headers


def test_a_server_that_stumbles_is_tried_again_longer_each_time(objects: ObjectStore, servers: list[Any]) -> None:
    hook = serve(servers, Hook(500, 429, 200))
    (entry,), waits = deliver(objects, hook.url)
    assert (entry["state"], entry["attempts"], waits) == ("sent", 3, [1.0, 2.0])
    assert len({received.headers["Skyburst-Delivery"] for received in hook.received}) == 1


@pytest.mark.parametrize(
    ("status", "attempts", "reason"),
    [
        (503, ATTEMPTS, "localhost answered 503"),
        (404, 1, "localhost answered 404"),
        (302, 1, "redirects are not followed"),
    ],
)
def test_what_is_not_accepted_is_given_up_and_says_why(
    objects: ObjectStore, servers: list[Any], status: int, attempts: int, reason: str
) -> None:
    hook = serve(servers, Hook(status))
    (entry,), _ = deliver(objects, hook.url)
    assert (entry["state"], entry["attempts"]) == ("failed", attempts)
    assert reason in entry["reason"]
    assert len(hook.received) == attempts
    assert notified(objects, "j/", 1) == [entry]


def test_nobody_is_told_twice_of_one_run(objects: ObjectStore, servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    deliver(objects, hook.url)
    deliver(objects, hook.url)
    assert len(hook.received) == 1


def test_who_was_told_is_not_told_again_and_nobody_is_left_out_when_the_list_changes_meanwhile(
    objects: ObjectStore, servers: list[Any]
) -> None:
    first, second, third = (serve(servers, Hook()) for _ in range(3))
    deliver(objects, first.url, second.url)
    told, _ = deliver(objects, third.url, second.url, third.url)
    assert [entry["target"] for entry in told] == [third.url, second.url]
    assert [len(hook.received) for hook in (first, second, third)] == [1, 1, 1]
    assert {entry["target"] for entry in notified(objects, "j/", 1)} == {first.url, second.url, third.url}


def test_a_message_whose_sender_died_is_sent_again_after_a_while(objects: ObjectStore, servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    began = {"target": hook.url, "run": 1, "state": "sending", "attempts": 0, "at": time.time(), "reason": ""}
    key = f"j/notified/1-{identity_of(hook.url)}.json"
    objects.put(key, json.dumps(began).encode())
    assert deliver(objects, hook.url)[0][0]["state"] == "sending"
    objects.put(key, json.dumps({**began, "at": time.time() - STALE_S - 1}).encode())
    assert deliver(objects, hook.url)[0][0]["state"] == "sent"
    assert len(hook.received) == 1


def test_a_server_that_is_not_there_does_not_keep_others_from_being_told(
    objects: ObjectStore, servers: list[Any]
) -> None:
    hook = serve(servers, Hook())
    gone = Hook()
    gone.server_close()
    (first, second), _ = deliver(objects, gone.url, hook.url)
    assert (first["state"], first["attempts"], second["state"]) == ("failed", ATTEMPTS, "sent")
    assert "does not answer" in first["reason"]


def test_from_the_cloud_no_private_address_is_called(servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    for host in ("localhost", "127.0.0.1", "169.254.169.254", "[::1]", "0x7f000001"):
        url = f"https://{host}:{hook.server_address[1]}/"
        with pytest.raises(NotDelivered, match="which is not public") as refused:
            Webhook(None, private=False).send(url, MESSAGE, "d", 0.0)
        assert not refused.value.temporary
    assert not hook.received


@pytest.mark.parametrize(("name", "state"), [("localhost", "sent"), ("elsewhere.example", "failed")])
def test_https_is_for_the_host_that_was_named(
    objects: ObjectStore, servers: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, state: str
) -> None:
    certificate = certificate_for(name, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    hook = Hook()
    hook.scheme, hook.socket = "https", context.wrap_socket(hook.socket, server_side=True)
    serve(servers, hook)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (entry,), _ = deliver(objects, hook.url)
    assert entry["state"] == state, entry
    assert len(hook.received) == (state == "sent")


def certificate_for(name: str, folder: Path) -> Path:
    x509 = needed("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


# Mail


def test_mail_has_the_text_and_the_document(servers: list[Any]) -> None:
    box = serve(servers, Mailbox())
    server = SmtpServer.from_environment(
        {"SKYBURST_SMTP": f"smtp://localhost:{box.server_address[1]}?from=sky@example.org"}
    )
    assert server is not None
    server.send("ada@example.org", {**MESSAGE, "name": "red\r\nBcc: eve@example.org"})
    ((told, data),) = box.mails
    assert any(line.startswith("mail FROM:<sky@example.org>") for line in told)
    assert [line for line in told if line.startswith("rcpt")] == ["rcpt TO:<ada@example.org>"]
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Skyburst: red??Bcc: eve@example.org is SUCCEEDED"
    text, document = mail.iter_parts()
    assert text.get_content().splitlines() == ["It is done: ä"]
    assert json.loads(document.get_content())["job"] == "j"


@pytest.mark.parametrize(("answer", "temporary"), [("450 later", True), ("550 nobody", False)])
def test_mail_that_is_refused_says_so(servers: list[Any], answer: str, temporary: bool) -> None:
    box = serve(servers, Mailbox(RCPT=answer))
    server = SmtpServer("localhost", box.server_address[1], "sky@example.org", secure=False)
    with pytest.raises(NotDelivered, match=answer.replace(" ", ".*")) as refused:
        server.send("ada@example.org", MESSAGE)
    assert refused.value.temporary is temporary


def test_mail_goes_through_no_other_machine_without_tls(servers: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    box = serve(servers, Mailbox())
    monkeypatch.setattr("skyburst.notifications.mail.is_this_machine", lambda _: False)
    with pytest.raises(NotDelivered, match="offers no TLS"):
        SmtpServer("localhost", box.server_address[1], "sky@example.org", secure=False).send("ada@example.org", MESSAGE)
    assert not box.mails


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("http://h?from=a@b.org", "expected 'smtp://"),
        ("smtp://h", "expected 'smtp://"),
        ("smtp://u:hush@h?from=a@b.org", "holds a password"),
        ("smtp://u@h?from=a@b.org", "names a user, and neither"),
    ],
)
def test_a_server_that_is_named_wrongly_is_refused(named: str, message: str) -> None:
    with pytest.raises(InvalidJob, match=message):
        SmtpServer.from_environment({"SKYBURST_SMTP": named})


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert webhook_secret({"SKYBURST_WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}) == SECRET.encode()
    with pytest.raises(InvalidJob, match="cannot be read"):
        webhook_secret({"SKYBURST_WEBHOOK_SECRET_FILE": str(tmp_path / "none")})
    with pytest.raises(InvalidJob, match="expected 16 at least"):
        webhook_secret({"SKYBURST_WEBHOOK_SECRET": "short"})


# Jobs at home `local`


def test_a_job_tells_how_it_ended_and_its_status_says_who_knows(
    program: Program, servers: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, box, broken = serve(servers, Hook()), serve(servers, Mailbox()), serve(servers, Hook(404))
    monkeypatch.setenv("SKYBURST_SMTP", f"smtp://localhost:{box.server_address[1]}?from=sky@example.org")
    monkeypatch.setenv("SKYBURST_WEBHOOK_SECRET", SECRET)
    targets = [part for target in (hook.url, "mailto:ada@example.org", broken.url) for part in ("--notify", target)]
    ended = program("run", "naps.py", "--items", "0:4", "--name", "mouse 7", *targets)
    assert ended.code == 0
    eventually(lambda: hook.received and box.mails and broken.received)
    ((_, headers, body),) = hook.received
    message = json.loads(body)
    assert (message["name"], message["state"], message["items"]["done"]) == ("mouse 7", "SUCCEEDED", 4)
    assert Path(message["result"]).is_file()
    assert is_signed(SECRET.encode(), headers["Skyburst-Timestamp"], body, headers["Skyburst-Signature"], time.time())
    eventually(lambda: "sending" not in program("status", "last").out)
    shown = program("status", "last").out
    assert f"notified  {hook.url}: sent" in shown
    assert f"notified  {broken.url}: failed: localhost answered 404" in shown
    assert "state     SUCCEEDED" in shown
    entries = json.loads(program("status", "last", "--json").out)["notified"]
    assert {entry["target"]: entry["state"] for entry in entries} == {
        hook.url: "sent", "mailto:ada@example.org": "sent", broken.url: "failed",
    }  # fmt: skip


def test_a_job_that_failed_or_was_cancelled_tells_so_too(program: Program, project: Path, servers: list[Any]) -> None:
    hook = serve(servers, Hook())
    program("run", "naps.py", "--items", "0:2", "--set", "bad=[0]", "--notify", hook.url)
    skyburst.client.create("squares.py", items=[1], notify=[hook.url]).cancel()
    eventually(lambda: len(hook.received) == 2)
    assert {json.loads(received.body)["state"] for received in hook.received} == {"FAILED", "CANCELLED"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("mailto:ada@example.org", "SKYBURST_SMTP names a server"),
        ("sns:arn:aws:sns:us-east-1:123456789012:t", "for jobs on AWS"),
    ],
)
def test_whom_nobody_here_could_tell_is_refused_before_the_job_starts(
    program: Program, target: str, message: str
) -> None:
    ended = program("run", "squares.py", "--items", "0:2", "--notify", target)
    assert ended.code == 2
    assert message in ended.err
    assert program("jobs", "--json").out.strip() == "[]"
