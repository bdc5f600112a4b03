"""Check a message that a web hook received."""

import hashlib
import hmac
import time


def is_from_skyburst(secret: bytes, headers: dict[str, str], body: bytes) -> bool:
    timestamp = headers["Skyburst-Timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        return False
    expected = "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["Skyburst-Signature"])


if __name__ == "__main__":
    from skyburst.notifications.webhook import signature_of

    secret, body, now = b"0123456789abcdef", b'{"event": "job.ended"}', int(time.time())
    signed = {"Skyburst-Timestamp": str(now), "Skyburst-Signature": signature_of(secret, now, body)}
    assert is_from_skyburst(secret, signed, body)
    assert not is_from_skyburst(secret, signed, body + b" ")
