"""Structured logs, metrics and traces of deployed functions.

Each line of a log is JSON, with the job, run, batch, level of the tree and lane in it. Metrics are lines of the log too, in
CloudWatch's embedded metric format: they cost no call, and CloudWatch reads them out of the log. Traces are found by job.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skyburst.contracts.states import JobState
from skyburst.homes.aws.deployed import LANE

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from skyburst.contracts.records import Outcome, Progress

NAMESPACE = "Skyburst"
SECONDS = {"JobSeconds", "WorkerSeconds"}
"""Metrics in seconds; all others count."""
JOB_ENDS = {
    JobState.SUCCEEDED: "JobsSucceeded",
    JobState.PARTIAL: "JobsPartial",
    JobState.FAILED: "JobsFailed",
    JobState.TIMED_OUT: "JobsTimedOut",
    JobState.CANCELLED: "JobsCancelled",
}
SLOW_DOWN = ("503 Service Unavailable", "SlowDown")
"""How S3 says that it is asked too often, in the words of the library that reads objects or in its own."""

_started: set[str] = set()


def logger_of(service: str) -> Logger:
    """The logger of one function. What the framework logs is written by it too."""
    from aws_lambda_powertools import Logger

    logger = Logger(service=service, location=None, lane=os.environ.get(LANE))
    framework = logging.getLogger("skyburst")
    framework.handlers = [logger.registered_handler]
    framework.setLevel(logging.INFO)
    framework.propagate = False
    return logger


def about(logger: Logger, event: dict[str, Any]) -> None:
    """Have each line of this invocation say what it is about."""
    facts = {name: event.get(name) for name in ("job", "run", "batch", "attempt", "first", "last", "task", "group")}
    logger.append_keys(**facts, tree_level=event.get("level"))  # `level` is how grave a line is


@contextmanager
def traced(service: str, event: Mapping[str, Any]) -> Iterator[Callable[..., None]]:
    """A part of X-Ray's trace that is found by its annotations: job, run, level of the tree, analysis.

    For functions that run no batches. The tracer takes 70 ms to import, over a quarter of what a worker's cold start may
    take, and there are thousands of workers: theirs show in the trace as Lambda itself reports them. Here it is imported when
    X-Ray has sampled the invocation, which is so for one a second and one in twenty of the others. Calls of other services
    are not traced one by one: a watcher makes thousands.

    Yields:
        A function that takes further annotations by name, for what is known later; those that are None are left out.
    """
    if "Sampled=1" not in os.environ.get("_X_AMZN_TRACE_ID", ""):
        yield _not_annotated
        return
    from aws_lambda_powertools import Tracer

    tracer = Tracer(service=service, auto_patch=False)  # which does nothing outside of Lambda

    def annotate(**facts: Any) -> None:
        for name, value in facts.items():
            if value is not None:
                tracer.put_annotation(name, value)

    with tracer.provider.in_subsegment(name=f"## {service}"):
        annotate(analysis=os.environ.get("SKYBURST_ANALYSIS"))
        annotate(**{name: event.get(name) for name in ("job", "run", "level", "task")})
        yield annotate


def _not_annotated(**_facts: Any) -> None:
    """Of an invocation that is not traced."""


def first_time(what: str = "invocation") -> bool:
    """True once in an environment: its start was cold."""
    if what in _started:
        return False
    _started.add(what)
    return True


def measure(values: Mapping[str, float], deployment: str, **dimensions: str) -> None:
    """Write metrics that are not 0 into the log; for one set of dimensions, each of which is a series of its own."""
    counted = {name: value for name, value in values.items() if value}
    if not counted:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics(namespace=NAMESPACE)
    for dimension, chosen in {"deployment": deployment, **dimensions}.items():
        metrics.add_dimension(name=dimension, value=chosen)
    for name, value in counted.items():
        metrics.add_metric(name=name, unit=MetricUnit.Seconds if name in SECONDS else MetricUnit.Count, value=value)
    metrics.flush_metrics()


def measure_batch(deployment: str, analysis: str, outcome: Outcome, *, cold: bool) -> None:
    """Metrics of one attempt at a batch."""
    failure = outcome.failure
    values = {
        "AttemptsDone" if failure is None else "AttemptsFailed": 1,
        "Items": outcome.items if failure is None else 0,
        "WorkerSeconds": outcome.seconds,
        "ColdStarts": int(cold),
    }
    measure(values, deployment, analysis=analysis)
    if failure is not None and any(words in failure.message for words in SLOW_DOWN):
        measure({"SlowDowns": 1}, deployment)


def measure_job(deployment: str, analysis: str, state: JobState, seconds: float, counts: Progress) -> None:
    """Metrics of a job that ended."""
    ended = JOB_ENDS[state]
    values = {
        ended: 1,
        "JobSeconds": seconds,
        "BatchesDone": counts.done,
        "BatchesFailed": counts.failed,
        "ItemsDone": counts.items_done,
    }
    measure(values, deployment, analysis=analysis)
    measure({ended: 1}, deployment)
