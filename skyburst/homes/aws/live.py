"""Tells pages that jobs have changed: a hint on the channel of the job's user, over HTTP, for AppSync Events."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from skyburst.contracts import values
from skyburst.errors import AwsUnavailable, InvalidJob, NotDelivered
from skyburst.homes.aws.calls import Calls
from skyburst.homes.aws.deployed import WEB, Deployed
from skyburst.objects import CREDENTIALS

URL, NAMESPACE = "SKYBURST_LIVE_URL", "SKYBURST_LIVE_NAMESPACE"
"""Environment variables: where events are published, and the first part of the names of channels."""
SUB = "user#"
"""Items of the table of the API that say by which id Cognito knows a user."""
HINTS = ("job", "run", "state", "batches", "items", "done", "failed", "at")
"""What is told of a job; a page asks the API for more."""
ANSWER_S = 10
KNOWN_S = 15.0
"""An id of a user is believed for so long: who is invited anew has another one, and hears nothing until it is read."""


class Live:
    """Publishes hints.

    Args:
        calls: of DynamoDB.
        table: name of the table of the API.
        namespace: first part of the names of channels.
        send: posts a document to AppSync.
        clock: seconds.
    """

    def __init__(
        self, calls: Calls, table: str, namespace: str, send: Callable[[bytes], None], *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._calls, self._table, self._namespace, self._send = calls, table, namespace, send
        self._clock = clock
        self._subs: dict[str, tuple[float, str | None]] = {}

    @classmethod
    def from_environment(cls, deployed: Deployed, environment: Mapping[str, str] = os.environ) -> Live:
        """As the deployment set it. Raises InvalidJob when a variable is missing."""
        for name in (WEB, URL, NAMESPACE):
            if not environment.get(name):
                raise InvalidJob(f"{name} is not set: this code runs in functions that `skyburst deploy` made")

        return cls(
            Calls(deployed.client("dynamodb")), environment[WEB], environment[NAMESPACE], Signed(environment[URL])
        )

    def tell(self, detail: Mapping[str, Any]) -> bool:
        """Publish a hint at a change of a job; False when nobody listens, as to a job of no user who ever signed in.

        Args:
            detail: of an event of the engine.

        Raises:
            NotDelivered: when AppSync does not take it.
        """
        user = detail.get("user")
        sub = self._sub(user) if user else None
        if sub is None:
            return False
        hint = {"job_id": detail["job"], **{name: detail[name] for name in HINTS[1:] if detail.get(name) is not None}}
        hint |= {"batches_done": hint.pop("done")} if "done" in hint else {}
        document = {"channel": f"/{self._namespace}/{sub}", "events": [values.encode(hint).decode()]}
        self._send(values.encode(document))
        return True

    def _sub(self, user: str) -> str | None:
        """The id by which Cognito knows a user."""
        now = self._clock()
        known = self._subs.get(user)
        if known is None or now - known[0] > KNOWN_S:
            item = self._calls.get(self._table, {"id": {"S": f"{SUB}{user}"}}, consistent=False)
            known = (now, item["sub"]["S"] if item else None)
            if item:  # of one who is not known yet the next event asks again
                self._subs[user] = known
        return known[1]


class Signed:
    """Posts JSON to AppSync, signed with the credentials of the function.

    Args:
        url: where to. In a cloud on this machine, which AWS_ENDPOINT_URL names, without encryption.
        environment: variables of the function.
    """

    def __init__(self, url: str, environment: Mapping[str, str] = os.environ) -> None:
        plain = environment.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._url = f"http://{url.removeprefix('https://')}" if plain else url
        self._region = environment["AWS_REGION"]

    def __call__(self, document: bytes) -> None:
        """Post a document. Raises NotDelivered."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import get_session

        request = AWSRequest("POST", self._url, {"Content-Type": "application/json"}, document)
        credentials = get_session().get_credentials()
        if credentials is None:
            raise AwsUnavailable(f"there are no AWS credentials: {CREDENTIALS}")
        SigV4Auth(credentials, "appsync", self._region).add_auth(request)
        prepared = urllib.request.Request(self._url, document, dict(request.headers.items()), method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(prepared, timeout=ANSWER_S) as answer:  # noqa: S310 - that of the deployment
                said = values.decode(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                reason = error.read(300).decode("utf-8", "replace")
            raise NotDelivered(f"{self._url} answered {error.code}: {reason}", temporary=error.code >= 429) from error
        except OSError as error:
            raise NotDelivered(f"{self._url} cannot be reached: {error}", temporary=True) from error
        if said.get("failed"):
            raise NotDelivered(f"{self._url} did not take an event: {str(said['failed'])[:300]}", temporary=True)
