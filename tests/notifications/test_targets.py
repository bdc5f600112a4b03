"""Which targets a job specification may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyburst.contracts.job import parse_job
from skyburst.errors import InvalidJob
from skyburst.notifications.message import message_of, subject_of
from skyburst.notifications.targets import Target, parse_target
from skyburst.notifications.webhook import is_public, is_signed, signature_of
from tests.contracts.records import a_job

SECRET = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("mailto:ada@example.org", Target("mail", "ada@example.org")),
        ("https://example.org/hook?a=b", Target("webhook", "https://example.org/hook?a=b")),
        ("http://localhost:8080/", Target("webhook", "http://localhost:8080/")),
        ("http://[::1]:8080/", Target("webhook", "http://[::1]:8080/")),
        ("sns:arn:aws:sns:eu-west-1:123456789012:ends", Target("sns", "arn:aws:sns:eu-west-1:123456789012:ends")),
    ],
)
def test_targets_are_read(text: str, target: Target) -> None:
    assert parse_target(text) == target
    assert parse_job({"analysis": "x", "notify": [text]}).document()["notify"] == [text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ada@example.org", "expected 'mailto:NAME@HOST', 'https://HOST/PATH' or 'sns:ARN of a topic'"),
        ("mailto:ada", "expected 'mailto:"),
        ("mailto:ada@example.org?bcc=eve@example.org", "expected 'mailto:"),
        ("mailto:ada@example.org\r\nBcc:eve@example.org", "without spaces"),
        ("http://example.org/", "http:// is for this machine only"),
        ("https://ada:secret@example.org/", "a URL of example.org with a name or password"),
        ("https:///path", "names no host"),
        ("https://example.org:port/", "is not a URL"),
        ("https://[::1/", "is not a URL"),
        ("file:///etc/passwd", "expected 'mailto:"),
        ("sns:arn:aws:sqs:eu-west-1:123456789012:ends", "expected 'mailto:"),
        ("https://example.org/" + "x" * 1_000, "of 1,000 characters at most"),
    ],
)
def test_what_is_no_target_is_refused_and_no_password_is_repeated(text: str, message: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        parse_job({"analysis": "x", "notify": [text]})
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_there_are_ten_targets_at_most() -> None:
    with pytest.raises(InvalidJob, match=r"^job\.notify is .*10"):
        parse_job({"analysis": "x", "notify": ["mailto:a@b.org"] * 11})


def test_none_is_not_stored() -> None:
    assert parse_job({"analysis": "x", "notify": []}).document() == {"analysis": "x"}


# Signatures


@given(st.binary(), st.binary(min_size=1), st.integers(0, 2**40))
def test_a_signature_is_of_the_body_the_time_and_the_secret(body: bytes, other: bytes, at: int) -> None:
    signature = signature_of(SECRET, at, body)
    assert is_signed(SECRET, str(at), body, signature, at + 299)
    assert not is_signed(SECRET, str(at), body + other, signature, at)
    assert not is_signed(SECRET, str(at + 1), body, signature, at)
    assert not is_signed(other + SECRET, str(at), body, signature, at)
    assert not is_signed(SECRET, str(at), body, signature, at + 301)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "x", "²"])
def test_a_timestamp_that_is_none_is_not_signed(timestamp: str) -> None:
    assert not is_signed(SECRET, timestamp, b"", "sha256=", 0)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.20.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:169.254.169.254", False),
        ("2002:a9fe:a9fe::1", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_addresses_that_are_not_of_the_public_internet_are_known_however_they_are_written(
    address: str, public: bool
) -> None:
    assert is_public(address) is public


# Messages


def test_a_message_says_what_a_reader_wants_to_know_and_no_parameters() -> None:
    job = a_job(name="red\r\nBcc: x", labels={"lab": "a"}, group="lab", parameters={"password": "hush"})
    job.created_at, job.finished_at, job.reason = 10.0, 73.5, "3 of 4 batches are done"
    from skyburst.contracts.records import Progress

    message = message_of(
        job, Progress(job.state, batches=4, done=3, failed=1), "aws", result="s3://b/r", certificate=None,
        cost={"currency": "USD", "amount": 1.5},
    )  # fmt: skip
    assert "hush" not in str(message)
    assert (message["batches"], message["group"], message["seconds"]) == (
        {"all": 4, "done": 3, "failed": 1},
        "lab",
        63.5,
    )
    assert "It cost 1.5000 USD.\nResult: s3://b/r\n" in message["text"]
    assert subject_of(message) == "Skyburst: red??Bcc: x is PENDING"
    assert len(subject_of({**message, "name": "x" * 200})) == 100
