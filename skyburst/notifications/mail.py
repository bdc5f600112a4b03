"""Mail over SMTP, for home `local`."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from skyburst.contracts import values
from skyburst.errors import InvalidJob, NotDelivered
from skyburst.notifications.message import subject_of
from skyburst.notifications.secrets import secret_of
from skyburst.notifications.targets import MAIL, is_this_machine

SMTP = "SKYBURST_SMTP"
"""`smtp://USER@HOST:PORT?from=ADDRESS`, or `smtps://` for TLS from the begin."""
PASSWORD = "SKYBURST_SMTP_PASSWORD"  # noqa: S105 - the name of a variable
TIMEOUT_S = 20.0
TEMPORARY = range(400, 500)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Who takes mail."""

    host: str
    port: int
    sender: str
    """Address that mail comes from."""
    secure: bool
    """TLS from the begin; else from `STARTTLS` on, which only a server on this machine may lack."""
    user: str | None = None
    password: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> SmtpServer | None:
        """The server that SKYBURST_SMTP names; None when it names none.

        Raises:
            InvalidJob: when it is no such URL.
        """
        named = environment.get(SMTP)
        if not named:
            return None
        parts = urlsplit(named)
        sender = parse_qs(parts.query).get("from", [""])[0]
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not MAIL.match(sender):
            raise InvalidJob(f"{SMTP} is {named!r}: expected 'smtp://USER@HOST:PORT?from=ADDRESS', or smtps://")
        if parts.password is not None:
            raise InvalidJob(f"{SMTP} holds a password: put it into a file, and name the file in {PASSWORD}_FILE")
        secure = parts.scheme == "smtps"
        user = unquote(parts.username) if parts.username else None
        password = secret_of(PASSWORD, environment)
        if user and password is None:
            raise InvalidJob(f"{SMTP} names a user, and neither {PASSWORD}_FILE nor {PASSWORD} has the password")
        port = parts.port or (465 if secure else 587)
        return cls(parts.hostname, port, sender, secure, user, password.decode() if password else None)

    def send(self, address: str, message: dict[str, Any]) -> None:
        """Send a message to one address.

        Raises:
            NotDelivered: when the server does not take it; `temporary` when it may later.
        """
        try:
            with self._connect() as server:
                if self.user and self.password is not None:
                    server.login(self.user, self.password)
                server.send_message(mail_of(message, self.sender, address))
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(
                f"{self.host} answered {error.smtp_code}: {_said(error.smtp_error)}",
                temporary=error.smtp_code in TEMPORARY,
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, refusal = error.recipients[address]
            raise NotDelivered(
                f"{self.host} refused {address}: {code} {_said(refusal)}", temporary=code in TEMPORARY
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(f"{self.host} cannot be used: {error}", temporary=True) from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.secure:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            self._secure(server, context)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """Go on in TLS, which only a server on this machine may lack."""
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif not is_this_machine(self.host):
            raise NotDelivered(f"{self.host} offers no TLS: mail is not sent through it")


def _said(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def mail_of(message: dict[str, Any], sender: str, address: str) -> EmailMessage:
    """A message as mail: the text, with the document as an attachment."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject_of(message), sender, address
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in message["text"]))
    mail.add_attachment(
        values.encode(message), maintype="application", subtype="json", filename=f"{message['job']}.json"
    )
    return mail
