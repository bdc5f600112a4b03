"""Tell that a job has ended, in a process of its own: `python -m skyburst.homes.local.notify JOB`. Its log is `notify.log`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from skyburst.engine.combine import RESULT
from skyburst.errors import InvalidJob, NotDelivered
from skyburst.notifications.delivery import Delivery
from skyburst.notifications.mail import SMTP, SmtpServer
from skyburst.notifications.message import message_of
from skyburst.notifications.secrets import webhook_secret
from skyburst.notifications.targets import Target, parse_target
from skyburst.notifications.webhook import Webhook
from skyburst.people import People, people_location
from skyburst.people.choices import told_of
from skyburst.people.files import PEOPLE_VARIABLE, load_concerned

if TYPE_CHECKING:
    from skyburst.homes.local.home import LocalHome

NO_MAIL = f"mail is sent from this machine when {SMTP} names a server, such as smtp://localhost:25?from=me@example.org"
NO_TOPICS = "topics of SNS are for jobs on AWS: use mailto: or https: here"


def check_targets(targets: list[str]) -> None:
    """Refuse, before a job runs, whom nobody here could tell.

    Raises:
        InvalidJob: naming the target and what is to be set.
    """
    for text in targets:
        target = parse_target(text)
        if target.kind == "sns":
            raise InvalidJob(f"job.notify has {text!r}: {NO_TOPICS}")
        if target.kind == "mail" and SmtpServer.from_environment() is None:
            raise InvalidJob(f"job.notify has {text!r}: {NO_MAIL}")
        if target.kind == "webhook":
            webhook_secret()


def notify(home: LocalHome, job_id: str) -> list[dict[str, Any]]:
    """Tell everybody who is to be told that a job has ended; what became of it."""
    job = home.table.job(job_id)
    found = home.result_file(job)
    certificate = home.job_folder(job_id) / "certificate.json"
    message = message_of(
        job, home.table.progress(job_id), home.name,
        result=str(home.job_folder(job_id) / RESULT) if found else None,
        certificate=str(certificate) if certificate.exists() else None, cost={"currency": "USD", "amount": 0.0},
    )  # fmt: skip

    def people() -> People:
        named = PEOPLE_VARIABLE in os.environ
        return load_concerned(people_location(), None, job.spec.get("user"), required=named)

    targets = told_of(job.spec, job.state, people)
    return Delivery(home.objects, f"jobs/{job_id}/", send).deliver(message, targets)


def send(target: Target, message: dict[str, Any], delivery: str) -> None:
    """Send one message once. Raises NotDelivered; InvalidJob for what is set wrongly."""
    if target.kind == "webhook":
        Webhook(webhook_secret(), private=True).send(target.address, message, delivery, time.time())
    elif target.kind == "mail":
        server = SmtpServer.from_environment()
        if server is None:
            raise NotDelivered(NO_MAIL)
        server.send(target.address, message)
    else:
        raise NotDelivered(NO_TOPICS)


if __name__ == "__main__":
    from skyburst.homes.local.home import LocalHome

    notify(LocalHome(), sys.argv[1])
