"""Who is told when a job ends: addresses as a job specification has them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from skyburst.errors import InvalidJob

MOST_TARGETS = 10
LONGEST = 1_000
"""Characters of a target."""
MAIL = re.compile(r"[A-Za-z0-9.!#$%*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}\Z")
EXPECTED = "expected 'mailto:NAME@HOST', 'https://HOST/PATH' or 'sns:ARN of a topic'"


class Target(NamedTuple):
    """One who is told."""

    kind: str
    """`mail`, `webhook` or `sns`."""
    address: str
    """The mail address, the URL or the topic's ARN."""


def parse_target(text: str, where: str = "job.notify") -> Target:
    """A target from a job specification.

    Raises:
        InvalidJob: naming the target and what was expected.
    """
    start, _, rest = text.partition(":")
    if len(text) > LONGEST or not text.isprintable() or " " in text:
        raise InvalidJob(f"{where} has {text[:200]!r}: {EXPECTED}, of {LONGEST:,} characters at most, without spaces")
    if start == "mailto" and MAIL.match(rest):
        return Target("mail", rest)
    if start == "sns" and TOPIC.match(rest):
        return Target("sns", rest)
    if start in ("https", "http"):
        _check_url(text, where)
        return Target("webhook", text)
    raise InvalidJob(f"{where} has {text!r}: {EXPECTED}")


def may_be_told(spec: dict[str, Any]) -> bool:
    """Whether the end of a job may be told: its specification names whom, or a user, whose profile may."""
    return bool(spec.get("notify") or spec.get("user"))


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine, by its name or its address."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_url(url: str, where: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise InvalidJob(f"{where} has {url!r}, which is not a URL: {error}") from error
    if not host:
        raise InvalidJob(f"{where} has {url!r}, which names no host: {EXPECTED}")
    if parts.username is not None or parts.password is not None:
        raise InvalidJob(
            f"{where} has a URL of {host} with a name or password: leave them out; what is sent is signed instead"
        )
    if parts.scheme == "http" and not is_this_machine(host):
        raise InvalidJob(f"{where} has {url!r}: expected https://, because http:// is for this machine only")
