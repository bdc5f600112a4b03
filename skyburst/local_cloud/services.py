"""What the parts of a running local cloud share."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyburst.local_cloud.custom_resources import Answers
from skyburst.local_cloud.faults import Faults
from skyburst.local_cloud.identities import Credentials

if TYPE_CHECKING:
    from skyburst.local_cloud.authorization import Decision
    from skyburst.local_cloud.batch.service import Batch
    from skyburst.local_cloud.functions import Functions
    from skyburst.local_cloud.identities import Identities
    from skyburst.local_cloud.web.service import Web


@dataclass(slots=True)
class Services:
    """Of one running cloud."""

    account: str
    region: str
    folder: Path
    """For unpacked zips and scratch files; deleted at the end."""
    endpoint: str = ""
    faults: Faults = field(default_factory=Faults)
    decisions: list[Decision] = field(default_factory=list)
    drifts: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """What comparisons of stacks with their templates found, by their ids and by the stack's."""
    _identities: Identities | None = None
    _functions: Functions | None = None
    answers: Answers = field(default_factory=Answers)
    """Of functions that make custom resources."""
    _batch: Batch | None = None
    _web: Web | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _session: Any = None
    _clients: dict[tuple[str, str, str | None], Any] = field(default_factory=dict)

    @property
    def identities(self) -> Identities:
        """Who calls."""
        assert self._identities is not None
        return self._identities

    @identities.setter
    def identities(self, identities: Identities) -> None:
        self._identities = identities

    @property
    def functions(self) -> Functions:
        """What runs Lambda functions."""
        assert self._functions is not None
        return self._functions

    @functions.setter
    def functions(self, functions: Functions) -> None:
        self._functions = functions

    @property
    def batch(self) -> Batch:
        """What runs jobs of Batch."""
        assert self._batch is not None
        return self._batch

    @batch.setter
    def batch(self, batch: Batch) -> None:
        self._batch = batch

    @property
    def web(self) -> Web:
        """What people reach with a browser."""
        assert self._web is not None
        return self._web

    @web.setter
    def web(self, web: Web) -> None:
        self._web = web

    @property
    def has_functions(self) -> bool:
        """Whether functions can be run yet."""
        return self._functions is not None

    def client(self, service: str, credentials: Credentials | None = None, *, validate: bool = True) -> Any:
        """A boto3 client of this cloud, of the administrator unless said otherwise.

        Args:
            service: as in `boto3.client`.
            credentials: whose requests these are.
            validate: whether boto3 looks at the parameters before it sends them.
        """
        from botocore.config import Config

        who = credentials or self.identities.administrator
        key = (f"{service} {validate}", who.access_key_id, who.session_token)
        # Making a client takes 10 to 50 ms and is not safe in several threads; using one is.
        with self._lock:
            if key not in self._clients:
                # A session reads the description of a service once, which is most of that time.
                self._session = self._session or _session(self.region)
                self._clients[key] = self._session.client(
                    service,
                    endpoint_url=self.endpoint,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        connect_timeout=60,
                        read_timeout=1_000,
                        parameter_validation=validate,
                        inject_host_prefix=False,
                        max_pool_connections=50,
                    ),
                    **who.for_boto3(),
                )
        return self._clients[key]


def _session(region: str) -> Any:
    """A session that knows no profiles: those of whoever runs the cloud are for AWS, and may name nothing that is there."""
    import boto3
    from botocore.session import Session

    nothing = (None, None, os.devnull, None)
    variables = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    return boto3.session.Session(botocore_session=Session(session_vars=variables), region_name=region)
