"""Tells that jobs of a deployment have ended: by mail through SES, to topics of SNS, to web hooks."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skyburst.contracts import values
from skyburst.engine.combine import RESULT
from skyburst.errors import JobNotFound, NotDelivered, ObjectNotFound
from skyburst.homes.aws.brief import job_prefix
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.ending import CERTIFICATE
from skyburst.notifications.delivery import Delivery
from skyburst.notifications.mail import mail_of
from skyburst.notifications.message import message_of, subject_of
from skyburst.notifications.targets import Target
from skyburst.notifications.webhook import Webhook
from skyburst.people.choices import told_of
from skyburst.people.files import PEOPLE, load_concerned

MAIL_FROM, SECRET, PRIVATE = "SKYBURST_MAIL_FROM", "SKYBURST_WEBHOOK_SECRET_ARN", "SKYBURST_PRIVATE_WEBHOOKS"
"""Environment variables: the verified address that mail comes from, the secret of Secrets Manager that web hooks are signed with,
and `yes` where web hooks may go to private addresses."""
TEMPORARY = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "InternalError",
    "InternalErrorException", "InternalServiceErrorException", "ServiceUnavailable",
})  # fmt: skip
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Mailing:
    """How a deployment tells."""

    mail_from: str | None = None
    secret: str | None = None
    private: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Mailing:
        """As the deployment set it."""
        return cls(
            environment.get(MAIL_FROM) or None, environment.get(SECRET) or None, environment.get(PRIVATE) == "yes"
        )


class Notifier:
    """Tells of the ends of jobs.

    Args:
        deployed: the deployment.
        mailing: how it tells.
    """

    def __init__(self, deployed: Deployed, mailing: Mailing) -> None:
        self._deployed, self._mailing = deployed, mailing

    def tell(self, job_id: str, run: int) -> list[dict[str, Any]]:
        """Tell everybody who is to be told that a run of a job has ended; nobody twice, however often this is called.

        Returns:
            What became of it, as `Delivery.deliver` has it; nothing of a job that is in another run by now, or gone.

        Raises:
            NotDelivered: when somebody else is at it, who may have died; Lambda then makes the call again, after minutes.
        """
        table = self._deployed.table
        try:
            job = table.job(job_id)
        except JobNotFound:  # deleted as soon as it had ended
            return []
        if job.runs != run or not job.state.finished:
            return []
        prefix = f"{self._deployed.location}/{job_prefix(job_id)}"
        found = (job.outcome or {}).get("files") is not None
        message = message_of(
            job, table.progress(job_id), "aws", result=prefix + RESULT if found else None, certificate=prefix + CERTIFICATE,
            cost=self._cost(job_id),
        )  # fmt: skip
        delivery = Delivery(self._deployed.objects, job_prefix(job_id), self._send)
        people, user = f"{self._deployed.location}/{PEOPLE}", job.spec.get("user")
        told = delivery.deliver(message, told_of(job.spec, job.state, lambda: load_concerned(people, None, user)))
        if left := [entry["target"] for entry in told if entry["state"] == "sending"]:
            raise NotDelivered(
                f"{', '.join(left)}: another call has begun to send this, and may have died: this one is made again",
                temporary=True,
            )
        return told

    def _cost(self, job_id: str) -> dict[str, Any] | None:
        """What the certificate says that the job cost."""
        try:
            certificate = values.decode(self._deployed.objects.get(job_prefix(job_id) + CERTIFICATE))
        except ObjectNotFound:
            return None
        return {name: certificate["cost"].get(name) for name in ("currency", "amount")}

    def _send(self, target: Target, message: dict[str, Any], delivery: str) -> None:
        """Send one message once. Raises NotDelivered."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if target.kind == "webhook":
                webhook = Webhook(self._secret, private=self._mailing.private)
                webhook.send(target.address, message, delivery, time.time())
            elif target.kind == "mail":
                self._mail(target.address, message)
            else:
                self._topics.publish(
                    TopicArn=target.address, Subject=subject_of(message), Message=values.encode(message).decode(),
                    MessageAttributes={"state": {"DataType": "String", "StringValue": message["state"]}},
                )  # fmt: skip
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise NotDelivered(f"{code}: {str(error)[:LONGEST]}", temporary=code in TEMPORARY) from error
        except BotoCoreError as error:
            raise NotDelivered(str(error)[:LONGEST], temporary=True) from error

    def _mail(self, address: str, message: dict[str, Any]) -> None:
        sender = self._mailing.mail_from
        if sender is None:
            raise NotDelivered("this deployment sends no mail: deploy with an address to send from, `mail_from`")
        mail = mail_of(message, sender, address)
        self._mails.send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [address]},
            Content={"Raw": {"Data": mail.as_bytes()}},
        )

    @cached_property
    def _secret(self) -> bytes | None:
        if self._mailing.secret is None:
            return None
        found = self._deployed.client("secretsmanager", tries=3).get_secret_value(SecretId=self._mailing.secret)
        return str(found["SecretString"]).encode()

    @cached_property
    def _topics(self) -> Any:
        return self._deployed.client("sns", tries=3)

    @cached_property
    def _mails(self) -> Any:
        return self._deployed.client("sesv2", tries=3)
