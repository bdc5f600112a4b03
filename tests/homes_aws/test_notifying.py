"""Messages of a deployment whose sender died are not taken for sent."""

from __future__ import annotations

import json
import time

import pytest

from skyburst.contracts.states import JobState
from skyburst.errors import NotDelivered
from skyburst.homes.aws.deployed import Deployed
from skyburst.homes.aws.notifying import Mailing, Notifier
from skyburst.notifications.delivery import STALE_S, identity_of
from tests.contracts.records import a_job
from tests.homes_aws.dynamodb import Tables

KEY = f"jobs/told-1/notified/0-{identity_of('mailto:ada@example.org')}.json"


def test_a_message_that_a_dead_sender_began_is_asked_for_again_until_it_has_an_end(
    dynamodb_tables: Tables, bucket: str
) -> None:
    deployed = Deployed(bucket.removeprefix("s3://"), dynamodb_tables.batches, dynamodb_tables.jobs, "skyburst")
    deployed.__dict__["table"] = dynamodb_tables.open()
    job = a_job("told-1", batches=1, state=JobState.SUCCEEDED, notify=["mailto:ada@example.org"])
    deployed.table.create_job(job)
    began = {"target": "mailto:ada@example.org", "run": 0, "state": "sending", "attempts": 0, "reason": ""}
    deployed.objects.put(KEY, json.dumps({**began, "at": time.time() - 65}).encode())
    notifier = Notifier(deployed, Mailing())
    with pytest.raises(NotDelivered, match="another call has begun to send this"):
        notifier.tell("told-1", 0)
    deployed.objects.put(KEY, json.dumps({**began, "at": time.time() - STALE_S - 1}).encode())
    assert notifier.tell("gone-1", 0) == [], "deleted as soon as it had ended"
    (entry,) = notifier.tell("told-1", 0)
    assert (entry["state"], "sends no mail" in entry["reason"]) == ("failed", True)
    deployed.table.close()
