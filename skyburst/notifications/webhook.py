"""Web hooks: a message is posted as JSON, signed, to one place and nowhere else.

POST /path
Content-Type: application/json
Skyburst-Event: job.ended
Skyburst-Delivery: JOB/RUN/RECEIVER   the same when it is sent again
Skyburst-Timestamp: 1789000000        seconds since the epoch, when it was sent
Skyburst-Signature: sha256=HEX        HMAC-SHA256 of the timestamp, a full stop and the body, with the shared secret
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from skyburst._version import __version__
from skyburst.contracts import values
from skyburst.errors import NotDelivered

TIMEOUT_S = 10.0
TOLERANCE_S = 300.0
"""A message that was signed longer ago may be somebody else's, sent again."""
TRY_AGAIN = frozenset({408, 425, 429})
SERVER_FAULT = 500
SUCCESS = range(200, 300)
REDIRECT = range(300, 400)


class Webhook:
    """Posts messages.

    Args:
        secret: shared with those who receive them; None for messages without a signature.
        private: whether addresses of private networks may be called: a function in the cloud could reach there what those who
            submit jobs cannot.
    """

    def __init__(self, secret: bytes | None, *, private: bool) -> None:
        self._secret, self._private = secret, private

    def send(self, url: str, message: dict[str, Any], delivery: str, now: float) -> None:
        """Post a message once.

        Args:
            url: where to.
            message: the document.
            delivery: tells it from other messages.
            now: seconds since the epoch.

        Raises:
            NotDelivered: when it was not accepted; `temporary` when it may be later.
        """
        body = values.encode(message)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connect(parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request("POST", path, body, self._headers(body, message["event"], delivery, int(now)))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise NotDelivered(
                f"{parts.hostname} does not answer: {error or type(error).__name__}", temporary=True
            ) from error
        finally:
            connection.close()
        if status in REDIRECT:
            raise NotDelivered(f"{parts.hostname} answered {status}: redirects are not followed, give the last URL")
        if status not in SUCCESS:
            temporary = status in TRY_AGAIN or status >= SERVER_FAULT
            raise NotDelivered(f"{parts.hostname} answered {status}", temporary=temporary)

    def _headers(self, body: bytes, event: str, delivery: str, timestamp: int) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"skyburst/{__version__}",
            "Skyburst-Event": event,
            "Skyburst-Delivery": delivery,
            "Skyburst-Timestamp": str(timestamp),
        }
        if self._secret:
            headers["Skyburst-Signature"] = signature_of(self._secret, timestamp, body)
        return headers

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        """A connection to an address that was looked at: a name could mean another one a moment later."""
        secure = scheme == "https"
        port = port or (443 if secure else 80)
        address = self._address(host, port)
        made = (
            http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
            if secure
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        )
        # The connection's own way to make a socket, which it gives the host's name; TLS still checks that name.
        made._create_connection = lambda _, timeout, source: socket.create_connection((address, port), timeout, source)  # type: ignore[attr-defined]
        return made

    def _address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotDelivered(f"the host {host} is not found: {error}", temporary=True) from error
        addresses = [str(entry[4][0]) for entry in found]
        refused = [address for address in addresses if not (self._private or is_public(address))]
        if refused:
            raise NotDelivered(
                f"{host} has the address {refused[0]}, which is not public: web hooks from here go to public ones"
            )
        return addresses[0]


def signature_of(secret: bytes, timestamp: int, body: bytes) -> str:
    """The header `Skyburst-Signature` of a message."""
    return "sha256=" + hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def is_signed(secret: bytes, timestamp: str, body: bytes, signature: str, now: float) -> bool:
    """Whether a message that was received is ours, and new: for those who receive them.

    Args:
        secret: the shared one.
        timestamp: the header `Skyburst-Timestamp`.
        body: as it came.
        signature: the header `Skyburst-Signature`.
        now: seconds since the epoch.
    """
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > TOLERANCE_S:
        return False
    return hmac.compare_digest(signature_of(secret, int(timestamp), body).encode(), signature.encode())


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also when it is written as one of IPv6."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    embedded = _embedded(parsed) if isinstance(parsed, ipaddress.IPv6Address) else None
    return all(one.is_global and not one.is_multicast for one in (mapped or parsed, *([embedded] if embedded else [])))


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address of IPv4 that one of 6to4, or of a translator (64:ff9b::/96), leads to."""
    if address.sixtofour:
        return address.sixtofour
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
