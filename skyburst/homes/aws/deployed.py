"""What a deployed function has at hand: the names that its deployment gave it, and clients made when they are first used."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skyburst.errors import InvalidJob

if TYPE_CHECKING:
    from skyburst.budgets.paying import Paying
    from skyburst.contracts.records import JobRecord
    from skyburst.cost.job_cost import MachineUse
    from skyburst.homes.aws.events import Events
    from skyburst.homes.aws.task_table import DynamoTaskTable
    from skyburst.objects import ObjectStore
    from skyburst.people.gate import Gatekeeper
    from skyburst.prices.book import Architecture

BUCKET, BATCHES, JOBS, PREFIX = "SKYBURST_BUCKET", "SKYBURST_BATCHES", "SKYBURST_JOBS", "SKYBURST_PREFIX"
"""Environment variables of every deployed function."""
LANE, ANALYSIS, CODE = "SKYBURST_LANE", "SKYBURST_ANALYSIS", "SKYBURST_CODE"
"""Environment variables of workers: their lane, the name of their analysis, and the digest of its code."""
BATCH_EVENTS = "SKYBURST_BATCH_EVENTS"
"""`none` when changes of batches are not to be told to EventBridge."""
BUDGETS = "SKYBURST_BUDGETS"
"""Table of budgets, of the functions that reserve and settle."""
TOPICS = "SKYBURST_NOTIFY_TOPICS"
"""ARNs of the topics of SNS that jobs may have told, separated by spaces, of the functions that check jobs."""
EXECUTIONS = "SKYBURST_EXECUTIONS"
"""What the ARNs of jobs' executions start with, of functions that look at these."""
WEB = "SKYBURST_WEB"
"""Table of the API, of its functions."""
PROGRESS = "SKYBURST_PROGRESS_S"
"""Seconds after which the watcher tells anew how far a job is; not set where nobody listens."""
CONNECT_S = 5
READ_S = 60


@dataclass
class Deployed:
    """The names of a deployment, and its clients. One for each environment, kept between invocations."""

    bucket: str
    batches: str
    """Table of batches."""
    jobs: str
    """Table of jobs."""
    prefix: str
    """Start of the names of all functions of the deployment."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Deployed:
        """Raises InvalidJob when this does not run in a deployed function."""
        missing = [name for name in (BUCKET, BATCHES, JOBS, PREFIX) if not environment.get(name)]
        if missing:
            raise InvalidJob(
                f"{', '.join(missing)} is not set: this code runs in functions that `skyburst deploy` made"
            )
        bucket, batches, jobs, prefix = (environment[name] for name in (BUCKET, BATCHES, JOBS, PREFIX))
        tells = environment.get(BATCH_EVENTS, "all") != "none"
        budgets, every = environment.get(BUDGETS) or None, environment.get(PROGRESS)
        every_s = float(every) if every else None
        return cls(bucket, batches, jobs, prefix, tells, budgets, _topics(environment), every_s)

    tells_batches: bool = True
    """Whether changes of batches are told to EventBridge, besides those of jobs."""
    budgets: str | None = None
    """Table of budgets; None in functions that have nothing to do with them."""
    topics: frozenset[str] | None = None
    """ARNs of the topics that jobs may have told; None in functions that have nothing to do with them."""
    progress_s: float | None = None
    """Seconds after which it is told anew how far a job is, to EventBridge; None for never."""

    @property
    def location(self) -> str:
        """URL of the objects."""
        return f"s3://{self.bucket}"

    @cached_property
    def objects(self) -> ObjectStore:
        """The object store."""
        from skyburst.objects import open_store

        return open_store(self.location)

    @cached_property
    def table(self) -> DynamoTaskTable:
        """The task table."""
        from skyburst.homes.aws.task_table import DynamoTaskTable

        return DynamoTaskTable(self.client("dynamodb"), self.batches, self.jobs)

    @property
    def has_table(self) -> bool:
        """Whether the task table was used already, so that it is there at once."""
        return "table" in self.__dict__

    @cached_property
    def paying(self) -> Paying | None:
        """What reserves and settles what jobs cost; None without budgets."""
        if self.budgets is None:
            return None
        from skyburst.budgets.paying import Paying
        from skyburst.cost.uses import uses_of
        from skyburst.homes.aws.budgets_table import DynamoBudgets
        from skyburst.prices.current import shipped_prices

        budgets = DynamoBudgets(self.client("dynamodb"), self.budgets)

        def uses(job: JobRecord) -> list[MachineUse]:
            return uses_of(self.objects, self.table, job)

        return Paying(budgets, self.table, uses, shipped_prices, architecture=self.architecture)

    @cached_property
    def gate(self) -> Gatekeeper:
        """What says who may run what, by the profiles in the bucket; everybody may run everything while there is no group."""
        from skyburst.people.files import PEOPLE
        from skyburst.people.gate import Gatekeeper

        return Gatekeeper(f"{self.objects.location}/{PEOPLE}")

    @property
    def architecture(self) -> Architecture:
        """Of the processor that this function runs on, as all of its deployment do."""
        return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"

    @cached_property
    def events(self) -> Events:
        """Tells of changes."""
        from skyburst.homes.aws.events import Events

        return Events(self.prefix, self.location, lambda: self.client("events", tries=3))

    def client(self, service: str, *, tries: int = 8, connections: int = 32, read_s: float = READ_S) -> Any:
        """A client of a service; an answer may take `read_s` seconds.

        The low-level library is used, because importing the high-level one would take a worker's whole cold start.
        """
        from botocore.config import Config
        from botocore.session import get_session

        config = Config(
            connect_timeout=CONNECT_S,
            read_timeout=read_s,
            tcp_keepalive=True,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": tries},
        )
        return get_session().create_client(service, config=config)


def _topics(environment: Mapping[str, str]) -> frozenset[str] | None:
    given = environment.get(TOPICS)
    return None if given is None else frozenset(given.split())


def all_workers(prefix: str) -> str:
    """A pattern of the names of a deployment's workers: named one by one, fifty of them fill a policy.

    Another deployment whose prefix begins with this one and a hyphen has such names too.
    """
    return f"{prefix}-*-worker-*"


def environment_name(prefix: str, analysis: str) -> str:
    """The name of the job definition of an analysis; those of its queues begin with it."""
    return f"{prefix}-{analysis}"


def function_name(prefix: str, analysis: str, role: str, lane: int | None = None) -> str:
    """The name of a function of an analysis; those who invoke it know it without looking it up.

    A name of Lambda has 64 characters at most: a long analysis' name is cut, and told apart by a digest.
    """
    end = f"-{role}" if lane is None else f"-{role}-{lane}"
    room = 64 - len(prefix) - 1 - len(end)
    if len(analysis) > room:
        import hashlib

        digest = hashlib.sha256(analysis.encode()).hexdigest()[:6]
        analysis = f"{analysis[: room - 7]}-{digest}"
    return f"{prefix}-{analysis}{end}"
